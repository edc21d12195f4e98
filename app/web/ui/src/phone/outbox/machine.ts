// The states of what has to be sent. Pure: whatever is killed, asked twice or answered by a portal, nothing is lost and nothing is sent twice as two.
import type { Inspection, InspectionWrite, Problem } from '../../shared/api/types';

export type State = 'draft' | 'kept' | 'sending' | 'received' | 'refused';

export interface Item {
  /** Made on this device (UUIDv7): sent again it is the same record. */
  id: string;
  state: State;
  name: string;
  body: InspectionWrite;
  at: number;
  tries: number;
  nextAt: number;
  problem: Problem | null;
  receipt: Inspection | null;
}

export type Event =
  | { kind: 'finish'; now: number }
  | { kind: 'start' }
  | { kind: 'answer'; receipt: Inspection }
  | { kind: 'refusal'; problem: Problem; lasting: boolean; now: number; after: number | null }
  | { kind: 'nothing'; now: number };

const FIRST_MS = 5_000, LONGEST_MS = 300_000;

/** How long to wait after so many tries: 5 s to 5 minutes. */
export function pause(tries: number): number { return Math.min(FIRST_MS * 2 ** Math.min(tries, 10), LONGEST_MS); }

/** A receipt counts only if it is the interface's own word on this record. */
export function isReceipt(item: Item, told: unknown): told is Inspection {
  const one = told as Partial<Inspection> | null;
  return typeof one === 'object' && one !== null && one.id === item.id && typeof one.digest === 'string' && one.digest.startsWith('sha-256:') && Array.isArray(one.write_back);
}

/** The item after the event; the same where the event does not fit its state. */
export function step(item: Item, event: Event): Item {
  switch (event.kind) {
    case 'finish': return item.state === 'draft' ? { ...item, state: 'kept', at: event.now, nextAt: event.now, problem: null } : item;
    case 'start': return item.state === 'kept' ? { ...item, state: 'sending' } : item;
    case 'answer': return item.state !== 'draft' && isReceipt(item, event.receipt) ? { ...item, state: 'received', receipt: event.receipt, problem: null } : item;
    case 'refusal': {
      if (item.state !== 'sending') return item;
      if (event.lasting) return { ...item, state: 'refused', problem: event.problem, tries: item.tries + 1 };
      const wait = event.after === null ? pause(item.tries) : event.after * 1000;
      return { ...item, state: 'kept', problem: event.problem, tries: item.tries + 1, nextAt: event.now + wait };
    }
    case 'nothing': return item.state === 'sending' ? { ...item, state: 'kept', tries: item.tries + 1, nextAt: event.now + pause(item.tries) } : item;
    default: return item;
  }
}

/** An item as it is found after a restart: what was being sent may have arrived or not, and is sent again under the same id. */
export function found(item: Item): Item { return item.state === 'sending' ? { ...item, state: 'kept', nextAt: 0 } : item; }

/** What has not arrived: it keeps a phone from being signed out. A draft counts, because nobody else has it. */
export const isUnsent = (item: Item): boolean => item.state !== 'received';

/** A time-ordered identifier (RFC 9562, version 7). */
export function uuid7(now: number, random: Uint8Array): string {
  const bytes = new Uint8Array(16);
  bytes.set(random.subarray(0, 10), 6);
  let rest = now;
  for (let place = 5; place >= 0; place -= 1) { bytes[place] = rest % 256; rest = Math.floor(rest / 256); }
  bytes[6] = (bytes[6]! & 0x0f) | 0x70;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
