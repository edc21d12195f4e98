// Records that want the caller's own word: how many, for every screen to say.
import { reactive } from 'vue';
import { told, type Bearer } from '../../shared/api/http';
import type { Inspection } from '../../shared/api/types';

interface Waiting { items: Inspection[]; known: boolean }

export const waiting = reactive<Waiting>({ items: [], known: false });

/** Throws as `told`; what is known stays then. */
export async function loadWaiting(bearer: Bearer, person: string): Promise<void> {
  const page = await told<{ items: Inspection[] }>(bearer, '/v1/inspections?waiting=true&limit=50');
  if (bearer.person() === person) Object.assign(waiting, { items: page.items, known: true });
}

export function forgetWaiting(): void { Object.assign(waiting, { items: [], known: false }); }
