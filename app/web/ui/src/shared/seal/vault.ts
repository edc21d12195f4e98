// Sealing at rest: AES-256-GCM under a key of this device that nobody can read out, and where a PIN is set, under one that needs the PIN and the device.
// It protects a lost, locked phone against its finder; not against its owner with developer tools (docs/operate.md says so).
import { ref } from 'vue';
import { addKey, dropKey, every, keyRow, put, get, putKey, type SealedRow } from '../store/store';

const ROUNDS = 600_000;
const MOST_TRIES = 10;
const AES = { name: 'AES-GCM', length: 256 } as const;
const USES: KeyUsage[] = ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey'];
const AHEAD_MS = 300_000;

/** The vault is locked: the PIN is needed first. */
export class Locked extends Error {}

export const locked = ref(false);
let device: Promise<CryptoKey> | null = null;
let inner: CryptoKey | null = null;
let pinIsSet: boolean | null = null;

function random(size: number): Uint8Array<ArrayBuffer> { return crypto.getRandomValues(new Uint8Array(size)); }

/** Made once, whoever asks first: the row that lies in the store counts, in every tab. */
function deviceKey(): Promise<CryptoKey> {
  device ??= (async () => {
    const known = await keyRow('device');
    if (known?.key) return known.key;
    const row = await addKey({ name: 'device', key: await crypto.subtle.generateKey(AES, false, USES) });
    if (!row.key) throw new Error('no key of this device');
    return row.key;
  })().catch((error: unknown) => { device = null; throw error; });
  return device;
}

/** Whether a PIN has been set on this device. */
export async function hasPin(): Promise<boolean> {
  pinIsSet ??= (await keyRow('inner')) !== undefined;
  return pinIsSet;
}

async function pinKey(pin: string, salt: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  const raw = await crypto.subtle.importKey('raw', new TextEncoder().encode(pin.normalize('NFKC')), 'PBKDF2', false, ['deriveKey']);
  return crypto.subtle.deriveKey({ name: 'PBKDF2', hash: 'SHA-256', salt, iterations: ROUNDS }, raw, AES, false, ['wrapKey', 'unwrapKey']);
}

const isProtected = (kind: SealedRow['kind']): boolean => kind === 'copy' || kind === 'recent' || kind === 'session';

interface Read { row: SealedRow; value: unknown }

/** All that a PIN protects, as it can be read now. Throws `Locked`. */
async function readProtected(): Promise<Read[]> {
  const found: Read[] = [];
  for (const row of await every()) if (isProtected(row.kind)) found.push({ row, value: await opened(row) });
  return found;
}

/** Sealed anew under the key of now; what could not be read goes. */
async function sealAnew(read: Read[]): Promise<void> {
  for (const { row, value } of read) {
    const { iv: _iv, bytes: _bytes, ...head } = row;
    await keep(value === undefined ? { ...head, until: 0 } : head, value ?? null);
  }
}

/** Sets the PIN of this device. What was sealed before is sealed anew, or goes: from now on all that was seen needs the PIN. */
export async function setPin(pin: string): Promise<void> {
  const salt = random(16), iv = random(12), outerIv = random(12);
  const made = await crypto.subtle.generateKey(AES, true, USES);
  const once = await crypto.subtle.wrapKey('raw', made, await pinKey(pin, salt), { name: 'AES-GCM', iv });
  const wrapped = await crypto.subtle.encrypt({ name: 'AES-GCM', iv: outerIv }, await deviceKey(), once);
  const usable = await crypto.subtle.importKey('raw', await crypto.subtle.exportKey('raw', made), AES, false, USES);
  const before = await readProtected();
  await putKey({ name: 'inner', wrapped, iv, outerIv, salt, tries: 0 });
  inner = usable;
  pinIsSet = true;
  locked.value = false;
  await sealAnew(before);
}

/** Takes the PIN away and keeps what it protected, under the key of this device alone. Throws `Locked`. */
export async function removePin(): Promise<void> {
  const before = await readProtected();
  await dropPin();
  await sealAnew(before);
}

/** Opens the vault; the number of tries that are left where the PIN is wrong, 0 where what needed it is to go. */
export async function unlock(pin: string): Promise<number | true> {
  const row = await keyRow('inner');
  if (!row?.wrapped || !row.iv || !row.outerIv || !row.salt) return true;
  const left = MOST_TRIES - (row.tries ?? 0) - 1;
  try {
    const once = await crypto.subtle.decrypt({ name: 'AES-GCM', iv: row.outerIv }, await deviceKey(), row.wrapped);
    inner = await crypto.subtle.unwrapKey('raw', once, await pinKey(pin, row.salt), { name: 'AES-GCM', iv: row.iv }, AES, false, USES);
  } catch {
    await putKey({ ...row, tries: (row.tries ?? 0) + 1 }).catch(() => undefined);
    return Math.max(left, 0);
  }
  locked.value = false;
  await putKey({ ...row, tries: 0 }).catch(() => undefined);
  return true;
}

/** Takes the PIN away; what was sealed with it can never be opened again. */
export async function dropPin(): Promise<void> {
  await dropKey('inner');
  inner = null;
  pinIsSet = false;
  locked.value = false;
}

/** Forgets the opened key where a PIN is set; what is on the screen is hidden at once. */
export async function lock(): Promise<void> {
  if (pinIsSet === true) locked.value = true;
  inner = null;
  locked.value = await hasPin();
}

function bound(row: Pick<SealedRow, 'id' | 'person' | 'kind'>): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${row.kind}\n${row.person}\n${row.id}`);
}

async function keyFor(kind: SealedRow['kind']): Promise<CryptoKey> {
  if (!isProtected(kind) || !(await hasPin())) return deviceKey();  // what must be sent is never lost with a PIN
  if (!inner) throw new Locked();
  return inner;
}

/** Seals `value` and stores it durably, unless a row of one of these kinds lies there already. Throws `Locked`, and `QuotaExceededError` where the device is full. */
export async function keep(head: Omit<SealedRow, 'iv' | 'bytes'>, value: unknown, unless: SealedRow['kind'][] = []): Promise<void> {
  const iv = random(12), plain = new TextEncoder().encode(JSON.stringify(value));
  const bytes = await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData: bound(head) }, await keyFor(head.kind), plain);
  await put({ ...head, iv, bytes }, unless);
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

/** Whether a row may be read now: one of the future is of another clock, and its age is not known. */
export const isValid = (row: SealedRow, now: number): boolean => row.until > now && row.at <= now + AHEAD_MS;

/** The row of this id, opened; undefined where there is none that is still valid. */
export async function kept<T>(id: string, now = Date.now()): Promise<{ value: T; at: number } | undefined> {
  const row = await get(id);
  if (!row || !isValid(row, now)) return undefined;
  const value = await opened<T>(row);
  return value === undefined ? undefined : { value, at: row.at };
}

/** After a wipe nothing of before is used any more. */
export function forget(): void { device = null; inner = null; pinIsSet = null; locked.value = false; }
