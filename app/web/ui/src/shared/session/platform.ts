// The city's identity platform: OpenID Connect code flow with PKCE (RFC 7636), without any secret in the page.
import { Unreachable, within } from '../api/http';
import { parse } from '../api/tame';
import type { SignOn, Token } from '../api/types';
import { HOME } from './here';

const KEY = 'onevisit.sign-on';

interface Metadata { authorization_endpoint: string; token_endpoint: string }
interface Begun { state: string; verifier: string; back: string }

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function random(): string { return base64url(crypto.getRandomValues(new Uint8Array(32))); }

async function metadata(issuer: string): Promise<Metadata> {
  const response = await fetch(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, { credentials: 'omit', signal: within(8000) });
  if (!response.ok) throw new Unreachable();
  return parse(await response.text()) as Metadata;
}

function returnTo(): string { return `${location.origin}${HOME}`; }

/** Leads to the platform; the screen comes back to where it was. */
export async function leave(ways: SignOn): Promise<void> {
  const found = await metadata(ways.issuer ?? '');
  const begun: Begun = { state: random(), verifier: random(), back: location.hash };
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(begun.verifier));
  sessionStorage.setItem(KEY, JSON.stringify(begun));
  const query = new URLSearchParams({
    response_type: 'code', client_id: ways.client_id ?? '', redirect_uri: returnTo(), scope: ways.scopes.join(' '),
    state: begun.state, code_challenge: base64url(new Uint8Array(digest)), code_challenge_method: 'S256', prompt: 'login',
  });
  location.assign(`${found.authorization_endpoint}?${query}`);
}

export interface Returned { token: Token; back: string }

/** What the platform's answer in the address is worth: a token and the screen of before, null where there is none. Throws where it is not ours. */
export async function returned(ways: () => Promise<SignOn | null>): Promise<Returned | null> {
  const query = new URLSearchParams(location.search);
  if (!query.has('state')) return null;
  const begun = JSON.parse(sessionStorage.getItem(KEY) ?? 'null') as Begun | null;
  sessionStorage.removeItem(KEY);
  history.replaceState(null, '', location.pathname);
  if (!begun || query.get('state') !== begun.state || !query.get('code')) throw new Unreachable();
  const known = await ways();
  if (!known?.issuer) throw new Unreachable();
  const found = await metadata(known.issuer);
  const body = new URLSearchParams({
    grant_type: 'authorization_code', code: query.get('code') ?? '', redirect_uri: returnTo(), client_id: known.client_id ?? '', code_verifier: begun.verifier,
  });
  const response = await fetch(found.token_endpoint, { method: 'POST', body, credentials: 'omit', signal: within(8000) });
  if (!response.ok) throw new Unreachable();
  return { token: parse(await response.text()) as Token, back: begun.back.replace(/^#/, '') };
}
