// The queue as one encrypted file, for a phone that never finds its network again: opened with the words that are shown once.
import type { Item } from './machine';

const ROUNDS = 600_000;

export interface Exported { name: string; file: Blob; words: string }

function base32(bytes: Uint8Array): string {
  const letters = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';
  return [...bytes].map((byte) => letters[byte % 32]).join('').replace(/(.{4})(?=.)/g, '$1-');
}

/** JSON inside AES-256-GCM; the key is derived (PBKDF2, 600 000 rounds) from twenty random letters. `docs/phone.md` says how to open it. */
export async function exported(items: Item[]): Promise<Exported> {
  const salt = crypto.getRandomValues(new Uint8Array(16)), iv = crypto.getRandomValues(new Uint8Array(12));
  const words = base32(crypto.getRandomValues(new Uint8Array(20)));
  const raw = await crypto.subtle.importKey('raw', new TextEncoder().encode(words), 'PBKDF2', false, ['deriveKey']);
  const key = await crypto.subtle.deriveKey({ name: 'PBKDF2', hash: 'SHA-256', salt, iterations: ROUNDS }, raw, { name: 'AES-GCM', length: 256 }, false, ['encrypt']);
  const records = items.filter((one) => one.state !== 'received').map((one) => ({ id: one.id, body: one.body }));
  const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, new TextEncoder().encode(JSON.stringify({ version: 1, records })));
  const head = new TextEncoder().encode('OVX1');
  return { name: `onevisit-${new Date().toISOString().slice(0, 10)}.ovx`, file: new Blob([head, salt, iv, sealed], { type: 'application/octet-stream' }), words };
}
