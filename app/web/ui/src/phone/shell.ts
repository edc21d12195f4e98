// The kept shell of this version: whether it is whole, and when a newer one waits. A new one takes over on a tap, never while somebody types.
import { reactive } from 'vue';
import { shellWorker } from '../shared/policy';

export const shell = reactive({ ready: false, version: '', waiting: false });
let tapped = false;
let controlled = Boolean(navigator.serviceWorker?.controller);
let registration: ServiceWorkerRegistration | undefined;

async function told(worker: ServiceWorker): Promise<{ version: string; files: string[] }> {
  const channel = new MessageChannel();
  return new Promise((done, gone) => {
    const timer = setTimeout(() => { gone(new Error('silent')); }, 4000);
    channel.port1.addEventListener('message', (event: MessageEvent<{ version: string; files: string[] }>) => { clearTimeout(timer); done(event.data); });
    channel.port1.start();
    worker.postMessage('version', [channel.port2]);
  });
}

/** Every file of the list is there, or this page does not open without a network. */
async function check(): Promise<void> {
  const active = registration?.active;
  if (!active) return;
  const { version, files } = await told(active);
  const cache = await caches.open(`shell-${version}`);
  const held = await Promise.all(files.map((file) => cache.match(new URL(file, registration?.scope).href)));
  shell.version = version;
  shell.ready = held.every(Boolean);
}

export async function watchShell(): Promise<void> {
  registration = await shellWorker().catch(() => undefined);
  if (!registration) return;
  const ready = () => { shell.waiting = Boolean(registration?.waiting && navigator.serviceWorker.controller); };
  registration.addEventListener('updatefound', () => {
    registration?.installing?.addEventListener('statechange', () => { ready(); void check().catch(() => undefined); });
  });
  // Only the tab in which somebody said so begins anew: another may hold a form.
  navigator.serviceWorker.addEventListener('controllerchange', () => { if (tapped) location.reload(); else if (controlled) shell.waiting = true; controlled = true; });
  ready();
  await navigator.serviceWorker.ready;
  await check().catch(() => undefined);
}

/** Takes the new version: its worker where it still waits, else by beginning anew. */
export function takeOver(): void {
  tapped = true;
  if (registration?.waiting) registration.waiting.postMessage('take-over');
  else location.reload();
}
