// Agreements: their states, and what a party may do in each. Pure.
import type { Agreement } from '../../shared/api/types';
import { session } from '../../shared/session/session';

export const STATES = ['draft', 'pending', 'active', 'suspended', 'archived', 'rejected'] as const;
export const TONES: Record<Agreement['state'], 'good' | 'warn' | 'bad' | 'quiet'> = { draft: 'quiet', pending: 'warn', active: 'good', suspended: 'bad', archived: 'quiet', rejected: 'bad' };
export type AgreementMove = 'submit' | 'sign' | 'reject' | 'suspend' | 'resume' | 'archive';
const FROM: Record<AgreementMove, string[]> = { submit: ['draft'], sign: ['pending'], reject: ['draft', 'pending'], suspend: ['active'], resume: ['suspended'], archive: ['active', 'suspended'] };
export const ASKS_WHY = new Set<AgreementMove>(['reject', 'suspend', 'resume', 'archive']);
export const DANGER = new Set<AgreementMove>(['reject', 'suspend', 'archive']);

type Party = Agreement['waits_for'][number];

/** Whether the caller acts for a party, as far as the page knows; the interface decides. */
export function isMine(one: Agreement, party: Party): boolean {
  if (party === 'coordinator') return session.me?.roles.includes('coordinator') ?? false;
  return (session.me?.roles.some((role) => role === 'data_manager' || role === 'cdo') ?? false) && session.me?.department === one[party];
}

/** What the state lets anybody do; whose turn it is the interface says. */
export function movesOf(state: string): AgreementMove[] { return (Object.keys(FROM) as AgreementMove[]).filter((one) => FROM[one].includes(state)); }
