import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { blank, formOf, isMapped, withForm } from '../src/console/adapters/manifest';
import { askedOf, usableOf } from '../src/console/adapters/measurements';
import { offered, stepsOf, whyNot } from '../src/console/adapters/states';
import { clausesOf, lacking, today, type Draft } from '../src/console/agreements/draft';
import { instantOf, withInstants } from '../src/console/parts/days';
import { asCall } from '../src/console/records/filters';
import { stateOf } from '../src/console/tasks/states';
import type { AdapterRead, MeasurementRead, Task } from '../src/shared/api/types';

const adapter = (changes: Partial<AdapterRead>) => ({ id: 'a', state: 'registered', submitted_by: null, published_version: null, callable: false, manifest: {}, ...changes }) as AdapterRead;

const MANIFESTS = new URL('../../../../adapters/fakes/manifests/', import.meta.url);

test('a form that changed nothing changes nothing, whatever the document has', () => {
  const odd = {
    adapter_id: 'x', mapping: { request: { query: { filter: 'a=1&b=2', '100%': '50%26' } }, response: { no_record: [{ path: 'a', empty: true, status: 404 }, { path: 'b', empty: true }, { path: 'c', empty: true }] }, fields: null },
  };
  const documents = existsSync(MANIFESTS) ? readdirSync(MANIFESTS).map((name) => JSON.parse(readFileSync(new URL(name, MANIFESTS), 'utf-8')) as Record<string, unknown>) : [];
  for (const doc of [odd, {}, blank('tax', '330100'), ...documents]) expect(withForm(doc, formOf(doc))).toEqual(doc);
  expect(withForm(odd, { ...formOf(odd), noRecord: 'd' }).mapping).toMatchObject({ response: { no_record: [{ path: 'd', empty: true }, { path: 'a', empty: true, status: 404 }, { path: 'c', empty: true }] } });
  expect(withForm(odd, { ...formOf(odd), query: 'filter=a=1%26b=3' }).mapping).toMatchObject({ request: { query: { filter: 'a=1&b=3' } } });
});

test('what the form changed is in the document, and what it does not know stays', () => {
  const doc = { ...blank('tax', '330100'), replicas: ['https://b'], auth: { kind: 'api_key', header: 'X-K' }, mapping: { tables: { t: { a: 'yes' } }, fields: [{ to: 'list', path: 'rows', each: [{ to: 'y', path: 'b' }] }] } };
  const made = withForm(doc, { ...formOf(doc), title_zh: '税务', path: '/r' });
  expect(made).toEqual({ ...doc, title_zh: '税务', mapping: { ...doc.mapping, request: { path: '/r' } } });
  expect(withForm(doc, { ...formOf(doc), auth: 'none' })).not.toHaveProperty('auth');
  expect([isMapped({ kind: 'tax' }), isMapped({}), isMapped({ kind: 'standard_rest' })]).toEqual([false, true, true]);
});

test('a step says where an adapter is, and a button why it cannot be pressed', () => {
  expect(stepsOf('in_review').map((one) => one.place)).toEqual(['past', 'past', 'now', 'next']);
  expect(stepsOf('suspended').at(-1)).toEqual({ state: 'suspended', place: 'now' });
  expect(stepsOf('rejected').map((one) => one.place)).toEqual(['past', 'past', 'past', 'next', 'now']);
  const all = () => true;
  expect(offered(adapter({}), all)).toContain('submit');
  const newer = adapter({ state: 'in_review', version: 2, published_version: 1, callable: true });
  expect(offered(newer, all)).toContain('suspend');
  expect(offered({ ...newer, callable: false }, all)).toContain('resume');
  expect(offered(adapter({ published_version: null, callable: false }), all)).not.toContain('resume');
  expect(whyNot('submit', adapter({}), 'me')).toBe('adapter.whyExam');
  expect(whyNot('approve', adapter({ state: 'in_review', submitted_by: 'me' }), 'me')).toBe('adapter.whyFourEyes');
  expect(whyNot('approve', adapter({ state: 'in_review', submitted_by: 'other' }), 'me')).toBeNull();
  expect(offered(adapter({ state: 'published', callable: true, published_version: 1 }), (right) => right === 'adapter:review')).toEqual([]);
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
  const draft: Draft = { agreement_id: 'a', source_unit: 's', coordinator_unit: 'c', application_unit: '', purposes: ['inspection'], legal_basis: ' b ', section: 'tax', fields: ['x'], allFields: false, strictest_class: 2, valid_from: '2026-01-01', valid_to: '', daily_quota: null, security_responsible: 'z', rest: { offline_hours: 4, more: [{ section: 'fire', fields: null }] } };
  expect(clausesOf(draft)).toEqual({ offline_hours: 4, purposes: ['inspection'], legal_basis: 'b', sections: [{ section: 'tax', fields: ['x'] }, { section: 'fire', fields: null }], strictest_class: 2, valid_from: '2026-01-01', valid_to: null, daily_quota: null, security_responsible: 'z' });
  expect([lacking({ ...draft, fields: [] }, true), lacking({ ...draft, fields: [] }, true, false), lacking({ ...draft, section: '' }, true), lacking({ ...draft, fields: [], allFields: true }, true)]).toEqual(['draft.lacksFields', 'draft.lacksList', 'draft.lacksSection', null]);
  expect(today(new Date(2026, 0, 2, 3))).toBe('2026-01-02');
  expect([lacking({ ...draft, agreement_id: '' }, false), lacking({ ...draft, agreement_id: '' }, true), lacking({ ...draft, purposes: [] }, true)]).toEqual(['draft.lacksId', null, 'draft.lacksPurpose']);
});
