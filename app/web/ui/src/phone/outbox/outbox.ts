// What has to be sent: written to this device first, then sent, by one tab, until a receipt has come. Nothing is deleted before.
import { reactive } from 'vue';
import { Refused, told, type Bearer } from '../../shared/api/http';
import type { Inspection } from '../../shared/api/types';
import { keep, opened } from '../../shared/seal/vault';
import { every, removeIf, rowsOf, type SealedRow } from '../../shared/store/store';
import { found, isReceipt, step, uuid7, type Event, type Item } from './machine';

const FOREVER = 8.64e15;
const RECEIVED_DAYS = 7 * 86_400_000;
const PASSING = new Set([408, 425, 429]);
const TABS = 'onevisit.outbox';

interface Outbox {
  items: Item[];
  /** What lies on the device has been read: before, nobody knows whether something waits. */
  known: boolean;
  /** Of whom it is; empty while nobody's was read. */
  person: string;
  /** So many of other people wait on this device. */
  others: number;
  /** So many rows of this person cannot be opened. */
  shut: number;
  failed: boolean;
  full: boolean;
}

export const outbox = reactive<Outbox>({ items: [], known: false, person: '', others: 0, shut: 0, failed: false, full: false });
const tabs = 'BroadcastChannel' in globalThis ? new BroadcastChannel(TABS) : null;
let reading: Promise<void> = Promise.resolve();
let begun = false;
let timer: ReturnType<typeof setTimeout> | undefined;

const KIND: Record<Item['state'], SealedRow['kind']> = { draft: 'draft', kept: 'outbox', sending: 'outbox', refused: 'outbox', received: 'receipt' };

function show(item: Item): void {
  const place = outbox.items.findIndex((one) => one.id === item.id);
  if (place >= 0) outbox.items[place] = item;
  else outbox.items.unshift(item);
}

/** Writes the item to the device, then shows it. Throws where that fails: what stands on the screen stays there. A draft never takes the place of what was finished. */
export async function save(item: Item, over: SealedRow['kind'][] = []): Promise<void> {
  const unless: SealedRow['kind'][] = item.state === 'draft' ? (['outbox', 'receipt'] as SealedRow['kind'][]).filter((kind) => !over.includes(kind)) : [];
  try {
    const head = { id: `item:${item.id}`, person: outbox.person, kind: KIND[item.state], at: item.at, until: FOREVER };
    await keep(head, JSON.parse(JSON.stringify(item)), unless);
    outbox.full = false;
  } catch (error) {
    outbox.full = error instanceof DOMException && error.name === 'QuotaExceededError';
    throw error;
  }
  show(item);
  tabs?.postMessage('changed');
}

async function read(of: string): Promise<void> {
  const rows = (await Promise.all((['outbox', 'draft', 'receipt'] as const).map((kind) => rowsOf(of, kind)))).flat();
  const items = (await Promise.all(rows.map((row) => opened<Item>(row)))).filter((one) => one !== undefined);
  const others = (await every()).filter((row) => (row.kind === 'outbox' || row.kind === 'draft') && row.person !== of).length;
  if (outbox.person !== of) return;  // somebody else signed in meanwhile
  const sending = new Set(outbox.items.filter((one) => one.state === 'sending').map((one) => one.id));
  outbox.items = items.map((one) => (sending.has(one.id) ? { ...one, state: 'sending' as const } : found(one))).sort((a, b) => b.at - a.at);
  outbox.shut = rows.length - items.length;
  outbox.others = others;
  Object.assign(outbox, { known: true, failed: false });
}

/** What waits on this device for this person; of others only the number is known. */
export function openOutbox(of: string): Promise<void> {
  outbox.person = of;
  reading = read(of).then(async () => {
    for (const item of outbox.items) if (item.state === 'received' && item.at < Date.now() - RECEIVED_DAYS) await drop(item);
  }).catch(() => { outbox.failed = true; });
  return reading;
}

/** Until it is known what waits. */
export function outboxRead(): Promise<void> { return reading; }

/** Nothing of it stays in memory. */
export function closeOutbox(): void { clearTimeout(timer); Object.assign(outbox, { items: [], known: false, person: '', others: 0, shut: 0, failed: false }); }

