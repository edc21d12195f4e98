// The life-cycle of an adapter's version as people see it: where it stands, who has to act. Pure.
import type { AdapterRead } from '../../shared/api/types';
import type { Text } from '../words';

export const STATES = ['registered', 'verified', 'in_review', 'published', 'suspended', 'rejected', 'retired'] as const;
const WAY = ['registered', 'verified', 'in_review', 'published'] as const;
type Tone = 'good' | 'warn' | 'bad' | 'quiet';
const TONES: Record<string, Tone> = { published: 'good', suspended: 'bad', rejected: 'bad', retired: 'quiet' };

export function toneOf(state: string): Tone { return TONES[state] ?? 'warn'; }

export interface Step { state: string; place: 'past' | 'now' | 'next' }

/** The four steps to being in service, and the state apart from them where the adapter is in one. */
export function stepsOf(state: string): Step[] {
  const at = WAY.findIndex((one) => one === state);
  const steps: Step[] = WAY.map((one, place) => ({ state: one, place: at < 0 ? 'next' : place < at ? 'past' : place === at ? 'now' : 'next' }));
  if (at >= 0) return steps;
  return [...steps.map((one) => ({ ...one, place: state === 'rejected' && one.state === 'published' ? 'next' as const : 'past' as const })), { state, place: 'now' }];
}

/** A version is published, and somebody has taken it out of service; whatever a newer version is about. */
export function isHalted(adapter: AdapterRead): boolean { return adapter.published_version !== null && !adapter.callable; }

export type Move = 'verify' | 'submit' | 'approve' | 'reject' | 'suspend' | 'resume' | 'retire';
const RIGHTS: Record<Move, string> = { verify: 'adapter:manage', submit: 'adapter:manage', approve: 'adapter:review', reject: 'adapter:review', suspend: 'adapter:manage', resume: 'adapter:manage', retire: 'adapter:manage' };
const HOLDS: Record<Move, (adapter: AdapterRead) => boolean> = {
  verify: (one) => one.state !== 'retired',
  submit: (one) => one.state === 'registered' || one.state === 'verified',
  approve: (one) => one.state === 'in_review',
  reject: (one) => one.state === 'in_review',
  suspend: (one) => one.callable,
  resume: isHalted,
  retire: (one) => one.state !== 'retired',
};
export const MOVES = Object.keys(RIGHTS) as Move[];

/** What is offered to this caller at all. */
export function offered(adapter: AdapterRead, may: (right: string) => boolean): Move[] { return MOVES.filter((one) => may(RIGHTS[one]) && HOLDS[one](adapter)); }

/** Why it cannot be pressed now; null where it can. What the interface alone knows it says itself. */
export function whyNot(move: Move, adapter: AdapterRead, me: string): Text | null {
  if (move === 'submit' && adapter.state === 'registered') return 'adapter.whyExam';
  if (move === 'approve' && adapter.submitted_by === me) return 'adapter.whyFourEyes';
  return null;
}

/** Who has to act next. */
export function nextOf(state: string): Text {
  const known: Record<string, Text> = { registered: 'adapter.nextRegistered', verified: 'adapter.nextVerified', in_review: 'adapter.nextReview', published: 'adapter.nextPublished', suspended: 'adapter.nextSuspended', rejected: 'adapter.nextRejected' };
  return known[state] ?? 'adapter.nextRetired';
}
