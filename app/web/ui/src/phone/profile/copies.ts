// What was seen, sealed on this device, to be read again without a network: marked with its age, one answer of one origin.
import { kept, keep } from '../../shared/seal/vault';
import { purge } from '../../shared/store/store';
import type { Asked, Lookup } from './lookup';

const HOURS = 12 * 3_600_000;

type Copy = Pick<Lookup, 'asked' | 'names' | 'sections' | 'headline' | 'closing' | 'trace'>;

const idOf = (person: string, asked: Asked) => `copy:${person}:${asked.id}:${asked.purpose}:${asked.task ?? ''}:${asked.site ?? ''}`;

/** Seals a whole look-up; one that is not whole is not kept. Without room, or locked, it is not kept either. */
export async function keepCopy(person: string, of: Lookup): Promise<void> {
  if (of.state !== 'whole' || !of.closing) return;
  const copy: Copy = { asked: of.asked, names: of.names, sections: of.sections, headline: of.headline, closing: of.closing, trace: of.trace };
  const now = Date.now();
  await keep({ id: idOf(person, of.asked), person, kind: 'copy', at: now, until: now + HOURS }, copy).catch(() => undefined);
  await purge().catch(() => undefined);
}

/** Fills the look-up from what was kept; says whether there was anything. */
export async function fromCopy(person: string, into: Lookup): Promise<boolean> {
  const row = await kept<Copy>(idOf(person, into.asked)).catch(() => undefined);
  if (!row) return false;
  Object.assign(into, row.value, { state: 'whole', keptAt: row.at, problem: null, again: [] });
  return true;
}
