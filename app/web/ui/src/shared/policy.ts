// The only maker of script addresses (Trusted Types). Everything else that would run is refused by the browser.
import workerUrl from '../phone/scan.worker.ts?worker&url';

interface Policies { createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string } }

const SHELL = '/m/sw.js';
const KNOWN = new Set([workerUrl, SHELL]);

function checked(url: string): string {
  if (!KNOWN.has(url)) throw new TypeError('this script is not one of ours');
  return url;
}

const factory = (globalThis as { trustedTypes?: Policies }).trustedTypes;
const policy = factory?.createPolicy('onevisit', { createScriptURL: checked }) ?? { createScriptURL: checked };

/** The worker that reads codes, under a policy of its own. */
export function scanWorker(): Worker {
  return new Worker(policy.createScriptURL(workerUrl), { type: 'module' });
}

/** The service worker's registration; undefined where the browser has none or the page is not secure. */
export async function shellWorker(): Promise<ServiceWorkerRegistration | undefined> {
  if (!('serviceWorker' in navigator)) return undefined;
  return navigator.serviceWorker.register(policy.createScriptURL(SHELL), { updateViaCache: 'none' });
}
