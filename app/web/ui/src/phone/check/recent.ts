// The last businesses of this person on this device, sealed; nothing of it leaves the device.
import { ref } from 'vue';
import { keep, kept } from '../../shared/seal/vault';
import { remove } from '../../shared/store/store';

export interface Recent { id: string; name: string; at: number; task: string | null; site: string | null }

const MOST = 12;
const DAYS = 30 * 86_400_000;
export const recent = ref<Recent[]>([]);

const idOf = (person: string) => `recent:${person}`;

let whose = '';
let reading: Promise<void> = Promise.resolve();

async function read(person: string): Promise<void> {
  whose = person;
  recent.value = [];
  const row = await kept<Recent[]>(idOf(person)).catch(() => undefined);
  if (whose !== person) return;
  recent.value = (row?.value ?? []).filter((one) => one.at > Date.now() - DAYS);
}

export function loadRecent(person: string): Promise<void> { return reading = read(person); }

export async function remember(person: string, of: Omit<Recent, 'at'>): Promise<void> {
  await reading;  // what was not read yet would be written over
  if (whose !== person) return;
  recent.value = [{ ...of, at: Date.now() }, ...recent.value.filter((one) => one.id !== of.id)].slice(0, MOST);
  await keep({ id: idOf(person), person, kind: 'recent', at: Date.now(), until: Date.now() + DAYS }, recent.value).catch(() => undefined);
}

export async function forgetRecent(person: string): Promise<void> {
  recent.value = [];
  await remove(idOf(person)).catch(() => undefined);
}
