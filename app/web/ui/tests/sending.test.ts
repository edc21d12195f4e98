import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { closeOutbox, drop, openOutbox, outbox, save, sendDue } from '../src/phone/outbox/outbox';
import type { Item } from '../src/phone/outbox/machine';
import type { Bearer } from '../src/shared/api/http';
import { forget } from '../src/shared/seal/vault';
import { every, wipe } from '../src/shared/store/store';

const ID = '01a221f5-3c46-73c1-8542-ddf4187f49e2';
let person = 'wang';
const bearer: Bearer = { token: () => 'token', person: () => person, refused: () => undefined };
let asked: string[] = [];

function answering(body: unknown, init: ResponseInit = { headers: { 'content-type': 'application/json' } }): void {
  vi.stubGlobal('fetch', (path: string, options: RequestInit = {}) => {
    if (options.method === 'PUT') asked.push(path);
    return Promise.resolve(new Response(typeof body === 'string' ? body : JSON.stringify(body), init));
  });
}

function item(state: Item['state'] = 'draft'): Item {
  return { id: ID, state, name: '店', body: { business_id: 'B', note: '地下室' } as unknown as Item['body'], at: Date.now(), tries: 0, nextAt: 0, problem: null, receipt: null };
}

const receipt = { id: ID, digest: 'sha-256:1', write_back: [{ department: 'fire', state: 'delivered' }] };

beforeEach(async () => { await wipe(); forget(); closeOutbox(); person = 'wang'; asked = []; await openOutbox('wang'); });
afterEach(() => { vi.unstubAllGlobals(); });

test('kept first, sent, and after its receipt no more', async () => {
  answering(receipt);
  await save(item('kept'));
  await sendDue(bearer, true);
  expect(asked).toEqual([`/v1/inspections/${ID}`]);
  expect(outbox.items[0]?.state).toBe('received');
  await sendDue(bearer, true);
  expect(asked).toHaveLength(1);
  closeOutbox();
  await openOutbox('wang');
  expect(outbox.items[0]?.state).toBe('received');
});

test('a portal’s page is no receipt: it is sent again under the same id', async () => {
  answering('<html>', { headers: { 'content-type': 'text/html' } });
  await save(item('kept'));
  await sendDue(bearer, true);
  expect(outbox.items[0]?.state).toBe('kept');
  answering(receipt);
  await sendDue(bearer, true);
  expect(asked).toEqual([`/v1/inspections/${ID}`, `/v1/inspections/${ID}`]);
  expect(outbox.items[0]?.state).toBe('received');
});

test('nobody’s record goes under another’s name, and another sees a number alone', async () => {
  answering(receipt);
  await save({ ...item('kept') });
  person = 'li';
  await sendDue(bearer, true);
  expect(asked).toEqual([]);
  closeOutbox();
  await openOutbox('li');
  expect([outbox.items.length, outbox.others]).toEqual([0, 1]);
});

test('what was finished is neither overwritten by a draft of another tab nor deleted as one', async () => {
  await save(item('kept'));
  await save({ ...item('draft'), name: '旧' });
  expect((await every()).map((row) => row.kind)).toEqual(['outbox']);
  await drop(item('draft'));
  expect((await every()).map((row) => row.kind)).toEqual(['outbox']);
});

test('a refusal that lasts is shown with its words and stops trying; one that passes does not', async () => {
  const problem = { code: 'inspection.x', text: { zh: '退', en: 'no' }, what_now: { zh: '', en: '' }, trace_id: 't' };
  const init = { status: 503, headers: { 'content-type': 'application/problem+json', 'retry-after': '9' } };
  answering(problem, init);
  await save(item('kept'));
  await sendDue(bearer, true);
  expect([outbox.items[0]?.state, outbox.items[0]?.tries]).toEqual(['kept', 1]);
  answering(problem, { ...init, status: 422 });
  await sendDue(bearer, true);
  expect([outbox.items[0]?.state, outbox.items[0]?.problem?.code]).toEqual(['refused', 'inspection.x']);
});

test('until the device was read nobody says that nothing waits', async () => {
  await save(item('kept'));
  closeOutbox();
  const reading = openOutbox('wang');
  expect([outbox.known, outbox.items.length]).toEqual([false, 0]);
  await reading;
  expect([outbox.known, outbox.items.length]).toEqual([true, 1]);
});
