import { expect, test } from 'vitest';
import { parse, tame } from '../src/shared/api/tame';

test('marks that turn the order of a text do not get onto a screen', () => {
  for (const mark of ['\u202e', '\u2066', '\u200f', '\u061c', '\u202a']) expect(tame(`店${mark}名`)).toBe('店\ufffd名');
  expect(tame('正常名称 ABC')).toBe('正常名称 ABC');
  expect(tame('多行\n文字\t')).toBe('多行\n文字\t');
});

test('thousands of combining marks stay in their line', () => {
  const piled = `店${'\u0301'.repeat(5000)}铺`;
  expect(tame(piled)).toBe(`店${'\u0301'.repeat(4)}铺`);
  expect(tame('é à')).toBe('é à');
});

test('every text of an answer is tamed, however deep', () => {
  expect(parse('{"a":["x\\u202ey",{"b":"\\u0000z"}]}')).toEqual({ a: ['x\ufffdy', { b: '\ufffdz' }] });
  expect(parse('{"x\\u202ey":{"a\\u200f":1}}')).toEqual({ 'x\ufffdy': { 'a\ufffd': 1 } });
  expect(() => parse('<html>')).toThrow(SyntaxError);
});
