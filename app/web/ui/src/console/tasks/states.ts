// What a task is now, in one word. Pure.
import type { Task } from '../../shared/api/types';
import { session } from '../../shared/session/session';

export type TaskState = 'unreviewed' | 'unapproved' | 'closed' | 'ended' | 'open';
export const TONES: Record<TaskState, 'good' | 'warn' | 'bad' | 'quiet'> = { unreviewed: 'bad', unapproved: 'warn', closed: 'quiet', ended: 'quiet', open: 'good' };

/** Whether a second person has to say yes: it could not wait, or its opener sends himself. */
export function wantsApproval(task: Task): boolean { return !task.approved_at && !task.closed_at && !task.break_glass && (task.emergency || task.assignees?.includes(task.opened_by)); }

/** Whether tasks of this purpose are the caller's to decide on: supervision is supervisors' alone, everything else the leaders'. */
export function mayDecide(task: Task): boolean {
  const roles = session.me?.roles ?? [];
  return task.purpose === 'supervision' ? roles.includes('supervisor') : roles.includes('team_leader');
}

export function stateOf(task: Task, now = Date.now()): TaskState {
  if (task.break_glass && !task.reviewed_at) return 'unreviewed';
  if (task.closed_at) return 'closed';
  if (Date.parse(task.ends_at) <= now) return 'ended';
  return wantsApproval(task) ? 'unapproved' : 'open';
}
