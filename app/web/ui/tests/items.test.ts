import { expect, test } from 'vitest';
import { bodyOf, fromLocal, itemsOf, lacking, toLocal, withResults, type Visit } from '../src/phone/record/items';
import { emptyLookup } from '../src/phone/profile/lookup';
import { sitesOf } from '../src/phone/profile/sites';
import type { Me, Section } from '../src/shared/api/types';

const me = { subject: 'w', department: 'fire' } as unknown as Me;
const asked = { id: 'B', purpose: 'inspection', task: 't', site: null, unusual: null };

function seen() {
  const into = emptyLookup(asked);
  into.names = ['tax', 'fire', 'customs'];
  into.sections = { tax: { outcome: 'fresh', department: 'tax' } as Section, fire: { outcome: 'timed_out', department: 'fire' } as Section, customs: { outcome: 'not_applicable', department: 'customs' } as Section };
  return into;
}

function visit(): Visit {
  return { business: 'B', task: 't', site: 'S1', unusual: null, etag: 'W/"e"', startedAt: '2026-11-28T01:00:00.000Z', endedAt: null, officers: ['ZJ-1', 'ZJ-2'], note: ' ', items: itemsOf(seen(), me) };
}

test('one item a department that is concerned; the own one first, determined; others are observed', () => {
  expect(itemsOf(seen(), me).map((one) => [one.section, one.determined])).toEqual([['fire', true], ['tax', false]]);
});

test('what lacks is named, and what was answered is sent alone', () => {
  const one = visit();
  expect(lacking({ ...one, officers: ['ZJ-1', 'ZJ-1'] })).toEqual(['officers', 'results']);
  one.items[0]!.result = 'nonconform';
  expect(lacking(one)).toEqual(['notes']);
  one.items[0]!.note = ' 堆物 ';
  expect(lacking(one)).toEqual([]);
  const body = bodyOf(one, '2026-11-28T02:00:00.000Z');
  expect(body.results).toEqual([{ department: 'fire', item_code: 'fire.on_site', mode: 'determined', result: 'nonconform', note: '堆物' }]);
  expect([body.note, body.site, body.profile_etag, body.visit_ended_at]).toEqual([null, 'S1', 'W/"e"', '2026-11-28T02:00:00.000Z']);
  expect(bodyOf({ ...one, endedAt: '2026-11-28T01:30:00.000Z' }, 'x').visit_ended_at).toBe('2026-11-28T01:30:00.000Z');
});

test('what was entered before comes back, also for a department that is no longer told of', () => {
  const told = [{ department: 'food', item_code: 'food.on_site', mode: 'observed' as const, result: 'conform' as const, note: null }, { department: 'tax', item_code: 'tax.on_site', mode: 'observed' as const, result: 'not_checked' as const, note: 'x' }];
  const items = withResults(itemsOf(seen(), me), told);
  expect(items.map((one) => [one.section, one.result, one.note])).toEqual([['fire', null, ''], ['tax', 'not_checked', 'x'], ['food', 'conform', '']]);
});

test('times of a form are those of this device', () => {
  const told = toLocal('2026-11-28T01:02:03.000Z');
  expect(told).toMatch(/^2026-11-2\d{1}T\d{2}:02$/);
  expect(fromLocal(told)).toBe('2026-11-28T01:02:00.000Z');
  expect([toLocal(null), toLocal('x'), fromLocal(''), fromLocal('x')]).toEqual(['', '', null, null]);
});

test('premises come from the question, else from registration, else stay as they were', () => {
  const into = seen(), before = [{ site_ref: 'S9' }] as never;
  expect(sitesOf(into, before)).toEqual(before);
  into.sections['registration'] = { outcome: 'fresh', department: 'registration', data: { sites: [{ site_ref: 'S1', name: '一店' }, 'x', null] } } as unknown as Section;
  expect(sitesOf(into, before)).toEqual([{ site_ref: 'S1', name: '一店' }]);
  into.headline.fire_permit = { answer: 'unknown', section: 'fire', sites: [{ site_ref: 'S2' }] } as never;
  expect(sitesOf(into, before)).toEqual([{ site_ref: 'S2' }]);
});
