// What is said, in the language that was chosen. Reactive: a screen changes its words at once.
import { ref } from 'vue';
import type { Words } from '../api/types';
import { en } from './en';
import { zh } from './zh';

export type Language = 'zh' | 'en';
export type Word = keyof typeof zh;

export const language = ref<Language>('zh');

type Places = Record<string, string | number>;

/** Gives the words of a list in the language that was chosen, with their places filled in. A key that one of both lacks does not compile. */
export function wordsOf<Key extends string>(lists: Record<Language, Record<Key, string>>): (key: Key, places?: Places) => string {
  return (key, places = {}) => lists[language.value][key].replace(/\{(\w+)\}/g, (whole, name: string) => String(places[name] ?? whole));
}

/** What both pages say. */
export const word = wordsOf<Word>({ zh, en });

/** A word of a family that a later release may enlarge: `prefix.value`, or `fallback` where the list lacks it. */
export function wordOf(prefix: string, value: string, fallback: Word): string {
  const key = `${prefix}.${value}`;
  return key in zh ? word(key as Word) : word(fallback);
}

/** What the interface says in both languages. */
export function say(both: Words | null | undefined): string {
  return both ? both[language.value] || both.en || both.zh : '';
}

/** What stands between the parts of a list, and between a name and what is said of it. */
export function joiner(): string { return language.value === 'zh' ? '、' : ', '; }
export function colon(): string { return language.value === 'zh' ? '：' : ': '; }

/** Two sentences of the interface, one after another, each with its full stop. */
export function sentences(...parts: (Words | null | undefined)[]): string {
  const stop = language.value === 'zh' ? '。' : '. ';
  const said = parts.map(say).filter(Boolean).map((part) => part.replace(/[。.\s]+$/u, ''));
  return said.length ? (said.join(stop) + stop).trim() : '';
}
