// Who is signed in. The token lives in memory, and sealed on this device until it ends, so that a page the phone closed opens again.
import { reactive } from 'vue';
import { Refused, Unreachable, told, within, type Bearer } from '../shared/api/http';
import type { Me, SignOn, Token } from '../shared/api/types';
import { kept, keep, Locked } from '../shared/seal/vault';
import { remove } from '../shared/store/store';

export const session = reactive({
  me: null as Me | null,
  until: 0,
  /** The sign-in has to be made (again); the screen below stays as it is. */
  wanted: false,
  ways: null as SignOn | null,
});

const ID = 'session';
let token: string | null = null;

export const bearer: Bearer = {
  token: () => token,
  refused() { token = null; session.wanted = true; },
};

const HEAD = { id: ID, person: '', kind: 'session' } as const;

/** How this gateway lets pages sign on; null where it does not answer. */
export async function waysOf(): Promise<SignOn | null> {
  session.ways ??= await told<SignOn>(null, '/v1/sign-on').catch(() => null);
  return session.ways;
}

async function taken(given: Token): Promise<void> {
  token = given.access_token;
  session.until = Date.now() + given.expires_in * 1000;
  session.me = await told<Me>(bearer, '/v1/me');
  session.wanted = false;
  try {
    await keep({ ...HEAD, at: Date.now(), until: session.until }, { token, until: session.until, me: session.me });
  } catch { /* locked, full or no storage: it lives in memory alone */ }
}

export async function signInByCode(code: string): Promise<void> {
  const body = new URLSearchParams({ grant_type: 'urn:onevisit:grant-type:one-time-code', code: code.trim() });
  await taken(await told<Token>(null, '/v1/token', { method: 'POST', body }));
}

/** Signs in with what is kept on this device; says whether somebody is signed in now, as far as is known without a network. */
export async function signInAgain(): Promise<boolean> {
  let row: { value: { token: string; until: number; me: Me } } | undefined;
  try {
    row = await kept(ID);
  } catch (error) {
    if (error instanceof Locked) return false;
    return false;
  }
  if (!row) return false;
  ({ token, until: session.until, me: session.me } = row.value);
  told<Me>(bearer, '/v1/me').then((me) => { session.me = me; }, (error: unknown) => {
    if (!(error instanceof Unreachable) && !(error instanceof Refused && error.status >= 500)) session.wanted = true;
  });
  return true;
}

/** Ends the sign-in at the gateway where it can be reached, and here in any case. */
export async function signOut(): Promise<void> {
  await told(bearer, '/v1/me:sign-out', { method: 'POST', signal: within(3000) }).catch(() => undefined);
  token = null;
  session.me = null;
  session.until = 0;
  await remove(ID).catch(() => undefined);
}

/** Whether the caller may do this, as far as is known. */
export function may(permission: string): boolean {
  return session.me?.permissions.some((one) => one === permission) ?? false;
}

export async function signInByToken(given: Token): Promise<void> { await taken(given); }
