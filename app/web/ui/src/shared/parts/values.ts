// Values of departments as people read them: dates as dates, words for codes, lists one below the other.
import { word, wordOf } from '../words';
import { instant } from '../words/times';

const WORDED = new Set(['yes', 'no', 'unknown', 'not_required', 'expired', 'revoked']);
const DATED = /^\d{4}-\d{2}-\d{2}(T[\d:.]+(Z|[+-]\d{2}:\d{2}))?$/;

export interface Row { field: string; path: string; text: string; rows: Row[][] }

/** What a code of the field at `path` is called; null where the catalogue has no word for it. */
export type Called = (path: string, code: string) => string | null;

function scalar(value: unknown, path: string, called: Called): string {
  if (value === null || value === undefined || value === '') return word('value.none');
  if (typeof value === 'boolean') return word(value ? 'value.yes' : 'value.no');
  if (typeof value === 'number') return value.toLocaleString('zh-CN', { maximumFractionDigits: 6, useGrouping: Math.abs(value) >= 10_000 });
  const text = String(value), known = called(path, text);
  if (known) return known;
  if (WORDED.has(text)) return wordOf('value', text, 'value.unknown');
  return DATED.test(text) ? instant(text) : text;
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The rows of a section's data, in the order told. Lists of objects become rows of rows. */
export function rowsOf(data: Record<string, unknown>, above: string, called: Called): Row[] {
  return Object.entries(data).map(([field, value]) => {
    const path = `${above}.${field}`;
    if (isRecord(value)) return { field, path, text: '', rows: [rowsOf(value, path, called)] };
    if (!Array.isArray(value)) return { field, path, text: scalar(value, path, called), rows: [] };
    const list: unknown[] = value;
    if (!list.some(isRecord)) return { field, path, text: list.length ? list.map((one) => scalar(one, path, called)).join('\n') : word('value.none'), rows: [] };
    return { field, path, text: '', rows: list.map((one) => (isRecord(one) ? rowsOf(one, path, called) : [])) };
  });
}
