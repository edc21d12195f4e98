// What has to be sent: written to this device first, then sent, by one tab, until a receipt has come. Nothing is deleted before.
import { reactive } from 'vue';
import { Refused, told, type Bearer } from '../../shared/api/http';
import type { Inspection } from '../../shared/api/types';
import { keep, opened } from '../../shared/seal/vault';
import { every, remove, rowsOf } from '../../shared/store/store';
import { found, isReceipt, step, uuid7, type Event, type Item } from './machine';

const FOREVER = 8.64e15;
const RECEIVED_DAYS = 7 * 86_400_000;
const PASSING = new Set([408, 425, 429]);

export const outbox = reactive<{ items: Item[]; others: number; full: boolean; online: boolean }>({ items: [], others: 0, full: false, online: true });
let person = '';
let begun = false;
let timer: ReturnType<typeof setTimeout> | undefined;

async function store(item: Item): Promise<void> {
  const kind = item.state === 'draft' ? 'draft' : 'outbox';
  await keep({ id: `item:${item.id}`, person, kind, at: item.at, until: FOREVER }, JSON.parse(JSON.stringify(item)));
  outbox.full = false;
}

function show(item: Item): void {
  const place = outbox.items.findIndex((one) => one.id === item.id);
  if (place >= 0) outbox.items[place] = item;
  else outbox.items.unshift(item);
}

/** Writes the item to the device, then shows it. Throws where the device is full: what stands on the screen stays there. */
export async function save(item: Item): Promise<void> {
  try {
    await store(item);
  } catch (error) {
    outbox.full = true;
    throw error;
  }
  show(item);
}

/** What waits on this device for this person; of others only the number is known. */
export async function openOutbox(of: string): Promise<void> {
  person = of;
  const rows = [...await rowsOf(of, 'outbox'), ...await rowsOf(of, 'draft')];
  const items = await Promise.all(rows.map((row) => opened<Item>(row)));
  outbox.items = items.filter((one) => one !== undefined).map(found).sort((a, b) => b.at - a.at);
  outbox.others = (await every()).filter((row) => row.kind === 'outbox' && row.person !== of).length;
  for (const item of outbox.items) if (item.state === 'received' && item.at < Date.now() - RECEIVED_DAYS) void drop(item.id);
}

/** Nothing of it stays in memory. */
export function closeOutbox(): void { clearTimeout(timer); person = ''; outbox.items = []; outbox.others = 0; }

export async function drop(id: string): Promise<void> {
  await remove(`item:${id}`);
  outbox.items = outbox.items.filter((one) => one.id !== id);
}

export function newId(): string { return uuid7(Date.now(), crypto.getRandomValues(new Uint8Array(10))); }

async function advance(id: string, event: Event): Promise<Item | undefined> {
  const item = outbox.items.find((one) => one.id === id);
  if (!item) return undefined;
  const next = step(item, event);
  if (next === item) return undefined;
  await save(next);
  return next;
}

/** A draft becomes what has to be sent. */
export async function finish(bearer: Bearer, item: Item): Promise<void> {
  await save(step(item, { kind: 'finish', now: Date.now() }));
  void sendDue(bearer, true);
}

export async function mend(id: string): Promise<void> { await advance(id, { kind: 'mend' }); }

async function sendOne(bearer: Bearer, item: Item): Promise<void> {
  if (!await advance(item.id, { kind: 'start' })) return;
  try {
    const init = { method: 'PUT', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(item.body) };
    const answer = await told<Inspection>(bearer, `/v1/inspections/${item.id}`, init);
    outbox.online = true;
    if (isReceipt(item, answer)) await advance(item.id, { kind: 'answer', receipt: answer });
    else await advance(item.id, { kind: 'nothing', now: Date.now() });  // some other 200: a portal's, not the gateway's
  } catch (error) {
    if (error instanceof Refused) {
      const lasting = error.status < 500 && error.status !== 401 && !PASSING.has(error.status);
      await advance(item.id, { kind: 'refusal', problem: error.problem, lasting, now: Date.now(), after: error.retryAfter });
    } else {
      outbox.online = false;
      await advance(item.id, { kind: 'nothing', now: Date.now() });
    }
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
  if ('locks' in navigator) await navigator.locks.request('onevisit.outbox', { ifAvailable: true }, async (lock) => { if (lock) await act(); });
  else await act();
  await follow(bearer);
}

/** How far departments have received what was sent: asked until they all have. */
async function follow(bearer: Bearer): Promise<void> {
  for (const item of outbox.items.filter((one) => one.state === 'received' && isOnItsWay(one)).slice(0, 20)) {
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
  }
  tick();
}
