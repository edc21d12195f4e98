import { expect, test } from 'vitest';
import { formOf, blank, withForm } from '../src/console/adapters/manifest';
import { askedOf, usableOf } from '../src/console/adapters/measurements';
import { offered, stepsOf, whyNot } from '../src/console/adapters/states';
import { clausesOf, lacking, type Draft } from '../src/console/agreements/draft';
import { instantOf, withInstants } from '../src/console/parts/days';
import { asCall } from '../src/console/records/filters';
import { stateOf } from '../src/console/tasks/states';
import type { AdapterRead, MeasurementRead, Task } from '../src/shared/api/types';

const adapter = (changes: Partial<AdapterRead>) => ({ id: 'a', state: 'registered', submitted_by: null, manifest: {}, ...changes }) as AdapterRead;

test('the form and the document say the same, and what the form does not know stays', () => {
  const doc = {
    ...blank('tax', '330100'), replicas: ['https://b'], auth: { kind: 'api_key', header: 'X-K' },
    mapping: { request: { path: '/q', query: { id: '{business_id}' }, method: 'POST' }, response: { no_record: [{ path: 'rows', empty: true }, { status: 404 }] }, tables: { t: { a: 'yes' } },
      fields: [{ to: 'x', path: 'a', convert: 'code', table: 't' }, { to: 'list', path: 'rows', each: [{ to: 'y', path: 'b' }] }] },
  };
  const made = withForm(doc, { ...formOf(doc), title_zh: '税务', path: '/r' });
  expect(made).toEqual({ ...doc, title_zh: '税务', title_en: undefined, base_url: undefined, sample_business_id: undefined, unknown_business_id: undefined, mapping: { ...doc.mapping, request: { ...doc.mapping.request, path: '/r' } } });
  expect(withForm(doc, { ...formOf(doc), auth: 'none' })).not.toHaveProperty('auth');
  expect(withForm({ adapter_id: 'x', kind: 'tax' }, formOf({ adapter_id: 'x', kind: 'tax' }))).not.toHaveProperty('mapping');
});

test('a step says where an adapter is, and a button why it cannot be pressed', () => {
  expect(stepsOf('in_review').map((one) => one.place)).toEqual(['past', 'past', 'now', 'next']);
  expect(stepsOf('suspended').at(-1)).toEqual({ state: 'suspended', place: 'now' });
  expect(stepsOf('rejected').map((one) => one.place)).toEqual(['past', 'past', 'past', 'next', 'now']);
  const all = () => true;
  expect(offered(adapter({}), all)).toContain('submit');
  expect(whyNot('submit', adapter({}), 'me')).toBe('adapter.whyExam');
  expect(whyNot('approve', adapter({ state: 'in_review', submitted_by: 'me' }), 'me')).toBe('adapter.whyFourEyes');
  expect(whyNot('approve', adapter({ state: 'in_review', submitted_by: 'other' }), 'me')).toBeNull();
  expect(offered(adapter({ state: 'published' }), (right) => right === 'adapter:review')).toEqual([]);
});

test('days of the address are local days, the last one whole', () => {
  expect(Date.parse(instantOf('2026-11-28', true)) - Date.parse(instantOf('2026-11-28', false))).toBe(86_400_000);
  expect(instantOf('2026-02-30x', false)).toBe('2026-02-30x');
  expect(withInstants('state=x')).toBe('state=x');
  expect(asCall('https://g', 'state=x')).toContain("'https://g/v1/records.ndjson?newest=true&state=x'");
});

test('what counts as answered', () => {
  const one = { outcomes: { fresh: 3, stale: 2, not_found: 1, timed_out: 4 } } as unknown as MeasurementRead;
  expect([askedOf(one), usableOf(one)]).toEqual([10, 4]);
});

test('a task is what is most urgent about it', () => {
  const task = (changes: Partial<Task>) => ({ ends_at: '2026-01-02T00:00:00Z', ...changes }) as Task;
  const now = Date.parse('2026-01-01T00:00:00Z');
  expect(stateOf(task({ break_glass: true, closed_at: 'x' }), now)).toBe('unreviewed');
  expect(stateOf(task({ emergency: true }), now)).toBe('unapproved');
  expect(stateOf(task({ opened_by: 'a', assignees: ['a'] }), now)).toBe('unapproved');
  expect(stateOf(task({ opened_by: 'a', assignees: ['b'] }), now)).toBe('open');
  expect(stateOf(task({ closed_at: 'x' }), now)).toBe('closed');
  expect(stateOf(task({}), now + 2 * 86_400_000)).toBe('ended');
  expect(stateOf(task({}), now)).toBe('open');
});

test('a revision keeps the clauses that the form has no field for', () => {
  const draft: Draft = { agreement_id: 'a', source_unit: 's', coordinator_unit: 'c', application_unit: '', purposes: ['inspection'], legal_basis: ' b ', section: 'tax', fields: ['x'], strictest_class: 2, valid_from: '2026-01-01', valid_to: '', daily_quota: null, security_responsible: 'z', rest: { offline_hours: 4, more: [{ section: 'fire', fields: null }] } };
  expect(clausesOf(draft)).toEqual({ offline_hours: 4, purposes: ['inspection'], legal_basis: 'b', sections: [{ section: 'tax', fields: ['x'] }, { section: 'fire', fields: null }], strictest_class: 2, valid_from: '2026-01-01', valid_to: null, daily_quota: null, security_responsible: 'z' });
  expect([lacking({ ...draft, agreement_id: '' }, false), lacking({ ...draft, agreement_id: '' }, true), lacking({ ...draft, purposes: [] }, true)]).toEqual(['draft.lacksId', null, 'draft.lacksPurpose']);
});
