import { beforeEach, expect, test, vi } from 'vitest';
import { dropPin, forget, hasPin, keep, kept, lock, Locked, removePin, setPin, unlock } from '../src/shared/seal/vault';
import { every, get, put, wipe } from '../src/shared/store/store';

const HEAD = { id: 'copy:a:1', person: 'a', kind: 'copy', at: 1, until: 8.64e15 } as const;

beforeEach(async () => { await wipe(); forget(); });

test('what is sealed is read again, and no text of it lies in the store', async () => {
  await keep(HEAD, { name: '杭州示例餐饮有限公司' });
  expect((await kept<{ name: string }>(HEAD.id))?.value.name).toBe('杭州示例餐饮有限公司');
  const row = (await every())[0]!;
  expect(new TextDecoder().decode(row.bytes)).not.toContain('杭州');
});

test('a row under another person’s name or id, or changed by a bit, opens nothing', async () => {
  await keep(HEAD, { name: 'x' });
  const row = (await get(HEAD.id))!;
  await put({ ...row, person: 'b' });
  expect(await kept(HEAD.id)).toBeUndefined();
  const bytes = new Uint8Array(row.bytes.slice(0));
  bytes[0] = bytes[0]! ^ 1;
  await put({ ...row, bytes: bytes.buffer });
  expect(await kept(HEAD.id)).toBeUndefined();
});

test('what is too old is not read', async () => {
  await keep({ ...HEAD, until: 100 }, {});
  expect(await kept(HEAD.id, 99)).toBeDefined();
  expect(await kept(HEAD.id, 100)).toBeUndefined();
});

test('with a PIN what was seen is locked, what must be sent is not', async () => {
  await setPin('246810');
  expect(await hasPin()).toBe(true);
  await keep(HEAD, { n: 1 });
  await keep({ ...HEAD, id: 'item:1', kind: 'outbox' }, { n: 2 });
  await lock();
  await expect(kept(HEAD.id)).rejects.toBeInstanceOf(Locked);
  expect((await kept<{ n: number }>('item:1'))?.value.n).toBe(2);
  expect(await unlock('000000')).toBe(9);
  expect(await unlock('246810')).toBe(true);
  expect((await kept<{ n: number }>(HEAD.id))?.value.n).toBe(1);
  await lock();
  for (let left = 9; left >= 0; left -= 1) expect(await unlock('111111')).toBe(left);
  await dropPin();
  expect(await kept(HEAD.id)).toBeUndefined();
});

test('what was sealed before needs the PIN from then on, and not once it is taken away', async () => {
  await keep(HEAD, { n: 1 });
  await setPin('246810');
  await lock();
  await expect(kept(HEAD.id)).rejects.toBeInstanceOf(Locked);
  await unlock('246810');
  expect((await kept<{ n: number }>(HEAD.id))?.value.n).toBe(1);
  await removePin();
  await lock();
  expect((await kept<{ n: number }>(HEAD.id))?.value.n).toBe(1);
});

test('two who ask for the key of the device at once get the same', async () => {
  await Promise.all([keep(HEAD, { n: 1 }), keep({ ...HEAD, id: 'copy:a:2' }, { n: 2 })]);
  forget();
  expect((await kept<{ n: number }>(HEAD.id))?.value.n).toBe(1);
  expect((await kept<{ n: number }>('copy:a:2'))?.value.n).toBe(2);
});

test('a row of the future is not of now', async () => {
  await keep({ ...HEAD, at: 10_000_000 }, { n: 1 });
  expect(await kept(HEAD.id, 1000)).toBeUndefined();
  expect(await kept(HEAD.id, 10_000_000)).toBeDefined();
});

test('once a page is being left nothing that comes late is written', async () => {
  vi.resetModules();
  const { endWriting, every: all } = await import('../src/shared/store/store');
  const { keep: late } = await import('../src/shared/seal/vault');
  endWriting();
  await expect(late(HEAD, { n: 1 })).rejects.toThrow();
  expect(await all()).toEqual([]);
});

test('after a wipe nothing is left', async () => {
  await keep(HEAD, { n: 1 });
  await wipe();
  forget();
  expect(await every()).toEqual([]);
});
