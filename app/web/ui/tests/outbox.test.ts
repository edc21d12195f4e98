import { expect, test } from 'vitest';
import { found, pause, step, uuid7, type Event, type Item } from '../src/phone/outbox/machine';
import type { Inspection, Problem } from '../src/shared/api/types';

const ID = '01a221f5-3c46-73c1-8542-ddf4187f49e2';
const receipt = { id: ID, digest: 'sha-256:00', business_id: 'B', write_back: [] } as unknown as Inspection;
const problem = { code: 'x', trace_id: 't' } as unknown as Problem;

function draft(): Item {
  return { id: ID, state: 'draft', name: '店', body: { business_id: 'B' } as Item['body'], at: 0, tries: 0, nextAt: 0, problem: null, receipt: null };
}

// A seeded generator: the same runs each time.
function numbers(seed: number): () => number {
  let state = seed;
  return () => { state = (state * 1664525 + 1013904223) % 4294967296; return state / 4294967296; };
}

test('only a receipt of the same record ends the sending; a portal’s 200 does not', () => {
  const kept = step(draft(), { kind: 'finish', now: 1 }), sending = step(kept, { kind: 'start' });
  expect(step(sending, { kind: 'answer', receipt: { ...receipt, id: 'other' } })).toBe(sending);
  expect(step(sending, { kind: 'answer', receipt: '<html>' as unknown as Inspection })).toBe(sending);
  expect(step(sending, { kind: 'answer', receipt }).state).toBe('received');
});

test('what was refused waits for its author; what was not heard is tried again, later and later', () => {
  const sending = { ...draft(), state: 'sending' as const };
  expect(step(sending, { kind: 'refusal', problem, lasting: true, now: 5, after: null }).state).toBe('refused');
  const passing = step(sending, { kind: 'refusal', problem, lasting: false, now: 5, after: 30 });
  expect([passing.state, passing.nextAt]).toEqual(['kept', 30_005]);
  expect([0, 1, 2, 10, 99].map(pause)).toEqual([5000, 10_000, 20_000, 300_000, 300_000]);
  expect(found(sending).state).toBe('kept');
});

test('whatever happens in whatever order: never lost, never back to a draft, never received without a receipt', () => {
  const random = numbers(7);
  for (let run = 0; run < 3000; run += 1) {
    let item = draft(), hadReceipt = false;
    for (let turn = 0; turn < 25; turn += 1) {
      const events: Event[] = [
        { kind: 'finish', now: turn }, { kind: 'start' }, { kind: 'nothing', now: turn },
        { kind: 'refusal', problem, lasting: random() < 0.5, now: turn, after: null },
        { kind: 'answer', receipt: random() < 0.5 ? receipt : { ...receipt, id: 'another' } },
      ];
      const event = events[Math.floor(random() * events.length)]!, before = item;
      item = random() < 0.1 ? found(step(item, event)) : step(item, event);
      if (event.kind === 'answer' && event.receipt.id === ID && before.state !== 'draft') hadReceipt = true;
      expect(item.body).toBe(before.body);
      if (item.state === 'received') expect(hadReceipt).toBe(true);
      if (before.state === 'received') expect(item.state).toBe('received');
      if (item.state === 'draft') expect(before.state).toBe('draft');
    }
  }
});

test('identifiers are ordered by time and of version 7', () => {
  const random = new Uint8Array(10).fill(255);
  const ids = [0, 1, 1_700_000_000_000, 1_900_000_000_000].map((now) => uuid7(now, random));
  expect(ids).toEqual([...ids].sort());
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});