/** Removes a draft, or what has its receipt; what waits to be sent stays, whatever another tab made of it. */
export async function drop(item: Item): Promise<void> {
  if (await removeIf(`item:${item.id}`, ['draft', 'receipt'])) outbox.items = outbox.items.filter((one) => one.id !== item.id);
  else await read(outbox.person);
  tabs?.postMessage('changed');
}

export function newId(): string { return uuid7(Date.now(), crypto.getRandomValues(new Uint8Array(10))); }

/** The next state, in memory; and on the device where it is lasting. A full device does not keep anything from being sent. */
async function advance(id: string, event: Event): Promise<Item | undefined> {
  const item = outbox.items.find((one) => one.id === id);
  const next = item && step(item, event);
  if (!next || next === item) return undefined;
  show(next);
  const lasting = next.state === 'received' || next.state === 'refused';
  if (lasting) await save(next).catch(() => undefined);  // sent again after a restart it is the same record
  return next;
}

/** A draft becomes what has to be sent. Throws where it cannot be kept. */
export async function finish(bearer: Bearer, item: Item): Promise<void> {
  await save(step(item, { kind: 'finish', now: Date.now() }));
  void sendDue(bearer, true).catch(() => undefined);
}

async function sendOne(bearer: Bearer, item: Item): Promise<void> {
  if (bearer.person() !== outbox.person || !await advance(item.id, { kind: 'start' })) return;
  try {
    const init = { method: 'PUT', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(item.body) };
    const answer = await told<Inspection>(bearer, `/v1/inspections/${item.id}`, init);
    if (isReceipt(item, answer)) await advance(item.id, { kind: 'answer', receipt: answer });
    else await advance(item.id, { kind: 'nothing', now: Date.now() });  // some other 200: a portal's, not the gateway's
  } catch (error) {
    if (error instanceof Refused) {
      const lasting = error.status < 500 && error.status !== 401 && !PASSING.has(error.status);
      await advance(item.id, { kind: 'refusal', problem: error.problem, lasting, now: Date.now(), after: error.retryAfter });
    } else await advance(item.id, { kind: 'nothing', now: Date.now() });
  }
}

/** Sends what is due, one after another; one that is refused never blocks the next. One tab of the browser sends. */
export async function sendDue(bearer: Bearer, now = false): Promise<void> {
  if (!bearer.token()) return;
  const act = async () => {
    for (const item of [...outbox.items].reverse()) {
      if (item.state === 'kept' && (now || item.nextAt <= Date.now())) await sendOne(bearer, item);
    }
  };
  if ('locks' in navigator) await navigator.locks.request(TABS, { ifAvailable: true }, async (lock) => { if (lock) await act(); });
  else await act();
  await follow(bearer);
}

/** How far departments have received what was sent: asked until they all have. */
async function follow(bearer: Bearer): Promise<void> {
  for (const item of outbox.items.filter((one) => one.state === 'received' && isOnItsWay(one)).slice(0, 20)) {
    if (!bearer.token() || bearer.person() !== outbox.person) return;
    const answer = await told<Inspection>(bearer, `/v1/inspections/${item.id}`).catch(() => null);
    if (answer && isReceipt(item, answer) && JSON.stringify(answer) !== JSON.stringify(item.receipt)) await advance(item.id, { kind: 'answer', receipt: answer });
  }
}

export function isOnItsWay(item: Item): boolean {
  return item.receipt?.write_back.some((one) => one.state === 'pending' || one.state === 'pending_confirmation') ?? false;
}

/** Sends at its time: when the page begins, comes back, or the device says it is online again; and by the clock in between. */
export function keepSending(bearer: Bearer): void {
  const tick = () => {
    clearTimeout(timer);
    void sendDue(bearer).catch(() => undefined).finally(() => {
      const soonest = Math.min(...outbox.items.filter((one) => one.state === 'kept').map((one) => one.nextAt));
      timer = setTimeout(tick, Math.min(Math.max(soonest - Date.now(), 5_000), 60_000));
    });
  };
  if (!begun) {
    begun = true;
    addEventListener('online', () => { void sendDue(bearer, true).catch(() => undefined); });
    document.addEventListener('visibilitychange', () => { if (document.visibilityState === 'visible') tick(); });
    tabs?.addEventListener('message', () => { if (outbox.person) void read(outbox.person).catch(() => undefined); });
  }
  tick();
}
