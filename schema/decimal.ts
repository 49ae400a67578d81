/** How many digits a number has in all, and how many of them after the point. */
export interface DecimalShape {
  readonly scale: number;
  readonly digits: number;
}

/** Dec(18,6), the shape of every amount in the catalogue. */
export const AMOUNT: DecimalShape = { scale: 6, digits: 18 };

const WRITTEN = /^([+-]?)(\d+|\d{1,3}(?:,\d{3})+)?(?:\.(\d+))?$/;

/** The number with exactly `scale` decimals and no superfluous zeros or sign, or undefined where it would have to be rounded or is none. */
export function parseDecimal(text: string, shape: DecimalShape = AMOUNT): string | undefined {
  const parts = WRITTEN.exec(text.normalize('NFKC').trim().replace('−', '-'));
  if (!parts || (parts[2] === undefined && parts[3] === undefined)) return undefined;
  const whole = (parts[2] ?? '').replaceAll(',', '').replace(/^0+/, '');
  const fraction = (parts[3] ?? '').replace(/0+$/, '');
  if (whole.length > shape.digits - shape.scale || fraction.length > shape.scale) return undefined;
  const sign = parts[1] === '-' && (whole || fraction) ? '-' : '';
  return `${sign}${whole || '0'}${shape.scale === 0 ? '' : `.${fraction.padEnd(shape.scale, '0')}`}`;
}

/** A text of fixed length whose binary order is the order of the numbers. @throws RangeError when it is no number of this shape */
export function sortableDecimal(text: string, shape: DecimalShape = AMOUNT): string {
  const number = parseDecimal(text, shape);
  if (number === undefined) throw new RangeError('not a decimal number of this shape');
  const digits = number.replace(/[-.]/g, '').padStart(shape.digits, '0');
  if (!number.startsWith('-')) return `1${digits}`;
  // The nines' complement turns the order of the negative numbers round.
  return `0${Array.from(digits, (digit) => 9 - Number(digit)).join('')}`;
}

/** True for a number below zero, as `parseDecimal` writes it. */
export function isNegative(decimal: string): boolean {
  return decimal.startsWith('-') && /[1-9]/.test(decimal);
}
