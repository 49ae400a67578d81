import { findCitizenIds, withAsciiDigits } from './citizen-id.ts';
import { hasValidUsccCheck } from './uscc.ts';

/** A number inside a text: where it stands, and how many of its characters stay readable at each end. */
interface Finding {
  readonly start: number;
  readonly end: number;
  readonly head: number;
  readonly tail: number;
}
/** A kind of number; the last group of the pattern is what gets stars. */
interface NumberPattern {
  readonly pattern: RegExp;
  readonly head: number;
  readonly tail: number;
  readonly accepts?: (digits: string) => boolean;
}

/** Every pattern has such a run. */
const FOUR_DIGITS = /\d{4}/;
/** A star beside a number marks a rest of one that is masked already. */
const ALONE = String.raw`(?![\dA-Za-z*]|\.\d{1,6}(?!\d))`;
const NO_AMOUNT = String.raw`(?!\s?[元万亿%％])`;
/** Licence numbers (letters), decimals, amounts and document numbers (第…号, 〔2025〕…) begin behind these. */
const NO_CODE = String.raw`(?<![\dA-Za-z*¥￥第〕\]]|[\d*]\.)`;
const LABEL_END = String.raw`(?:号码?|编号)?[为是:：（(\s]{0,3}`;
const GROUPED = String.raw`\d{4}(?:[ -]\d{4}){2,6}(?:[ -]\d{1,3})?`;

/** In this order: what one pattern has found is hidden from the next. Keeps 6 + 4 of an identity number, 3 + 4 of a telephone, 4 of an account. */
const PATTERNS: readonly NumberPattern[] = [
  { pattern: regExp(String.raw`(?:身份证件?|公民身份|证件)${LABEL_END}(\d{17}[\dXx])${ALONE}`), head: 6, tail: 4 },
  { pattern: regExp(String.raw`(?:身份证件?|公民身份|证件)${LABEL_END}(\d{15})${ALONE}`), head: 6, tail: 3 },
  {
    pattern: regExp(String.raw`(?:[账帐]号|[账帐]户|卡号|银行卡)${LABEL_END}(${GROUPED}|\d{8,30})${ALONE}${NO_AMOUNT}`),
    head: 0,
    tail: 4,
  },
  {
    pattern: regExp(String.raw`${NO_CODE}(\d{4}(?:[ -]\d{4}){3}(?:[ -]?\d{1,3})?|\d{16,19})${ALONE}`),
    head: 0,
    tail: 4,
    accepts: isAccount,
  },
  {
    pattern: regExp(String.raw`${NO_CODE}(?:(?:\+|00)?86[ -]?)?(1[3-9]\d(?:\d{8}|[ -]\d{4}[ -]\d{4}))${ALONE}${NO_AMOUNT}`),
    head: 3,
    tail: 4,
  },
  {
    pattern: regExp(
      String.raw`${NO_CODE}(?<![\d*]-)(\(0(?:10|2\d|[3-9]\d{2})\)\s?[2-8]\d{6,7}|0(?:10|2\d|[3-9]\d{2})[ -]?[2-8]\d{6,7})${ALONE}${NO_AMOUNT}`,
    ),
    head: 3,
    tail: 4,
  },
  // Without its area code a number is too short to show seven digits of it.
  { pattern: regExp(String.raw`(?:电话|手机|座机|传真|联系方式)${LABEL_END}([2-8]\d{6,7})${ALONE}${NO_AMOUNT}`), head: 0, tail: 0 },
];

/** The text with the identity numbers, telephones and bank accounts in it replaced by their masks; scrubbing twice changes nothing. */
export function scrubText(text: string): string {
  const scrubbed = scrubOnce(text);
  // A number that overlapped one with stars now can stand alone.
  return scrubbed === text ? text : scrubText(scrubbed);
}

/** The text with a star for every character but so many at each end. */
export function starOut(text: string, head: number, tail: number): string {
  const characters = [...text];
  const end = Math.max(head, characters.length - tail);
  return characters.map((character, place) => (place < head || place >= end ? character : '*')).join('');
}

function scrubOnce(text: string): string {
  const plain = withAsciiDigits(text);
  if (!FOUR_DIGITS.test(plain)) return text;
  let rest = plain;
  const findings: Finding[] = [];
  for (const find of [findIds, ...PATTERNS.map(finderOf)]) {
    const found = find(rest);
    findings.push(...found);
    rest = replaced(rest, found, ({ start, end }) => '*'.repeat(end - start));
  }
  return replaced(text, findings, ({ start, end, head, tail }) => starOut(plain.slice(start, end).replace(/[ ()-]/g, ''), head, tail));
}

function findIds(text: string): readonly Finding[] {
  return findCitizenIds(text).map((span) => ({ ...span, head: 6, tail: 4 }));
}

function finderOf({ pattern, head, tail, accepts }: NumberPattern): (text: string) => readonly Finding[] {
  return (text) =>
    Array.from(text.matchAll(pattern)).flatMap((match) => {
      const number = match[1] ?? '';
      if (accepts && !accepts(number.replace(/\D/g, ''))) return [];
      const end = match.index + match[0].length;
      return [{ start: end - number.length, end, head, tail }];
    });
}

function replaced(text: string, findings: readonly Finding[], by: (finding: Finding) => string): string {
  let result = '';
  let at = 0;
  for (const finding of findings.toSorted((a, b) => a.start - b.start)) {
    result += text.slice(at, finding.start) + by(finding);
    at = finding.end;
  }
  return result + text.slice(at);
}

/** Luhn's check, which bank cards pass; an organisation's code of digits only is none. */
function isAccount(digits: string): boolean {
  if (digits.length < 16 || digits.length > 19 || hasValidUsccCheck(digits)) return false;
  let sum = 0;
  for (let place = 0; place < digits.length; place++) {
    const digit = Number(digits[digits.length - 1 - place]) * (place % 2 === 0 ? 1 : 2);
    sum += digit > 9 ? digit - 9 : digit;
  }
  return sum % 10 === 0;
}

function regExp(source: string): RegExp {
  return new RegExp(source, 'g');
}
