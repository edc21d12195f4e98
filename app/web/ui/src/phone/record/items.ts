// What a record can say of a visit, prefilled from what was seen: one item for each department that told something. Pure.
import type { InspectionWrite, Me } from '../../shared/api/types';
import type { Lookup } from '../profile/lookup';

export type Result = InspectionWrite['results'][number]['result'];
export const RESULTS: readonly Result[] = ['conform', 'nonconform', 'not_applicable', 'not_checked'];

export interface ItemOfVisit { section: string; department: string; code: string; result: Result | null; note: string; determined: boolean }

/** One item a department, the officer's own first, else in the order of the profile; whoever belongs to the department determines, everybody else observes. */
export function itemsOf(seen: Lookup, me: Me | null): ItemOfVisit[] {
  const items = seen.names.flatMap((name): ItemOfVisit[] => {
    const section = seen.sections[name];
    if (!section || section.outcome === 'not_applicable') return [];
    return [{ section: name, department: section.department, code: `${name}.on_site`, result: null, note: '', determined: section.department === me?.department }];
  });
  return [...items.filter((one) => one.determined), ...items.filter((one) => !one.determined)];
}

export interface Visit { business: string; task: string; site: string | null; unusual: string | null; etag: string | null; startedAt: string; endedAt: string | null; officers: string[]; note: string; items: ItemOfVisit[] }

/** The items with what was entered before; what is of no section that was seen stands behind them. */
export function withResults(items: ItemOfVisit[], told: InspectionWrite['results']): ItemOfVisit[] {
  const byCode = new Map(told.map((one) => [one.item_code, one]));
  const filled = items.map((one) => {
    const known = byCode.get(one.code);
    byCode.delete(one.code);
    return known ? { ...one, result: known.result, note: known.note ?? '', determined: known.mode === 'determined' } : one;
  });
  const rest = [...byCode.values()].map((one) => ({
    section: one.item_code.split('.')[0] ?? '', department: one.department, code: one.item_code, result: one.result, note: one.note ?? '', determined: one.mode === 'determined',
  }));
  return [...filled, ...rest];
}

/** An instant as a form's field wants it, by the clock of this device; empty for none. */
export function toLocal(instant: string | null): string {
  if (!instant) return '';
  const at = new Date(instant);
  return Number.isNaN(at.getTime()) ? '' : new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** The instant of a form's field; null where it is empty or none. */
export function fromLocal(text: string): string | null {
  const at = new Date(text);
  return text && !Number.isNaN(at.getTime()) ? at.toISOString() : null;
}

/** What is sent: only items that were answered. `ended` is when it was finished, where no time was entered. */
export function bodyOf(visit: Visit, ended: string): InspectionWrite {
  const results = visit.items.filter((one) => one.result !== null).map((one) => ({
    department: one.department, item_code: one.code, mode: one.determined ? ('determined' as const) : ('observed' as const), result: one.result as Result, note: one.note.trim() || null,
  }));
  const unusual = visit.unusual === 'on_licence' || visit.unusual === 'qr' ? visit.unusual : null;
  return {
    business_id: visit.business, task: visit.task, site: visit.site, unusual, profile_etag: visit.etag, note: visit.note.trim() || null,
    officers: visit.officers.map((certificate_no) => ({ certificate_no })), results, visit_started_at: visit.startedAt, visit_ended_at: visit.endedAt ?? ended,
  };
}

/** What still lacks; empty where it may be sent. */
export function lacking(visit: Visit): ('officers' | 'results' | 'notes')[] {
  const found: ('officers' | 'results' | 'notes')[] = [];
  if (new Set(visit.officers).size < 2) found.push('officers');
  if (!visit.items.some((one) => one.result !== null)) found.push('results');
  if (visit.items.some((one) => one.result === 'nonconform' && !one.note.trim())) found.push('notes');
  return found;
}
