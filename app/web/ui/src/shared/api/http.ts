// Calls to the gateway: one way to ask, one kind of failure, and a failure is never taken for an answer.
import type { Problem } from './types';
import { parse } from './tame';

/** The gateway refused, in its own words. */
export class Refused extends Error {
  constructor(readonly problem: Problem, readonly status: number, readonly retryAfter: number | null) {
    super(problem.text.en);
  }
}

/** No answer of the gateway came: no network, a portal's page, a body cut off. */
export class Unreachable extends Error {}

/** Whose token is shown. `refused` is told which token was: a late answer says nothing of the one after it. */
export interface Bearer { token(): string | null; person(): string | null; refused(used: string | null): void }

const JSON_KINDS = /^application\/(problem\+)?json\b/;
const LONGEST_WAIT = 20_000;

/** A signal that fires after so many milliseconds (`AbortSignal.timeout` is missing on older phones). */
export function within(ms: number): AbortSignal {
  const stop = new AbortController();
  setTimeout(() => { stop.abort(); }, ms);
  return stop.signal;
}

/** Asks `path`; whoever calls names the body's kind. Throws `Refused` and `Unreachable`; an abort stays an `AbortError`. */
export async function ask(bearer: Bearer | null, path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  const token = bearer?.token();
  if (token) headers.set('Authorization', `Bearer ${token}`);
  let response: Response;
  try {
    const signal = init.signal ?? within(LONGEST_WAIT);
    response = await fetch(path, { ...init, headers, signal, cache: init.cache ?? 'no-store', credentials: 'omit', redirect: 'error' });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new Unreachable();
  }
  if (response.ok) return response;
  const refusal = await refusalOf(response);
  if (refusal instanceof Refused && refusal.status === 401) bearer?.refused(token ?? null);
  throw refusal;
}

async function refusalOf(response: Response): Promise<Refused | Unreachable> {
  if (!JSON_KINDS.test(response.headers.get('content-type') ?? '')) return new Unreachable();
  try {
    const problem = parse(await response.text()) as Problem;
    if (typeof problem.code !== 'string' || !problem.text) return new Unreachable();
    const wait = Number(response.headers.get('retry-after'));
    return new Refused(problem, response.status, Number.isFinite(wait) && wait > 0 ? wait : null);
  } catch {
    return new Unreachable();
  }
}

/** The answer as JSON. A page that is no JSON (a portal's) is `Unreachable`. */
export async function told<T>(bearer: Bearer | null, path: string, init: RequestInit = {}): Promise<T> {
  const response = await ask(bearer, path, init);
  if (response.status === 204) return undefined as T;
  if (!JSON_KINDS.test(response.headers.get('content-type') ?? '')) throw new Unreachable();
  try {
    return parse(await response.text()) as T;
  } catch {
    throw new Unreachable();
  }
}

export function sent<T>(bearer: Bearer | null, path: string, body: unknown, init: RequestInit = {}): Promise<T> {
  const headers = { 'Content-Type': 'application/json', ...(init.headers as Record<string, string> | undefined) };
  return told<T>(bearer, path, { method: 'POST', ...init, headers, body: JSON.stringify(body) });
}
