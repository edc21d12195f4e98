import { afterEach, expect, test, vi } from 'vitest';
import { counts, emptyLookup, groups, run, type Asked } from '../src/phone/profile/lookup';
import type { Bearer } from '../src/shared/api/http';

const asked: Asked = { id: '91330106MA2YYY034D', purpose: 'patrol', task: null, site: null, unusual: null };
let refused = 0;
const bearer: Bearer = { token: () => 'token', person: () => 'wang', refused: () => { refused += 1; } };
const section = (name: string, outcome: string) => ({ type: 'section', value: { name, section: { outcome, department: name } } });
const BEGIN = { type: 'begin', value: { asked: ['tax', 'fire', 'food'], business_id: asked.id, deadline_ms: 2000, trace_id: 't1' } };
const HEADLINE = { registered: { answer: 'yes' }, taxes_on_time: { answer: 'no' }, fire_permit: { answer: 'unknown' } };
const CLOSING = { type: 'profile', value: { headline: HEADLINE, findings: [], conflicts: [], elapsed_ms: 5 } };

function answering(events: unknown[], kind = 'application/x-ndjson'): void {
  vi.stubGlobal('fetch', () => Promise.resolve(new Response(events.map((one) => `${JSON.stringify(one)}\n`).join(''), { headers: { 'content-type': kind } })));
}

async function looked(): Promise<ReturnType<typeof emptyLookup>> {
  const into = emptyLookup(asked);
  await run(bearer, into, new AbortController().signal);
  return into;
}

afterEach(() => { vi.unstubAllGlobals(); refused = 0; });

test('a whole stream: counts and groups follow what the departments said', async () => {
  answering([BEGIN, section('tax', 'fresh'), section('fire', 'timed_out'), section('food', 'not_found'), CLOSING]);
  const into = await looked();
  expect(into.state).toBe('whole');
  expect(counts(into)).toEqual({ asked: 3, back: 2, missing: ['fire'] });
  expect(groups(into)).toEqual({ attention: ['fire'], answered: ['tax'], quiet: ['food'] });
});

test('while answers come nothing moves', async () => {
  const into = emptyLookup(asked);
  into.names = ['tax', 'fire'];
  expect(groups(into).answered).toEqual(['tax', 'fire']);
});

test('a stream without its end is cut, not whole', async () => {
  answering([BEGIN, section('tax', 'fresh')]);
  expect((await looked()).state).toBe('cut');
});

test('a portal’s page with 200 is no answer', async () => {
  answering(['<html>'], 'text/html');
  expect((await looked()).state).toBe('unreachable');
});

test('a refusal is told in its own words, and an ended sign-in is noticed', async () => {
  const problem = { code: 'auth.token_invalid', text: { zh: '登录已失效', en: 'ended' }, what_now: { zh: '', en: '' }, trace_id: 't2' };
  vi.stubGlobal('fetch', () => Promise.resolve(new Response(JSON.stringify(problem), { status: 401, headers: { 'content-type': 'application/problem+json' } })));
  const into = await looked();
  expect([into.state, into.problem?.code, into.trace, refused]).toEqual(['refused', 'auth.token_invalid', 't2', 1]);
});

test('what was called off changes nothing more', async () => {
  const stop = new AbortController(), into = emptyLookup(asked);
  answering([BEGIN, CLOSING]);
  stop.abort();
  await run(bearer, into, stop.signal);
  expect([into.state, into.names]).toEqual(['asking', []]);
});
