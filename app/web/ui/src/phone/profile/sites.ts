// The premises of a business: as the fire answer asks to choose among them, else as registration tells them. Pure.
import type { Site } from '../../shared/api/types';
import type { Lookup } from './lookup';

function isSite(value: unknown): value is Site {
  return typeof value === 'object' && value !== null && typeof (value as Partial<Site>).site_ref === 'string';
}

/** Those that the look-up tells; what was known before where it tells none. */
export function sitesOf(of: Lookup, before: Site[]): Site[] {
  const offered = of.headline.fire_permit?.sites ?? [];
  if (offered.length) return offered;
  const told = of.sections['registration']?.data?.['sites'];
  const registered = Array.isArray(told) ? told.filter(isSite) : [];
  return registered.length ? registered : before;
}
