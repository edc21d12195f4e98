// When the vault locks by itself, and what too many wrong tries delete.
import { dropPin, hasPin, lock, locked } from '../seal/vault';
import { endWriting, every, remove } from '../store/store';
import { drop } from './session';

const AWAY_MS = 300_000;
const PROTECTED = new Set(['copy', 'recent', 'session']);
const listeners = new Set<() => void>();

export function onUnlocked(act: () => void): void { listeners.add(act); }

export function unlocked(): void { for (const act of listeners) act(); }

/** Everything that the PIN protects goes, the sign-in and what stands in memory too; drafts and what waits to be sent stay. */
export async function forgetProtected(): Promise<void> {
  endWriting();
  drop();
  for (const row of await every()) if (PROTECTED.has(row.kind)) await remove(row.id);
  await dropPin();
  location.reload();
}

/** Locks once the page was hidden for five minutes; locked from the start where a PIN is set. */
export async function watchLock(): Promise<void> {
  if (await hasPin().catch(() => false)) locked.value = true;
  let timer: ReturnType<typeof setTimeout> | undefined, hiddenAt = 0;
  document.addEventListener('visibilitychange', () => {
    clearTimeout(timer);
    if (document.visibilityState === 'hidden') {
      hiddenAt = Date.now();
      timer = setTimeout(() => { void lock(); }, AWAY_MS);
    } else if (hiddenAt && Math.abs(Date.now() - hiddenAt) > AWAY_MS) void lock();
  });
}
