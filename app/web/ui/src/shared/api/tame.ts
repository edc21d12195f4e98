// Texts of departments are shown as they are, but may neither turn the order of what stands beside them nor climb out of their line.
const TURNING = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
const HIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028\u2029\ufeff]/gu;
const PILED = /(\p{M}{4})\p{M}+/gu;
const MARK = '\ufffd';

/** A text without marks that turn its order (they stand as U+FFFD) and with four combining marks a letter at most. */
export function tame(text: string): string {
  return text.replace(TURNING, MARK).replace(HIDDEN, MARK).replace(PILED, '$1');
}

/** JSON whose every text is tamed, names of fields too. Throws `SyntaxError`. */
export function parse(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown) => {
    if (typeof value === 'string') return tame(value);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    const names = Object.keys(value);
    if (names.every((name) => tame(name) === name)) return value;
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [tame(name), one]));
  });
}
