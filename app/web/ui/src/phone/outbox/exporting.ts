// The queue as one encrypted file, for a phone that never finds its network again: opened with the words that are shown once, on another phone of the same person.
import { isUnsent, type Item } from './machine';

const ROUNDS = 600_000;
const MAGIC = 'OVX1';
const LONGEST = 32 << 20;

export interface Exported { name: string; file: Blob; words: string }

/** This is no such file, or the words are not the ones. */
export class Unreadable extends Error {}
/** The file is another person's. */
export class Foreign extends Error {}

function base32(bytes: Uint8Array): string {
  const letters = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';
  return [...bytes].map((byte) => letters[byte % 32]).join('').replace(/(.{4})(?=.)/g, '$1-');
}

async function keyOf(words: string, salt: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  const raw = await crypto.subtle.importKey('raw', new TextEncoder().encode(words), 'PBKDF2', false, ['deriveKey']);
  return crypto.subtle.deriveKey({ name: 'PBKDF2', hash: 'SHA-256', salt, iterations: ROUNDS }, raw, { name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
}

/** JSON inside AES-256-GCM; the key is derived (PBKDF2, 600 000 rounds) from twenty random letters. The file: `OVX1`, salt (16), nonce (12), what is sealed. */
export async function exported(items: Item[], person: string): Promise<Exported> {
  const salt = crypto.getRandomValues(new Uint8Array(16)), iv = crypto.getRandomValues(new Uint8Array(12));
  const words = base32(crypto.getRandomValues(new Uint8Array(20)));
  const records = items.filter(isUnsent).map(({ id, state, name, body, at }) => ({ id, state: state === 'draft' ? 'draft' : 'kept', name, body, at }));
  const told = new TextEncoder().encode(JSON.stringify({ version: 2, person, records }));
  const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, await keyOf(words, salt), told);
  return { name: `onevisit-${new Date().toISOString().slice(0, 10)}.ovx`, file: new Blob([new TextEncoder().encode(MAGIC), salt, iv, sealed], { type: 'application/octet-stream' }), words };
}

interface Told { person?: string; records?: Partial<Item>[] }

/** What such a file holds, as items that wait. Throws `Unreadable` and `Foreign`. */
export async function readExport(bytes: ArrayBuffer, words: string, person: string): Promise<Item[]> {
  const all = new Uint8Array(bytes);
  if (all.length > LONGEST || new TextDecoder().decode(all.subarray(0, 4)) !== MAGIC) throw new Unreadable();
  let told: Told;
  try {
    const key = await keyOf(words.trim().toUpperCase(), all.slice(4, 20));
    told = JSON.parse(new TextDecoder().decode(await crypto.subtle.decrypt({ name: 'AES-GCM', iv: all.slice(20, 32) }, key, all.slice(32)))) as Told;
  } catch { throw new Unreadable(); }
  if (told.person !== person) throw new Foreign();
  const fresh = { tries: 0, nextAt: 0, problem: null, receipt: null };
  return (told.records ?? []).filter((one) => one.id && one.body).map(({ id, state, name, body, at }) => ({ ...fresh, id: id!, state: state === 'draft' ? 'draft' as const : 'kept' as const, name: name ?? '', body: body!, at: at ?? 0 }));
}
