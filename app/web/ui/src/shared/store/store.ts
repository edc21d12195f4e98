// The one database of the pages: keys that cannot be read out, and sealed rows per person. Versions have migrations, never new names.
import { openDB, type DBSchema, type IDBPDatabase } from 'idb';

/** What is sealed: who it belongs to, of which kind, since when; the content is bytes that only the vault reads. */
export interface SealedRow {
  id: string;
  person: string;
  kind: 'copy' | 'recent' | 'session' | 'outbox' | 'draft' | 'receipt';
  at: number;
  until: number;
  iv: Uint8Array<ArrayBuffer>;
  bytes: ArrayBuffer;
}

type Bytes = Uint8Array<ArrayBuffer>;
export interface KeyRow { name: string; key?: CryptoKey; wrapped?: ArrayBuffer; iv?: Bytes; outerIv?: Bytes; salt?: Bytes; tries?: number }

interface Pages extends DBSchema {
  keys: { key: string; value: KeyRow };
  rows: { key: string; value: SealedRow; indexes: { person_kind: [string, string] } };
}

const NAME = 'onevisit', VERSION = 1;
const LOST = new Set(['InvalidStateError', 'UnknownError', 'AbortError']);
let opened: Promise<IDBPDatabase<Pages>> | null = null;

/** The database; opened anew where the browser lost it (iOS ends connections of pages that were away). */
export function database(): Promise<IDBPDatabase<Pages>> {
  opened ??= openDB<Pages>(NAME, VERSION, {
    upgrade(db) {
      db.createObjectStore('keys', { keyPath: 'name' });
      db.createObjectStore('rows', { keyPath: 'id' }).createIndex('person_kind', ['person', 'kind']);
    },
    blocking(_now, _wanted, event) { (event.target as IDBDatabase).close(); opened = null; },
    terminated() { opened = null; },
  }).catch((error: unknown) => { opened = null; throw error; });
  return opened;
}

async function again<T>(act: (db: IDBPDatabase<Pages>) => Promise<T>): Promise<T> {
  try {
    return await act(await database());
  } catch (error) {
    if (!(error instanceof DOMException) || !LOST.has(error.name)) throw error;
    opened = null;
    return act(await database());
  }
}

let ended = false;

/** From now on nothing is written by this page: what is still on its way would come back after it was deleted. */
export function endWriting(): void { ended = true; }

function requireWriting(): void { if (ended) throw new DOMException('this page is being left', 'InvalidAccessError'); }

/** Written durably before this ends, unless a row of one of these kinds lies there. Throws `QuotaExceededError` where the device is full. */
export function put(row: SealedRow, unless: SealedRow['kind'][] = []): Promise<void> {
  return again(async (db) => {
    requireWriting();
    const work = db.transaction('rows', 'readwrite', { durability: 'strict' });
    const there = unless.length ? await work.store.get(row.id) : undefined;
    if (!there || !unless.includes(there.kind)) await work.store.put(row);
    await work.done;
  });
}

export function get(id: string): Promise<SealedRow | undefined> { return again((db) => db.get('rows', id)); }

export function rowsOf(person: string, kind: SealedRow['kind']): Promise<SealedRow[]> {
  return again((db) => db.getAllFromIndex('rows', 'person_kind', [person, kind]));
}

export function every(): Promise<SealedRow[]> { return again((db) => db.getAll('rows')); }

export function remove(id: string): Promise<void> { return again((db) => db.delete('rows', id)); }

/** Removes a row if it is of one of these kinds still; says whether it was. */
export function removeIf(id: string, kinds: SealedRow['kind'][]): Promise<boolean> {
  return again(async (db) => {
    const work = db.transaction('rows', 'readwrite', { durability: 'strict' });
    const there = await work.store.get(id), gone = there === undefined || kinds.includes(there.kind);
    if (gone) await work.store.delete(id);
    await work.done;
    return gone;
  });
}

/** Removes what is past its time. */
export async function purge(now = Date.now()): Promise<void> {
  for (const row of await every()) if (row.until <= now) await remove(row.id);
}

export async function keyRow(name: string): Promise<KeyRow | undefined> { return again((db) => db.get('keys', name)); }

export async function putKey(row: KeyRow): Promise<void> { await again((db) => db.put('keys', row)); }

/** Adds a key unless one of its name lies there; gives the one that does. */
export function addKey(row: KeyRow): Promise<KeyRow> {
  return again(async (db) => {
    requireWriting();
    const work = db.transaction('keys', 'readwrite', { durability: 'strict' });
    const there = await work.store.get(row.name);
    if (!there) await work.store.put(row);
    await work.done;
    return there ?? row;
  });
}

export async function dropKey(name: string): Promise<void> { await again((db) => db.delete('keys', name)); }

/** Nothing is left: rows, keys, the database itself. */
export async function wipe(): Promise<void> {
  const db = await database().catch(() => null);
  db?.close();
  opened = null;
  await new Promise<void>((done) => {
    const asked = indexedDB.deleteDatabase(NAME);
    for (const event of ['success', 'error', 'blocked'] as const) asked.addEventListener(event, () => { done(); });
  });
}
