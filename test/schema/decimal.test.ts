import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isNegative, parseDecimal, sortableDecimal } from '../../schema/decimal.ts';

const amount = fc.bigInt({ min: -999_999_999_999_999_999n, max: 999_999_999_999_999_999n });

function written(millionths: bigint): string {
  const digits = String(millionths < 0n ? -millionths : millionths).padStart(7, '0');
  return `${millionths < 0n ? '-' : ''}${digits.slice(0, -6)}.${digits.slice(-6)}`;
}

describe('a decimal number', () => {
  it.each([
    ['22.72', '22.720000'],
    ['22.720000', '22.720000'],
    ['22.7200000000', '22.720000'],
    ['-3', '-3.000000'],
    ['+3', '3.000000'],
    ['007', '7.000000'],
    ['.5', '0.500000'],
    ['-0.0', '0.000000'],
    ['1,234,567.8', '1234567.800000'],
    ['１２．５', '12.500000'],
    [' 12 ', '12.000000'],
    ['−1', '-1.000000'],
    ['999999999999.999999', '999999999999.999999'],
  ])('%p is %s', (text, normal) => expect(parseDecimal(text)).toBe(normal));

  it.each([
    '',
    '.',
    '-',
    '5.',
    '1e3',
    '1.2345678',
    '1000000000000',
    '12,34',
    '1,2345',
    '12.5万',
    'NaN',
    'Infinity',
    '0x10',
    '1.2.3',
    '--1',
  ])('%p is refused', (text) => {
    expect(parseDecimal(text)).toBeUndefined();
  });

  it.each([
    [{ scale: 0, digits: 3 }, '123', '123'],
    [{ scale: 0, digits: 3 }, '1234', undefined],
    [{ scale: 2, digits: 5 }, '123.4', '123.40'],
    [{ scale: 2, digits: 5 }, '1234', undefined],
    [{ scale: 2, digits: 5 }, '1.234', undefined],
  ])('of the shape %j reads %s as %s', (shape, text, normal) => expect(parseDecimal(text, shape)).toBe(normal));

  it('keeps every amount exactly', () => {
    fc.assert(fc.property(amount, (millionths) => expect(parseDecimal(written(millionths))).toBe(written(millionths))));
  });

  it('sorts as text in the order of the numbers', () => {
    const close = fc.tuple(amount, fc.bigInt({ min: -2n, max: 2n })).map(([one, step]) => [one, one + step] as const);
    fc.assert(
      fc.property(fc.oneof(close, fc.tuple(amount, amount)), ([a, b]) => {
        fc.pre(b < 10n ** 18n && b > -(10n ** 18n));
        const [left, right] = [sortableDecimal(written(a)), sortableDecimal(written(b))];
        expect([left < right, left === right]).toEqual([a < b, a === b]);
      }),
    );
  });

  it('that is none does not sort', () => expect(() => sortableDecimal('x')).toThrow(RangeError));

  it.each([
    ['-3.000000', true],
    ['-0.000001', true],
    ['-0.000000', false],
    ['0.000000', false],
    ['3.000000', false],
  ])('%s below zero: %s', (text, negative) => expect(isNegative(text)).toBe(negative));
});
