// The caller's open tasks; without a network what the gateway told within twelve hours, with its age.
import { reactive } from 'vue';
import { Refused, told, type Bearer } from '../../shared/api/http';
import type { Problem, Task } from '../../shared/api/types';
import { keep, kept } from '../../shared/seal/vault';

const MOST_PAGES = 10;
const HOURS = 12 * 3_600_000;

interface Tasks { items: Task[]; known: boolean; failed: boolean; problem: Problem | null; keptAt: number | null }

export const tasks = reactive<Tasks>({ items: [], known: false, failed: false, problem: null, keptAt: null });
const idOf = (person: string) => `tasks:${person}`;

async function all(bearer: Bearer, person: string): Promise<Task[] | null> {
  const found: Task[] = [];
  let cursor: string | null | undefined = '';
  for (let page = 0; page < MOST_PAGES && cursor !== null && cursor !== undefined; page += 1) {
    if (bearer.person() !== person) return null;
    const query = new URLSearchParams({ mine: 'true', limit: '200', ...(cursor ? { cursor } : {}) });
    const rows: { items: Task[]; next_cursor?: string | null } = await told(bearer, `/v1/tasks?${query}`);
    found.push(...rows.items);
    cursor = rows.next_cursor;
  }
  return found;
}

/** From the gateway, else what is kept. Tasks of somebody who signed in meanwhile are not touched. */
export async function loadTasks(bearer: Bearer, person: string): Promise<void> {
  try {
    const found = await all(bearer, person);
    if (!found || bearer.person() !== person) return;
    Object.assign(tasks, { items: found, known: true, failed: false, problem: null, keptAt: null });
    await keep({ id: idOf(person), person, kind: 'copy', at: Date.now(), until: Date.now() + HOURS }, found).catch(() => undefined);
  } catch (error) {
    const row = await kept<Task[]>(idOf(person)).catch(() => undefined);
    if (bearer.person() !== person) return;
    tasks.failed = true;
    tasks.problem = error instanceof Refused ? error.problem : null;
    if (row && !tasks.known) Object.assign(tasks, { items: row.value, known: true, keptAt: row.at });
  }
}

export function forgetTasks(): void { Object.assign(tasks, { items: [], known: false, failed: false, problem: null, keptAt: null }); }

/** How a profile of a task is opened: always with the premises that the task is about. */
export function queryOfTask(task: Task): Record<string, string> { return { task: task.id, ...(task.site ? { site: task.site } : {}) }; }
