import { isDay } from './calendar-date.ts';

/** Where an identity number stands in a text. */
export interface TextSpan {
  readonly start: number;
  readonly end: number;
}

const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2] as const;
const CHECK_CHARACTERS = '10X98765432';
const LONG_FORM = /^[1-9]\d{5}(?:18|19|20)\d{9}[\dX]$/;
const SHORT_FORM = /^[1-9]\d{14}$/;
const PLAIN = /^(?:\d{15}|\d{17}[\dX])$/;
/** Nobody writes one number over more characters, so that a long text need not be normalised. */
const LONGEST = 64;
/** Groups may be parted; a digit or a star beside it makes it a part of something else, a letter does not. */
const IN_TEXT = /(?<![\d*])[1-9]\d{5}[ -]?\d{8}[ -]?\d{3}(?:\d(?![\d*])|[Xx])/g;
const FULL_WIDTH = /[０-９Ｘｘ]/g;

/** True for a citizen identity number (GB 11643-1999): 18 characters with date and check character, or the old 15 digits with date. */
export function isCitizenId(text: string): boolean {
  return text.length <= LONGEST && isNormalCitizenId(squeezed(text));
}

/** The number as it is compared: NFKC without white space, upper-case X, and 18 characters where the old 15 are valid. */
export function normaliseCitizenId(text: string): string {
  const number = squeezed(text);
  return number.length === 15 && isNormalCitizenId(number) ? lengthened(number) : number;
}

/** Every valid 18-character number inside a text, also in full-width digits and with its groups parted. */
export function findCitizenIds(text: string): readonly TextSpan[] {
  const plain = withAsciiDigits(text);
  const found: TextSpan[] = [];
  const pattern = new RegExp(IN_TEXT);
  for (let match = pattern.exec(plain); match; match = pattern.exec(plain)) {
    if (isCitizenId(match[0].replaceAll('-', ''))) found.push({ start: match.index, end: pattern.lastIndex });
    else pattern.lastIndex = match.index + 1;
  }
  return found;
}

/** The text with full-width digits and X in ASCII, every character in its place. */
export function withAsciiDigits(text: string): string {
  return text.replace(FULL_WIDTH, (character) => String.fromCharCode(character.charCodeAt(0) - 0xfee0));
}

function squeezed(text: string): string {
  return PLAIN.test(text) ? text : text.normalize('NFKC').replace(/\s+/g, '').toUpperCase();
}

function isNormalCitizenId(number: string): boolean {
  if (number.length === 15) return SHORT_FORM.test(number) && hasBirthDate(`19${number.slice(6, 12)}`);
  return LONG_FORM.test(number) && hasBirthDate(number.slice(6, 14)) && checkCharacter(number) === number[17];
}

function hasBirthDate(digits: string): boolean {
  return isDay(Number(digits.slice(0, 4)), Number(digits.slice(4, 6)), Number(digits.slice(6)));
}

function lengthened(number: string): string {
  const body = `${number.slice(0, 6)}19${number.slice(6)}`;
  return body + checkCharacter(body);
}

/** ISO 7064 MOD 11-2. */
function checkCharacter(number: string): string {
  let sum = 0;
  for (let place = 0; place < WEIGHTS.length; place++) sum += (number.charCodeAt(place) - 48) * (WEIGHTS[place] ?? 0);
  return CHECK_CHARACTERS.charAt(sum % 11);
}
