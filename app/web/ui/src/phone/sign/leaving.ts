// Signing out of a device: nothing of the person is left on it.
import { forget } from '../../shared/seal/vault';
import { wipe } from '../../shared/store/store';
import { signOut } from '../session';

/** Ends the sign-in, deletes databases, caches and workers, and begins anew. Preferences, which name nobody, stay. */
export async function leaveDevice(): Promise<void> {
  await signOut();
  forget();
  await wipe().catch(() => undefined);
  sessionStorage.clear();
  if ('caches' in globalThis) for (const name of await caches.keys()) await caches.delete(name);
  if ('serviceWorker' in navigator) for (const one of await navigator.serviceWorker.getRegistrations()) await one.unregister();
  location.replace('/m/');
  location.reload();
}
