// Rows of a list, a page at a time, and what one did: late answers to what was asked before are dropped, failures are never shown as nothing.
import { onBeforeUnmount, reactive, watch } from 'vue';
import { Refused, told } from '../../shared/api/http';
import type { Problem } from '../../shared/api/types';
import { bearer } from '../../shared/session/session';

export interface Listing<T> {
  items: T[];
  state: 'loading' | 'ready' | 'failed';
  problem: Problem | null;
  /** Where the next page begins; null: this was the last. */
  cursor: string | null;
  /** How many follow what is shown, as far as the interface counts them. */
  remaining: number | null;
  /** There are more than the interface counts. */
  uncounted: boolean;
}

interface Paged<T> { items: T[]; next_cursor?: string | null; remaining?: number | null; remaining_is_least?: boolean }

/** Lists what `path` names, and again whenever it changes; null lists nothing. A list that is no page is taken whole. */
export function useListing<T>(path: () => string | null): { list: Listing<T>; again: () => Promise<void>; more: () => Promise<void> } {
  const list = reactive({ items: [], state: 'loading', problem: null, cursor: null, remaining: null, uncounted: false }) as Listing<T>;
  let turn = 0, stop = new AbortController();
  async function load(cursor: string | null): Promise<void> {
    const asked = path();
    turn += 1;
    stop.abort();
    stop = new AbortController();
    const mine = turn;
    list.state = 'loading';
    if (!cursor) Object.assign(list, { items: [], cursor: null, remaining: null, uncounted: false });  // they were of what was asked before
    if (asked === null) return;
    try {
      const tail = cursor ? `${asked.includes('?') ? '&' : '?'}cursor=${encodeURIComponent(cursor)}` : '';
      const answer = await told<Paged<T> | T[]>(bearer, asked + tail, { signal: stop.signal });
      if (mine !== turn) return;
      const page: Paged<T> = Array.isArray(answer) ? { items: answer } : answer;
      list.items = cursor ? [...list.items, ...page.items] : page.items;
      Object.assign(list, { state: 'ready', problem: null, cursor: page.next_cursor ?? null, remaining: page.remaining ?? null, uncounted: page.remaining_is_least ?? false });
    } catch (error) {
      if (mine !== turn) return;
      list.state = 'failed';
      list.problem = error instanceof Refused ? error.problem : null;
    }
  }
  const again = () => load(null), more = () => load(list.cursor);
  watch(path, again, { immediate: true });
  onBeforeUnmount(() => { turn += 1; stop.abort(); });
  return { list, again, more };
}

const MOST_PAGES = 20;

/** All of a list that is short by nature, page by page. */
export function useAll<T>(path: () => string | null): { list: Listing<T>; again: () => Promise<void> } {
  const { list, again, more } = useListing<T>(path);
  let pages = 0;
  watch(() => [list.state, list.cursor] as const, ([state, cursor]) => {
    if (state !== 'ready') return;
    if (cursor && pages < MOST_PAGES) { pages += 1; void more(); } else pages = 0;
  });
  return { list, again };
}

export interface Act {
  /** The name of what is being done; empty while nothing is. */
  busy: string;
  problem: Problem | null;
  unreachable: boolean;
  /** What was done, in words. */
  said: string;
}

/** Does one thing at a time and keeps what came of it. */
export function useAct(): { act: Act; run: (name: string, what: () => Promise<void>, said?: string) => Promise<boolean> } {
  const act = reactive<Act>({ busy: '', problem: null, unreachable: false, said: '' });
  async function run(name: string, what: () => Promise<void>, said = ''): Promise<boolean> {
    if (act.busy) return false;
    Object.assign(act, { busy: name, problem: null, unreachable: false, said: '' });
    try {
      await what();
      act.said = said;
      return true;
    } catch (error) {
      if (error instanceof DOMException && error.name === 'AbortError') return false;
      if (error instanceof Refused) act.problem = error.problem;
      else act.unreachable = true;
      return false;
    } finally {
      act.busy = '';
    }
  }
  return { act, run };
}
