// What sections, fields and codes are called, as the catalogue has it; asked once a session, kept for days without a network.
import { shallowRef } from 'vue';
import { told, type Bearer } from '../api/http';
import type { Labels } from '../api/types';
import type { Row } from '../parts/values';
import { keep, kept } from '../seal/vault';
import { say } from '../words';

const known = shallowRef<Labels>({ sections: {}, fields: {}, values: {} });
const KEPT = 'labels', DAYS = 30 * 86_400_000;
let asked = false;

/** Asked again with each look-up until it was told. */
export async function loadCatalogue(bearer: Bearer): Promise<void> {
  if (asked || !bearer.token()) return;
  asked = true;
  const row = await kept<Labels>(KEPT).catch(() => undefined);
  if (row) known.value = row.value;
  try {
    known.value = await told<Labels>(bearer, '/v1/catalogue/labels');
    await keep({ id: KEPT, person: '', kind: 'copy', at: Date.now(), until: Date.now() + DAYS }, known.value).catch(() => undefined);
  } catch {
    asked = false;
  }
}

export function titleOf(section: string): string { return say(known.value.sections[section]) || section; }

export function labelOf(row: Row): string { return say(known.value.fields[row.path]) || row.field; }

export function calledOf(path: string, code: string): string | null { return say(known.value.values[`${path}=${code}`]) || null; }

/** Kinds of data that have a title, in the order of their titles. */
export function sectionsKnown(): string[] { return Object.keys(known.value.sections).sort((a, b) => titleOf(a).localeCompare(titleOf(b))); }

/** What `section.field` is called; null where nobody said. */
export function labelAt(path: string): string | null { return say(known.value.fields[path]) || null; }
