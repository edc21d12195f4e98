// The filters of records, by the names that the interface has for them. Pure.
export const FILTERS = ['department', 'result', 'state', 'since', 'until', 'region', 'officer', 'business_id'] as const;
export type FilterName = typeof FILTERS[number];

export const TONES: Record<string, 'good' | 'warn' | 'bad' | 'quiet'> = { written_back: 'good', submitted: 'warn', pending_confirmation: 'warn', not_written_back: 'bad' };
export const RESULTS = ['conform', 'nonconform', 'not_applicable', 'not_checked'] as const;
export const STATES = ['pending_confirmation', 'submitted', 'written_back', 'not_written_back'] as const;

/** The begin of a local day, or of the day after it, as an instant; what is no day stays as it is, for the interface to refuse. */
export function instantOf(day: string, after: boolean): string {
  const found = /^(\d{4})-(\d{2})-(\d{2})$/.exec(day);
  if (!found) return day;
  const at = new Date(Number(found[1]), Number(found[2]) - 1, Number(found[3]) + (after ? 1 : 0));
  return Number.isNaN(at.getTime()) ? day : at.toISOString();
}

/** The call that gives the same rows, for somebody who writes a program. */
export function asCall(origin: string, query: string): string {
  return `curl -H "Authorization: Bearer $TOKEN" '${origin}/v1/records.ndjson?newest=true${query ? `&${query}` : ''}'`;
}
