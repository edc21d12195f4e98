import { beforeEach, expect, test } from 'vitest';
import { loadRecent, recent, remember } from '../src/phone/check/recent';
import { forget } from '../src/shared/seal/vault';
import { wipe } from '../src/shared/store/store';

const of = (id: string) => ({ id, name: '店', task: null, site: null });
const ids = () => recent.value.map((one) => one.id);

beforeEach(async () => { await wipe(); forget(); await loadRecent('wang'); });

test('what is looked up while the device is still read takes nothing away', async () => {
  await remember('wang', of('A'));
  const reading = loadRecent('wang');
  await remember('wang', of('B'));
  await reading;
  await loadRecent('wang');
  expect(ids()).toEqual(['B', 'A']);
});

test('what a person looked up who has gone since is nobody else’s', async () => {
  await loadRecent('li');
  await remember('wang', of('A'));
  expect(ids()).toEqual([]);
});
