// What waits for the caller: one list a right, each asked by itself, so that one that fails hides no other.
import type { AdapterRead, Agreement, Delivery, Inspection, Job, Notice, Task } from '../../shared/api/types';
import { titleOf } from '../../shared/session/catalogue';
import { session } from '../../shared/session/session';
import { joiner, say } from '../../shared/words';
import { isMine } from '../agreements/states';
import { isHalted } from '../adapters/states';
import { mayDecide } from '../tasks/states';
import { text, textOf, type Text } from '../words';

export interface Waiting { id: string; title: string; more: string; at: string; to: string }
export interface Source { key: string; title: Text; needs: string; path: string; rows: (answer: unknown) => Waiting[]; all: string }

const MOST = 50;
const items = <T>(answer: unknown): T[] => (Array.isArray(answer) ? answer as T[] : (answer as { items: T[] }).items);

function adapters(answer: unknown, keep: (one: AdapterRead) => boolean): Waiting[] {
  return items<AdapterRead>(answer).filter(keep).map((one) => ({ id: one.id, title: one.id, more: `${titleOf(one.section)} · ${textOf('state', one.state)}`, at: one.updated_at, to: `/adapters/${one.id}` }));
}

function tasks(answer: unknown, keep: (one: Task) => boolean): Waiting[] {
  return items<Task>(answer).filter(keep).map((one) => ({ id: one.id, title: one.business_name || one.business_id, more: one.basis, at: one.opened_at, to: '/tasks' }));
}

export const SOURCES: Source[] = [
  { key: 'reviews', title: 'now.reviews', needs: 'adapter:review', path: '/v1/adapters', all: '/adapters?state=in_review', rows: (answer) => adapters(answer, (one) => one.state === 'in_review') },
  { key: 'trouble', title: 'now.trouble', needs: 'adapter:read', path: '/v1/adapters', all: '/adapters', rows: (answer) => adapters(answer, (one) => one.state === 'rejected' || isHalted(one)) },
  {
    key: 'agreements', title: 'now.agreements', needs: 'agreement:manage', path: `/v1/agreements?state=pending&limit=${MOST}`, all: '/agreements?state=pending',
    rows: (answer) => items<Agreement>(answer).filter((one) => one.waits_for.some((party) => isMine(one, party))).map((one) => ({ id: `${one.agreement_id} ${one.version}`, title: one.agreement_id, more: text('now.waitsFor', { who: one.waits_for.map((party) => textOf('party', party)).join(joiner()) }), at: one.updated_at, to: `/agreements/${one.agreement_id}/${one.version}` })),
  },
  { key: 'approvals', title: 'now.approvals', needs: 'task:open', path: `/v1/tasks?mine=false&unapproved=true&limit=${MOST}`, all: '/tasks?shown=unapproved', rows: (answer) => tasks(answer, (one) => mayDecide(one) && one.opened_by !== session.me?.subject) },
  { key: 'glass', title: 'now.glass', needs: 'task:open', path: `/v1/tasks?mine=false&unreviewed=true&limit=${MOST}`, all: '/tasks?shown=unreviewed', rows: (answer) => tasks(answer, mayDecide) },
  {
    key: 'confirmations', title: 'now.confirmations', needs: 'inspection:write', path: `/v1/inspections?waiting=true&limit=${MOST}`, all: '/',
    rows: (answer) => items<Inspection>(answer).map((one) => ({ id: one.id, title: one.business_name || one.business_id, more: text('now.onPhone'), at: one.submitted_at, to: `/records/${one.id}` })),
  },
  {
    key: 'dead', title: 'now.dead', needs: 'delivery:read', path: `/v1/deliveries?state=dead&limit=${MOST}`, all: '/deliveries?state=dead',
    rows: (answer) => items<Delivery>(answer).map((one) => ({ id: one.id, title: titleOf(one.department), more: one.last_error ?? '', at: one.created_at, to: '/deliveries?state=dead' })),
  },
  {
    key: 'jobs', title: 'now.jobs', needs: 'job:manage', path: '/v1/jobs', all: '/',
    rows: (answer) => items<Job>(answer).filter((one) => one.outcome === 'failed').map((one) => ({ id: one.name, title: say(one.text), more: one.error ?? '', at: one.ended_at ?? one.at, to: '/' })),
  },
  {
    key: 'inbox', title: 'now.inbox', needs: 'self:read', path: `/v1/inbox?unread=true&limit=${MOST}`, all: '/',
    rows: (answer) => items<Notice>(answer).map((one) => ({ id: one.id, title: say(one.text), more: say(one.what_now), at: one.created_at, to: whereOf(one) })),
  },
];

function whereOf(one: Notice): string {
  const [agreement, version] = one.about.id.split('@');
  if (one.about.kind === 'agreement' && version) return `/agreements/${agreement}/${version}`;
  if (one.about.kind === 'task') return '/tasks';
  if (one.about.kind === 'adapter') return `/adapters/${one.about.id}`;
  if (one.about.kind === 'inspection' || one.about.kind === 'record') return `/records/${one.about.id}`;
  return '/';
}
