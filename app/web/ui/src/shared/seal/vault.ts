// Sealing at rest: AES-256-GCM under a key of this device that nobody can read out, and where a PIN is set, under a key of the PIN as well.
// It protects a lost, locked phone against its finder; not against its owner with developer tools (docs/operate.md says so).
import { ref } from 'vue';
import { dropKey, get, keyRow, put, putKey, type SealedRow } from '../store/store';

const ROUNDS = 600_000;
const MOST_TRIES = 10;
const AES = { name: 'AES-GCM', length: 256 } as const;
const USES: KeyUsage[] = ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey'];

/** The vault is locked: the PIN is needed first. */
export class Locked extends Error {}

export const locked = ref(false);
let device: CryptoKey | null = null;
let inner: CryptoKey | null = null;

function random(size: number): Uint8Array<ArrayBuffer> { return crypto.getRandomValues(new Uint8Array(size)); }

async function deviceKey(): Promise<CryptoKey> {
  if (device) return device;
  const known = await keyRow('device');
  if (known?.key) return (device = known.key);
  const made = await crypto.subtle.generateKey(AES, false, USES);
  await putKey({ name: 'device', key: made });
  return (device = made);
}

/** Whether a PIN has been set on this device. */
export async function hasPin(): Promise<boolean> { return (await keyRow('inner')) !== undefined; }

async function pinKey(pin: string, salt: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  const raw = await crypto.subtle.importKey('raw', new TextEncoder().encode(pin.normalize('NFKC')), 'PBKDF2', false, ['deriveKey']);
  return crypto.subtle.deriveKey({ name: 'PBKDF2', hash: 'SHA-256', salt, iterations: ROUNDS }, raw, AES, false, ['wrapKey', 'unwrapKey']);
}

/** Sets the PIN of this device; rows that are sealed from now on need it. */
export async function setPin(pin: string): Promise<void> {
  const salt = random(16), iv = random(12);
  const made = await crypto.subtle.generateKey(AES, true, USES);
  const wrapped = await crypto.subtle.wrapKey('raw', made, await pinKey(pin, salt), { name: 'AES-GCM', iv });
  await putKey({ name: 'inner', wrapped, iv, salt, tries: 0 });
  inner = await crypto.subtle.importKey('raw', await crypto.subtle.exportKey('raw', made), AES, false, USES);
  locked.value = false;
}

/** Opens the vault; the number of tries that are left where the PIN is wrong, 0 where what needed it is gone. */
export async function unlock(pin: string): Promise<number | true> {
  const row = await keyRow('inner');
  if (!row?.wrapped || !row.iv || !row.salt) return true;
  try {
    inner = await crypto.subtle.unwrapKey('raw', row.wrapped, await pinKey(pin, row.salt), { name: 'AES-GCM', iv: row.iv }, AES, false, USES);
  } catch {
    const tries = (row.tries ?? 0) + 1;
    await putKey({ ...row, tries });
    return Math.max(MOST_TRIES - tries, 0);
  }
  await putKey({ ...row, tries: 0 });
  locked.value = false;
  return true;
}

/** Takes the PIN away; what was sealed with it can never be opened again. */
export async function dropPin(): Promise<void> {
  await dropKey('inner');
  inner = null;
  locked.value = false;
}

/** Forgets the opened key where a PIN is set. */
export async function lock(): Promise<void> {
  inner = null;
  locked.value = await hasPin();
}

function bound(row: Pick<SealedRow, 'id' | 'person' | 'kind'>): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${row.kind}\n${row.person}\n${row.id}`);
}

async function keyFor(kind: SealedRow['kind']): Promise<CryptoKey> {
  if (kind === 'outbox' || kind === 'draft' || !(await hasPin())) return deviceKey();  // what must be sent is never lost with a PIN
  if (!inner) throw new Locked();
  return inner;
}

/** Seals `value` and stores it durably. Throws `Locked`, and `QuotaExceededError` where the device is full. */
export async function keep(head: Omit<SealedRow, 'iv' | 'bytes'>, value: unknown): Promise<void> {
  const iv = random(12), plain = new TextEncoder().encode(JSON.stringify(value));
  const bytes = await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData: bound(head) }, await keyFor(head.kind), plain);
  await put({ ...head, iv, bytes });
}

/** What was sealed; undefined where it cannot be opened (another device's, another person's, changed). Throws `Locked`. */
export async function opened<T>(row: SealedRow): Promise<T | undefined> {
  const key = await keyFor(row.kind);
  try {
    const plain = await crypto.subtle.decrypt({ name: 'AES-GCM', iv: row.iv, additionalData: bound(row) }, key, row.bytes);
    return JSON.parse(new TextDecoder().decode(plain)) as T;
  } catch {
    return undefined;
  }
}

/** The row of this id, opened; undefined where there is none that is still valid. */
export async function kept<T>(id: string, now = Date.now()): Promise<{ value: T; at: number } | undefined> {
  const row = await get(id);
  if (!row || row.until <= now) return undefined;
  const value = await opened<T>(row);
  return value === undefined ? undefined : { value, at: row.at };
}

/** After a wipe nothing of before is used any more. */
export function forget(): void { device = inner = null; locked.value = false; }
