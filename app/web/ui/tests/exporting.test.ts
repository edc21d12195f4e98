import { expect, test } from 'vitest';
import { exported, Foreign, readExport, Unreadable } from '../src/phone/outbox/exporting';
import type { Item } from '../src/phone/outbox/machine';

const item = (id: string, state: Item['state']): Item => ({ id, state, name: '店', body: { business_id: 'B', note: '地下室' } as unknown as Item['body'], at: 7, tries: 3, nextAt: 9, problem: null, receipt: null });

test('what one phone exports another of the same person takes in, under the same ids', async () => {
  const made = await exported([item('a', 'kept'), item('b', 'draft'), item('c', 'refused'), item('d', 'received')], 'wang');
  const bytes = await made.file.arrayBuffer();
  expect(new TextDecoder().decode(bytes)).not.toContain('地下室');
  const found = await readExport(bytes, ` ${made.words.toLowerCase()} `, 'wang');
  expect(found.map((one) => [one.id, one.state, one.body.note, one.tries])).toEqual([['a', 'kept', '地下室', 0], ['b', 'draft', '地下室', 0], ['c', 'kept', '地下室', 0]]);
  await expect(readExport(bytes, made.words, 'li')).rejects.toBeInstanceOf(Foreign);
  await expect(readExport(bytes, 'AAAA-AAAA-AAAA-AAAA-AAAA', 'wang')).rejects.toBeInstanceOf(Unreadable);
  const torn = bytes.slice(0, bytes.byteLength - 1);
  await expect(readExport(torn, made.words, 'wang')).rejects.toBeInstanceOf(Unreadable);
  await expect(readExport(new ArrayBuffer(3), made.words, 'wang')).rejects.toBeInstanceOf(Unreadable);
});
