// Who is signed in. Token and person change together; the sign-in is sealed on this device until it ends, so that a page the phone closed opens again.
import { reactive } from 'vue';
import { Refused, Unreachable, told, within, type Bearer } from '../api/http';
import type { Me, SignOn, Token } from '../api/types';
import { keep, opened } from '../seal/vault';
import { get, remove } from '../store/store';

export const session = reactive({
  me: null as Me | null,
  until: 0,
  /** The sign-in has to be made (again); the screen below stays as it is. */
  wanted: false,
  ways: null as SignOn | null,
});

interface Kept { token: string; until: number; me: Me }

const ID = 'session';
const HEAD = { id: ID, person: '', kind: 'session' } as const;
const FOREVER = 8.64e15;  // whether it has ended the gateway says, not the clock of a phone
let token: string | null = null;
/** A token whose owner could not be asked yet: its code is used up, and must not be used again. */
let pending: { code: string; given: Token } | null = null;

export const bearer: Bearer = {
  token: () => token,
  person: () => session.me?.subject ?? null,
  refused(used) {
    if (used === null || used !== token) return;  // a late answer to the token of before, or to none
    token = null;
    session.wanted = true;
    void remove(ID).catch(() => undefined);
  },
};

/** How this gateway lets pages sign on; null where it does not answer. */
export async function waysOf(): Promise<SignOn | null> {
  session.ways ??= await told<SignOn>(null, '/v1/sign-on').catch(() => null);
  return session.ways;
}

function alone(of: string): Bearer { return { token: () => of, person: () => null, refused: () => undefined }; }

async function taken(given: Token): Promise<void> {
  await remove(ID).catch(() => undefined);  // whoever was here before is not found again, whatever comes next
  const me = await told<Me>(alone(given.access_token), '/v1/me');
  const kept: Kept = { token: given.access_token, until: Date.now() + given.expires_in * 1000, me };
  await keep({ ...HEAD, at: Date.now(), until: FOREVER }, kept).catch(() => undefined);
  token = kept.token;
  session.me = me;
  session.until = kept.until;
  session.wanted = false;
  void navigator.storage?.persist?.().catch(() => false);
}

/** Takes a token for a one-time code. Throws `Refused` of the code's own door as `CodeRefused`. */
export class CodeRefused extends Error {}

export async function signInByCode(text: string): Promise<void> {
  const code = text.trim();
  if (pending?.code !== code) {
    const body = new URLSearchParams({ grant_type: 'urn:onevisit:grant-type:one-time-code', code });
    try {
      pending = { code, given: await told<Token>(null, '/v1/token', { method: 'POST', body }) };
    } catch (error) {
      if (error instanceof Refused && [400, 401, 403, 422].includes(error.status)) throw new CodeRefused();
      throw error;
    }
  }
  await taken(pending.given);
  pending = null;
}

export async function signInByToken(given: Token): Promise<void> { await taken(given); }

/** Signs in with what is kept on this device; says whether somebody is signed in now, as far as is known without a network. */
export async function signInAgain(): Promise<boolean> {
  const row = await get(ID).catch(() => undefined);
  const found = row ? await opened<Kept>(row).catch(() => undefined) : undefined;
  if (!found) return false;
  token = found.token;
  session.until = found.until;
  session.me = found.me;
  told<Me>(bearer, '/v1/me').then((me) => { if (session.me?.subject === me.subject) session.me = me; }, (error: unknown) => {
    const passing = error instanceof Unreachable || (error instanceof Refused && (error.status >= 500 || error.status === 429));
    if (!passing && token === found.token) session.wanted = true;
  });
  return true;
}

/** Ends the sign-in at the gateway where it can be reached, and here in any case. The screen stays until the page begins anew. */
export async function signOut(): Promise<void> {
  await told(bearer, '/v1/me:sign-out', { method: 'POST', signal: within(3000) }).catch(() => undefined);
  token = null;
  await remove(ID).catch(() => undefined);
}

/** Nobody is signed in any more, in this page. */
export function drop(): void {
  token = null;
  session.me = null;
  session.until = 0;
}

/** Whether the caller may do this, as far as is known. */
export function may(permission: string): boolean {
  return session.me?.permissions.some((one) => one === permission) ?? false;
}
