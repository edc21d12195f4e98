// From a typed or scanned text to a business: at once where it is a sound code, else by asking the gateway in a body.
import { Refused, sent, type Bearer } from '../../shared/api/http';
import type { Candidate, Problem, Resolution, Words } from '../../shared/api/types';
import { judge, mayStandInAddress, normalised } from './identifier';

export type Found =
  | { kind: 'business'; id: string; unusual?: string }
  | { kind: 'several'; candidates: Candidate[] }
  | { kind: 'unresolved'; next: Words | null; suggestions: string[]; unusual: string[]; id: string }
  | { kind: 'refused'; problem: Problem };

/** Resolves a text. Throws `Unreachable`, and `Refused` for what is not about the text itself. */
export async function resolve(bearer: Bearer, text: string): Promise<Found> {
  const verdict = judge(text);
  if (verdict.kind === 'code') return { kind: 'business', id: verdict.code };
  let told: Resolution;
  try {
    told = await sent<Resolution>(bearer, '/v1/businesses:resolve', { text });
  } catch (error) {
    if (error instanceof Refused && error.status === 422) return { kind: 'refused', problem: error.problem };
    throw error;
  }
  if (told.outcome === 'match') {
    const id = told.business?.business_id ?? (told.candidates.length === 1 ? told.candidates[0]?.business_id : undefined);
    if (id && mayStandInAddress(id)) return { kind: 'business', id };
  }
  if (told.candidates.length) return { kind: 'several', candidates: told.candidates };
  return { kind: 'unresolved', next: told.next_step ?? null, suggestions: told.suggestions, unusual: told.unusual, id: normalised(text) };
}
