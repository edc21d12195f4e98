// Days of the address as the instants that the interface takes. Pure.

/** The begin of a local day, or of the day after it, as an instant; what is no day stays as it is, for the interface to refuse. */
export function instantOf(day: string, after: boolean): string {
  const found = /^(\d{4})-(\d{2})-(\d{2})$/.exec(day);
  if (!found) return day;
  const at = new Date(Number(found[1]), Number(found[2]) - 1, Number(found[3]) + (after ? 1 : 0));
  return Number.isNaN(at.getTime()) ? day : at.toISOString();
}

/** A query whose `since` and `until` are days, with instants in their place: `until` is the end of its day. */
export function withInstants(query: string): string {
  const wanted = new URLSearchParams(query);
  for (const name of ['since', 'until'] as const) if (wanted.get(name)) wanted.set(name, instantOf(wanted.get(name) ?? '', name === 'until'));
  return wanted.toString();
}
