// What can be said about a typed code without asking anybody (GB 32100-2015); everything else the gateway resolves.
const PLACES = '0123456789ABCDEFGHJKLMNPQRTUWXY';
const LOOKALIKES: Record<string, string> = { O: '0', I: '1', Z: '2', S: '5', V: 'U' };
const LENGTH = 18;
const PROVINCES = new Set('11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82 83'.split(' '));

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

/** A person's identity number (GB 11643) has the same length: a place, a day of birth, three digits and a check. */
export function isPersonal(text: string): boolean {
  const found = /^(\d{2})\d{4}((?:18|19|20)\d{2})(\d{2})(\d{2})\d{3}[0-9X]$/.exec(text);
  if (!found || !PROVINCES.has(found[1] ?? '')) return false;
  const day = new Date(Date.UTC(Number(found[2]), Number(found[3]) - 1, Number(found[4])));
  if (day.getUTCMonth() !== Number(found[3]) - 1 || day.getUTCDate() !== Number(found[4])) return false;
  const sum = Array.from(text.slice(0, 17)).reduce((before, digit, place) => before + Number(digit) * (2 ** (17 - place) % 11), 0);
  return '10X98765432'[sum % 11] === text[17];
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
