// What the console says beside what both pages say.
import { wordsOf } from '../../shared/words';
import { sharingEn } from './sharing.en';
import { sharingZh } from './sharing.zh';
import { workEn } from './work.en';
import { workZh } from './work.zh';

const zh = { ...workZh, ...sharingZh };
export type Text = keyof typeof zh;

export const text = wordsOf<Text>({ zh, en: { ...workEn, ...sharingEn } });

/** A text of a family that a later release may enlarge: `prefix.value`, or the value as it is. */
export function textOf(prefix: string, value: string): string {
  const key = `${prefix}.${value}`;
  return key in zh ? text(key as Text) : value;
}
