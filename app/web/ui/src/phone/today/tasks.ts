// The caller's open tasks; asked when a screen needs them, and kept as they came.
import { reactive } from 'vue';
import { told, type Bearer } from '../../shared/api/http';
import type { Task } from '../../shared/api/types';
import { keep, kept } from '../../shared/seal/vault';

const MOST_PAGES = 10;
export const tasks = reactive<{ items: Task[]; known: boolean; failed: boolean }>({ items: [], known: false, failed: false });

const HOURS = 12 * 3_600_000;
const idOf = (person: string) => `tasks:${person}`;

/** From the gateway; without a network what it told within twelve hours. */
export async function loadTasks(bearer: Bearer, person: string): Promise<void> {
  const found: Task[] = [];
  try {
    let cursor: string | null | undefined = '';
    for (let page = 0; page < MOST_PAGES && cursor !== null && cursor !== undefined; page += 1) {
      const query = new URLSearchParams({ mine: 'true', limit: '200', ...(cursor ? { cursor } : {}) });
      const rows: { items: Task[]; next_cursor?: string | null } = await told(bearer, `/v1/tasks?${query}`);
      found.push(...rows.items);
      cursor = rows.next_cursor;
    }
    tasks.items = found;
    tasks.known = true;
    tasks.failed = false;
    void keep({ id: idOf(person), person, kind: 'copy', at: Date.now(), until: Date.now() + HOURS }, found).catch(() => undefined);
  } catch {
    tasks.failed = true;
    const row = await kept<Task[]>(idOf(person)).catch(() => undefined);
    if (row && !tasks.known) { tasks.items = row.value; tasks.known = true; }
  }
}

export function forgetTasks(): void { tasks.items = []; tasks.known = false; }
