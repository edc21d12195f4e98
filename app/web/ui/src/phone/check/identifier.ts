// What can be said about a typed code without asking anybody (GB 32100-2015); everything else the gateway resolves.
const PLACES = '0123456789ABCDEFGHJKLMNPQRTUWXY';
const LOOKALIKES: Record<string, string> = { O: '0', I: '1', Z: '2', S: '5', V: 'U' };
const LENGTH = 18;

export type Verdict =
  | { kind: 'code'; code: string }
  | { kind: 'short' | 'long'; length: number }
  | { kind: 'character'; position: number; character: string; suggestion: string | null }
  | { kind: 'check'; position: number; suggestion: string | null }
  | { kind: 'person' }
  | { kind: 'other' };

/** NFKC, upper case, without blanks, hyphens and signs that nobody sees. */
export function normalised(text: string): string {
  return text.normalize('NFKC').toUpperCase().replace(/[\s\p{Pd}\p{Cf}\p{Cc}]/gu, '');
}

export function checkCharacter(first17: string): string {
  let sum = 0, weight = 1;
  for (const character of first17) {
    sum += PLACES.indexOf(character) * weight;
    weight = (weight * 3) % 31;
  }
  return PLACES[(31 - (sum % 31)) % 31] ?? '';
}

/** A person's identity number has the same length: six digits of a place, a day of birth, three digits and a check. */
export function isPersonal(text: string): boolean {
  const found = /^(\d{6})((?:18|19|20)\d{2})(\d{2})(\d{2})\d{3}[0-9X]$/.exec(text);
  if (!found) return false;
  const month = Number(found[3]), day = Number(found[4]);
  return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

function isSound(code: string): boolean {
  return code.length === LENGTH && [...code].every((c) => PLACES.includes(c)) && checkCharacter(code.slice(0, 17)) === code[17];
}

function withLookalikes(code: string): string | null {
  const meant = [...code].map((c) => LOOKALIKES[c] ?? c).join('');
  return meant !== code && isSound(meant) ? meant : null;
}

/** What a typed text is, with the place of the first fault and one code that may have been meant. */
export function judge(text: string): Verdict {
  const plain = normalised(text);
  if (!/^[0-9A-Z]+$/.test(plain) || !/\d/.test(plain)) return { kind: 'other' };
  if (isPersonal(plain)) return { kind: 'person' };
  if (plain.length < LENGTH) return plain.length > 15 ? { kind: 'short', length: plain.length } : { kind: 'other' };
  if (plain.length > LENGTH) return plain.length < 22 ? { kind: 'long', length: plain.length } : { kind: 'other' };
  const place = [...plain].findIndex((c) => !PLACES.includes(c));
  if (place >= 0) return { kind: 'character', position: place + 1, character: plain[place] ?? '', suggestion: withLookalikes(plain) };
  if (!isSound(plain)) return { kind: 'check', position: LENGTH, suggestion: null };
  return { kind: 'code', code: plain };
}

/** Whether a text may stand in an address: a sound code of a business, or an older number that is no person's. */
export function mayStandInAddress(id: string): boolean {
  return !isPersonal(normalised(id)) && /^[0-9A-Za-z:_.-]{1,80}$/.test(id);
}
