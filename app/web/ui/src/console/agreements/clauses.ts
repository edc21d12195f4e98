// What a clause says, in words: fields and sections by their titles, codes by their names.
import { labelAt, titleOf } from '../../shared/session/catalogue';
import { colon, joiner, word, wordOf } from '../../shared/words';
import { text } from '../words';

interface Section { section: string; fields?: string[] | null }

function sections(value: Section[] | null): string {
  if (!value) return text('agreement.allSections');
  return value.map((one) => `${titleOf(one.section)}${colon()}${one.fields ? one.fields.map((field) => labelAt(`${one.section}.${field}`) ?? field).join(joiner()) : text('agreement.allFields')}`).join('\n');
}

/** A clause by its name in the interface; nothing is a dash. */
export function clauseWords(clause: string, value: unknown): string {
  if (clause === 'sections') return sections(value as Section[] | null);
  if (value === null || value === undefined || value === '') return '–';
  if (typeof value === 'boolean') return word(value ? 'value.yes' : 'value.no');
  if (clause === 'purposes' && Array.isArray(value)) return value.map((one) => wordOf('purpose', String(one), 'purpose.other')).join(joiner());
  if (clause === 'roles' && Array.isArray(value)) return value.map((one) => wordOf('role', String(one), 'role.other')).join(joiner());
  if (clause === 'strictest_class') return text('agreement.class', { n: String(value) });
  return Array.isArray(value) ? value.map(String).join(joiner()) : typeof value === 'object' ? JSON.stringify(value) : String(value as string | number);
}
