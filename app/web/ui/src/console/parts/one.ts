// One thing of the interface, and again after something was done with it.
import { onBeforeUnmount, reactive, watch } from 'vue';
import { Refused, told } from '../../shared/api/http';
import type { Problem } from '../../shared/api/types';
import { bearer } from '../../shared/session/session';

export interface One<T> { told: T | null; state: 'loading' | 'ready' | 'failed'; problem: Problem | null }

/** What `path` names; what is shown stays while it is asked again. */
export function useOne<T>(path: () => string | null): { one: One<T>; again: () => Promise<void> } {
  const one = reactive({ told: null, state: 'loading', problem: null }) as One<T>;
  let turn = 0;
  async function again(): Promise<void> {
    const asked = path();
    turn += 1;
    const mine = turn;
    if (asked === null) return;
    try {
      const answer = await told<T>(bearer, asked);
      if (mine === turn) Object.assign(one, { told: answer, state: 'ready', problem: null });
    } catch (error) {
      if (mine === turn) Object.assign(one, { state: 'failed', problem: error instanceof Refused ? error.problem : null });
    }
  }
  watch(path, () => { one.told = null; one.state = 'loading'; void again(); }, { immediate: true });
  onBeforeUnmount(() => { turn += 1; });
  return { one, again };
}
