// What a task is now, in one word. Pure.
import type { Task } from '../../shared/api/types';

export type TaskState = 'unreviewed' | 'unapproved' | 'closed' | 'ended' | 'open';
export const TONES: Record<TaskState, 'good' | 'warn' | 'bad' | 'quiet'> = { unreviewed: 'bad', unapproved: 'warn', closed: 'quiet', ended: 'quiet', open: 'good' };

export function stateOf(task: Task, now = Date.now()): TaskState {
  if (task.break_glass && !task.reviewed_at) return 'unreviewed';
  if (task.closed_at) return 'closed';
  if (Date.parse(task.ends_at) <= now) return 'ended';
  return task.emergency && !task.approved_at ? 'unapproved' : 'open';
}
