import { readFileSync, readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { sharingEn } from '../src/console/words/sharing.en';
import { sharingZh } from '../src/console/words/sharing.zh';
import { workEn } from '../src/console/words/work.en';
import { workZh } from '../src/console/words/work.zh';
import { en } from '../src/shared/words/en';
import { zh } from '../src/shared/words/zh';
import { language, sentences, word, wordOf } from '../src/shared/words';

const SOURCES = readdirSync(new URL('../src', import.meta.url), { recursive: true, withFileTypes: true })
  .filter((one) => one.isFile() && /\.(ts|vue)$/.test(one.name) && !one.parentPath.includes('words') && one.name !== 'gateway.d.ts')
  .map((one) => readFileSync(`${one.parentPath}/${one.name}`, 'utf-8'));
const OUTCOMES = ['breaker_open', 'cached', 'denied', 'fresh', 'malformed', 'not_applicable', 'not_found', 'shed', 'stale', 'timed_out', 'unavailable'];

test('both languages have the same places to fill in', () => {
  const places = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();
  for (const key of Object.keys(zh) as (keyof typeof zh)[]) expect([key, places(en[key])]).toEqual([key, places(zh[key])]);
});

test('every outcome has a word, and one that a later release adds is not shown as a code', () => {
  for (const outcome of OUTCOMES) expect(wordOf('outcome', outcome, 'outcome.other')).not.toBe(word('outcome.other'));
  expect(wordOf('outcome', 'something_new', 'outcome.other')).toBe('其他结果');
});

test('no word is unused', () => {
  const text = SOURCES.join('\n');
  const families = ['registered', 'taxes_on_time', 'fire_permit', 'outcome.', 'value.', 'role.', 'purpose.', 'help.', 'set.theme.', 'result.', 'outbox.state.', 'record.', 'delivery.', 'visit.lacks.', 'answer.', 'age.', 'presence.'];
  const unused = Object.keys(zh).filter((key) => !text.includes(`'${key}'`) && !families.some((family) => key.startsWith(family)));
  expect(unused).toEqual([]);
});

test('sentences end once', () => {
  language.value = 'zh';
  expect(sentences({ zh: '部门未返回', en: 'x' }, { zh: '稍后重试。', en: 'y' })).toBe('部门未返回。稍后重试。');
  language.value = 'en';
  expect(sentences({ zh: 'x', en: 'No answer.' }, { zh: 'y', en: 'Try later' })).toBe('No answer. Try later.');
  language.value = 'zh';
});

test('no page makes markup out of text', () => {
  for (const source of SOURCES) expect(source).not.toMatch(/v-html|innerHTML|outerHTML|insertAdjacentHTML|document\.write|new Function|\beval\(/);
});

test('the console has a word for all it says, and says all it has', () => {
  const ours = { ...workZh, ...sharingZh }, theirs = { ...workEn, ...sharingEn };
  const places = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();
  for (const key of Object.keys(ours) as (keyof typeof ours)[]) expect([key, places(theirs[key])]).toEqual([key, places(ours[key])]);
  const families = ['adapter.do.', 'adapter.done.', 'agreement.do.', 'agreement.done.', 'tasks.is.', 'tasks.done.', 'verdict.', 'form.', 'state.', 'agreed.', 'clause.', 'wanted.', 'help.', 'rules.as.', 'acted.', 'party.', 'exam.', 'credentials.', 'entry.'];
  const text = SOURCES.join('\n');
  expect(Object.keys(ours).filter((key) => !text.includes(`'${key}'`) && !families.some((family) => key.startsWith(family)))).toEqual([]);
});
