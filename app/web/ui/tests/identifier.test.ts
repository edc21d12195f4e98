import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { checkCharacter, isPersonal, judge, mayStandInAddress } from '../src/phone/check/identifier';

const CODE = '91330106MA2YYY034D';

test('a sound code, however it was typed', () => {
  for (const text of [CODE, CODE.toLowerCase(), '9133 0106-MA2YYY034D', '９１３３０１０６MA2YYY034D']) expect(judge(text)).toEqual({ kind: 'code', code: CODE });
});

test('the place of what is wrong, and what may have been meant', () => {
  expect(judge('9133O106MA2YYY034D')).toEqual({ kind: 'character', position: 5, character: 'O', suggestion: CODE });
  expect(judge(`${CODE.slice(0, 17)}E`)).toEqual({ kind: 'check', position: 18, suggestion: null });
  expect(judge(CODE.slice(0, 17))).toEqual({ kind: 'short', length: 17 });
  expect(judge(`${CODE}1`)).toEqual({ kind: 'long', length: 19 });
});

test('a person’s number is seen for what it is and never stands in an address', () => {
  expect(judge('11010519491231002X')).toEqual({ kind: 'person' });
  expect(isPersonal('11010519491231002X')).toBe(true);
  expect(isPersonal('110105194912310021')).toBe(false);
  expect(isPersonal('913101201406045274')).toBe(false);
  expect(mayStandInAddress('11010519491231002X')).toBe(false);
  expect(mayStandInAddress(CODE)).toBe(true);
  expect(mayStandInAddress('杭州示例')).toBe(false);
});

test('names, older numbers and addresses are the gateway’s to resolve', () => {
  for (const text of ['杭州示例餐饮有限公司', '330106000012345', 'https://qr.example.cn/a?b=1', '']) expect(judge(text).kind).toBe('other');
});

test('the check character is that of the contract’s own examples', () => {
  const source = readFileSync(new URL('../../../../adapters/contract/business_id.py', import.meta.url), 'utf-8');
  expect(source).toContain('>>> uscc_check_character("91110105MA0YYY014")');
  expect(checkCharacter('91110105MA0YYY014')).toBe('T');
});
