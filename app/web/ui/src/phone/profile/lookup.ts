// One look-up as it comes: who is asked, what has come, what is missing. Nothing of another business or of an older answer stays in it.
import { reactive } from 'vue';
import { ask, Refused, told, Unreachable, type Bearer } from '../../shared/api/http';
import { lines } from '../../shared/api/lines';
import type { Answer, Closing, Line, Problem, Question, Section } from '../../shared/api/types';

export const QUESTIONS: readonly Question[] = ['registered', 'taxes_on_time', 'fire_permit'];
const CURRENT: ReadonlySet<string> = new Set(['fresh', 'cached', 'not_found', 'not_applicable']);
const QUIET: ReadonlySet<string> = new Set(['not_found', 'not_applicable']);
const PATIENT_MS = 8000;
/** So long without a line, and the connection is given up: a slow line brings one sooner, a dead one never. */
const SILENT_MS = 15_000;

export interface Asked { id: string; purpose: string; task: string | null; site: string | null; unusual: string | null }

export interface Lookup {
  asked: Asked;
  state: 'asking' | 'whole' | 'refused' | 'unreachable' | 'cut';
  names: string[];
  sections: Record<string, Section>;
  headline: Partial<Record<Question, Answer>>;
  closing: Closing | null;
  problem: Problem | null;
  trace: string;
  /** When it was kept on this device; null where it has just come. */
  keptAt: number | null;
  /** Departments that were asked again after the whole was put together: findings do not know what they said. */
  again: string[];
}

export function emptyLookup(asked: Asked): Lookup {
  return reactive({
    asked, state: 'asking', names: [], sections: {}, headline: {}, closing: null, problem: null, trace: '', keptAt: null, again: [],
  } satisfies Lookup as Lookup);
}

export function queryOf(asked: Asked): URLSearchParams {
  const query = new URLSearchParams({ purpose: asked.purpose });
  for (const name of ['task', 'site', 'unusual'] as const) {
    const value = asked[name];
    if (value) query.set(name, value);
  }
  return query;
}

function take(into: Lookup, line: Line): void {
  switch (line.type) {
    case 'begin': into.names = line.value.asked; into.trace = line.value.trace_id; break;
    case 'section': into.sections[line.value.name] = line.value.section as Section; break;
    case 'headline': into.headline[line.value.question as Question] = line.value.answer; break;
    case 'profile': into.closing = line.value; into.headline = { ...line.value.headline }; into.state = 'whole'; break;
    case 'problem': into.problem = line.value; into.state = 'refused'; break;
    default: break;  // a later release may tell more
  }
}

/** Asks every department; `into` fills while they answer. Ends in a state, never in an exception; an abort changes nothing more. */
export async function run(bearer: Bearer, into: Lookup, signal: AbortSignal, anew = false): Promise<void> {
  const silent = new AbortController();
  const stop = () => { silent.abort(); };
  signal.addEventListener('abort', stop);
  let timer = setTimeout(stop, SILENT_MS);
  const headers: Record<string, string> = { Accept: 'application/x-ndjson', ...(anew ? { 'Cache-Control': 'no-cache' } : {}) };
  try {
    const response = await ask(bearer, `/v1/profiles/${encodeURIComponent(into.asked.id)}?${queryOf(into.asked)}`, { headers, signal: silent.signal });
    if (!response.body || !response.headers.get('content-type')?.startsWith('application/x-ndjson')) throw new Unreachable();
    for await (const line of lines<Line>(response.body)) {
      if (signal.aborted) return;
      clearTimeout(timer);
      timer = setTimeout(stop, SILENT_MS);
      take(into, line);
    }
    if (into.state === 'asking') into.state = 'cut';
  } catch (error) {
    if (signal.aborted) return;
    if (error instanceof Refused) { into.problem = error.problem; into.trace = error.problem.trace_id; into.state = 'refused'; }
    else into.state = into.names.length ? 'cut' : 'unreachable';
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}

/** Asks one department again, for as long as somebody waits at a door. Its answers are mended too. Throws like `told`. */
export async function askAgain(bearer: Bearer, into: Lookup, name: string): Promise<void> {
  const query = queryOf(into.asked);
  query.set('wait', String(PATIENT_MS));
  const answer = await told<{ section: Section; headline: Partial<Record<Question, Answer>> }>(
    bearer, `/v1/profiles/${encodeURIComponent(into.asked.id)}/sections/${encodeURIComponent(name)}?${query}`);
  into.sections[name] = answer.section;
  if (!into.again.includes(name)) into.again.push(name);
  Object.assign(into.headline, answer.headline);
}

export const isCurrent = (section: Section | undefined): boolean => section !== undefined && CURRENT.has(section.outcome);

export interface Counts { asked: number; back: number; missing: string[] }

/** What has come and what has not, by what the sections themselves say: it follows when one is asked again. */
export function counts(of: Lookup): Counts {
  const missing = of.names.filter((name) => !isCurrent(of.sections[name]));
  return { asked: of.names.length, back: of.names.length - missing.length, missing };
}

/** Whether findings and conflicts speak of all that is on the screen. */
export const isWhole = (of: Lookup): boolean => of.state === 'whole' && of.closing !== null && of.again.length === 0;

export interface Groups { attention: string[]; answered: string[]; quiet: string[] }

/** Those that did not answer first, then those that did, at last those without a record. While answers come nothing moves. */
export function groups(of: Lookup): Groups {
  if (of.state === 'asking') return { attention: [], answered: of.names, quiet: [] };
  const found: Groups = { attention: [], answered: [], quiet: [] };
  for (const name of of.names) {
    const section = of.sections[name];
    if (section && QUIET.has(section.outcome)) found.quiet.push(name);
    else (isCurrent(section) ? found.answered : found.attention).push(name);
  }
  return found;
}
