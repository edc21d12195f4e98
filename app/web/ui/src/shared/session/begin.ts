// How the page begins: a link with a one-time code, an answer of the identity platform, or what is kept on this device.
import { reactive } from 'vue';
import { locked } from '../seal/vault';
import { session, signInAgain, signInByToken, waysOf } from './session';
import { returned } from './platform';

export const begun = reactive<{ done: boolean; failed: boolean; code: string }>({ done: false, failed: false, code: '' });

/** Takes a one-time code out of the address before anything else sees it; it is used when somebody says so, not by opening a link. */
export function takeCode(): void {
  const found = /[#&/]sign-on[=/]([^&]+)/.exec(location.hash);
  if (!found?.[1]) return;
  begun.code = found[1].replaceAll(/%2D/gi, '-').slice(0, 200);
  history.replaceState(null, '', `${location.pathname}#/`);
}

/** A link that was opened in a page that runs already. */
export function linked(given: string): void {
  begun.code = given.slice(0, 200);
  session.wanted = true;
}

/** Signs in by whatever there is; whoever is unknown afterwards sees the dialog. Where a sign-in was tried, nobody of before takes its place. Gives the screen to return to. */
export async function enter(): Promise<string | null> {
  if (locked.value) return null;
  void waysOf();
  const tried = new URLSearchParams(location.search).has('state');
  try {
    const found = await returned(waysOf).catch(() => { begun.failed = true; return null; });
    if (found) await signInByToken(found.token).catch(() => { begun.failed = true; });
    if (!session.me && !tried && !begun.code) await signInAgain();
    return found?.back ?? null;
  } finally {
    begun.done = true;
  }
}
