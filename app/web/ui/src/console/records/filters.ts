// The filters of records, by the names that the interface has for them. Pure.
export const FILTERS = ['department', 'result', 'state', 'since', 'until', 'region', 'officer', 'business_id'] as const;
export type FilterName = typeof FILTERS[number];

export const TONES: Record<string, 'good' | 'warn' | 'bad' | 'quiet'> = { written_back: 'good', submitted: 'warn', pending_confirmation: 'warn', not_written_back: 'bad' };
export const RESULTS = ['conform', 'nonconform', 'not_applicable', 'not_checked'] as const;
export const STATES = ['pending_confirmation', 'submitted', 'written_back', 'not_written_back'] as const;

/** The call that gives the same rows, for somebody who writes a program. */
export function asCall(origin: string, query: string): string {
  return `curl -H "Authorization: Bearer $TOKEN" '${origin}/v1/records.ndjson?newest=true${query ? `&${query}` : ''}'`;
}
