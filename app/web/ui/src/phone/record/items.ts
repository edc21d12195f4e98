// What a record can say of a visit, prefilled from what was seen: one item for each department that told something. Pure.
import type { InspectionWrite, Me } from '../../shared/api/types';
import type { Lookup } from '../profile/lookup';

export type Result = InspectionWrite['results'][number]['result'];
export const RESULTS: readonly Result[] = ['conform', 'nonconform', 'not_applicable', 'not_checked'];

export interface ItemOfVisit { section: string; department: string; code: string; result: Result | null; note: string; determined: boolean }

/** One item a department, in the order of the profile; whoever belongs to the department determines, everybody else observes. */
export function itemsOf(seen: Lookup, me: Me | null): ItemOfVisit[] {
  return seen.names.flatMap((name) => {
    const section = seen.sections[name];
    if (!section || section.outcome === 'not_applicable') return [];
    return [{ section: name, department: section.department, code: `${name}.on_site`, result: null, note: '', determined: section.department === me?.department }];
  });
}

export interface Visit { business: string; task: string; site: string | null; unusual: string | null; etag: string | null; startedAt: string; officers: string[]; note: string; items: ItemOfVisit[] }

/** What is sent: only items that were answered. `ended` is the time at which it was finished. */
export function bodyOf(visit: Visit, ended: string): InspectionWrite {
  const results = visit.items.filter((one) => one.result !== null).map((one) => ({
    department: one.department, item_code: one.code, mode: one.determined ? ('determined' as const) : ('observed' as const), result: one.result as Result, note: one.note.trim() || null,
  }));
  const unusual = visit.unusual === 'on_licence' || visit.unusual === 'qr' ? visit.unusual : null;
  return {
    business_id: visit.business, task: visit.task, site: visit.site, unusual, profile_etag: visit.etag, note: visit.note.trim() || null,
    officers: visit.officers.map((certificate_no) => ({ certificate_no })), results, visit_started_at: visit.startedAt, visit_ended_at: ended,
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
