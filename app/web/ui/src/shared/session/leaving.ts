// Signing out of a device: nothing of the person is left on it, and nothing of another person is touched.
import { forget } from '../seal/vault';
import { endWriting, every, remove, wipe } from '../store/store';
import { HOME } from './here';
import { signOut } from './session';

const KEPT_FOR_OTHERS = new Set(['outbox', 'draft']);

/** How many records of this person have no receipt yet, by what lies on the device. Throws where that cannot be read. */
export async function unsentOf(person: string): Promise<number> {
  return (await every()).filter((row) => row.person === person && KEPT_FOR_OTHERS.has(row.kind)).length;
}

/** Ends the sign-in and deletes what is this person's; the database, caches and workers too, unless records of others wait. Preferences, which name nobody, stay. */
export async function leaveDevice(person: string): Promise<void> {
  endWriting();
  await signOut();
  const others = (await every().catch(() => [])).filter((row) => row.person !== person && KEPT_FOR_OTHERS.has(row.kind));
  if (others.length) {
    const kept = new Set(others.map((row) => row.id));
    for (const row of await every()) if (!kept.has(row.id)) await remove(row.id);
  } else {
    forget();
    await wipe().catch(() => undefined);
    if ('caches' in globalThis) for (const name of await caches.keys()) await caches.delete(name);
    if ('serviceWorker' in navigator) for (const one of await navigator.serviceWorker.getRegistrations()) await one.unregister();
  }
  sessionStorage.clear();
  history.replaceState(null, '', HOME);
  location.reload();
}
