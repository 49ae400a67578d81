import { isDateTime, LONG_TERM, parseExchangeDate } from '../../../schema/calendar-date.ts';
import type { Item } from '../../../schema/catalogue.ts';
import { isNegative, parseDecimal } from '../../../schema/decimal.ts';
import type { Json } from '../../../schema/json.ts';
import { SCALARS } from '../../../schema/scalars.ts';
import { isWellFormedUscc, normaliseCode } from '../../../schema/uscc.ts';
import type { ReasonCode } from './findings.ts';
import type { TypePlan } from './type-plan.ts';

/** A value of one cell, or why there is none. `note` is what stood behind "其他-". */
export type ReadValue = { readonly value: Json; readonly note?: string | undefined } | { readonly fault: ReasonCode };

const WHOLE_NUMBER = /^[+-]?\d{1,10}$/;
const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ['是', true],
  ['否', false],
  ['TRUE', true],
  ['FALSE', false],
  ['1', true],
  ['0', false],
]);
/** GraphQL's Int. */
const GREATEST_INT = 2 ** 31 - 1;
const WITH_NOTE = /^(.+?)[-—:](.*)$/s;
/** Day and time of day as files write them, in Chinese time. */
const LOCAL_TIME = /^(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[ T](\d{2}):(\d{2})(?::(\d{2}))?)?$/;
/** Words for a state secret, which no value of the catalogue stands for. */
const STATE_SECRET: ReadonlySet<string> = new Set(['国家秘密', 'STATE_SECRET', '绝密', '机密', '秘密']);

/** Reads one single value (not a list, not a nested object) as the type wants it. Text is trimmed; an empty one never comes here. */
export function readScalar(plan: TypePlan, item: Item, raw: unknown): ReadValue {
  if (item.shape === 'enum') return readEnum(plan, item, raw);
  switch (item.type) {
    case 'String':
    case 'ID':
      return readText(item, raw);
    case 'Date':
      return typeof raw === 'string' ? readDate(plan, item, raw) : MALFORMED;
    case 'CnyWan':
    case 'Decimal':
      return readDecimal(item, raw);
    case 'UnifiedSocialCreditCode':
      return typeof raw === 'string' ? readUscc(raw) : MALFORMED;
    case 'Int':
    case 'Float':
      return readNumber(item, raw);
    case 'Boolean':
      return readBoolean(raw);
    case 'DateTime':
      return typeof raw === 'string' ? readDateTime(raw) : MALFORMED;
    default:
      return readOther(item, raw);
  }
}

const MALFORMED: ReadValue = { fault: 'MALFORMED' };

function readText(item: Item, raw: unknown): ReadValue {
  if (typeof raw !== 'string' && typeof raw !== 'number') return MALFORMED;
  const text = String(raw);
  // Half a surrogate pair is no character: a store may answer another text than it was given.
  if (!text.isWellFormed()) return MALFORMED;
  return item.max !== undefined && isLonger(text, item.max) ? { fault: 'TOO_LONG' } : { value: text };
}

function isLonger(text: string, max: number): boolean {
  return text.length > max && [...text].length > max;
}

function readDate(plan: TypePlan, item: Item, raw: string): ReadValue {
  const parsed = parseExchangeDate(raw);
  if (!parsed) return MALFORMED;
  if (parsed.impossible) return { fault: 'IMPOSSIBLE_DATE' };
  return { value: parsed.date === LONG_TERM && plan.ends.has(item.name) ? null : parsed.date };
}

function readDateTime(raw: string): ReadValue {
  if (isDateTime(raw)) return { value: new Date(raw).toISOString() };
  const [, year = '', month = '', day = '', hour = '00', minute = '00', second = '00'] = LOCAL_TIME.exec(raw) ?? [];
  const text = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}T${hour}:${minute}:${second}+08:00`;
  if (isDateTime(text)) return { value: new Date(text).toISOString() };
  return year === '' ? MALFORMED : { fault: 'IMPOSSIBLE_DATE' };
}

function readDecimal(item: Item, raw: unknown): ReadValue {
  const text = typeof raw === 'number' ? String(raw) : raw;
  const value = typeof text === 'string' ? parseDecimal(text) : undefined;
  if (value === undefined) return MALFORMED;
  return belowMinimum(item, Number(value), isNegative(value)) ?? { value };
}

function readNumber(item: Item, raw: unknown): ReadValue {
  const whole = item.type === 'Int';
  const text = typeof raw === 'string' ? raw.normalize('NFKC') : raw;
  const number =
    typeof text === 'number' ? text : typeof text === 'string' && (!whole || WHOLE_NUMBER.test(text)) ? Number(text) : Number.NaN;
  if (!Number.isFinite(number) || (whole && (!Number.isInteger(number) || Math.abs(number) > GREATEST_INT))) return MALFORMED;
  return belowMinimum(item, number, number < 0) ?? { value: number };
}

function belowMinimum(item: Item, number: number, negative: boolean): ReadValue | undefined {
  if (item.min === undefined || number >= item.min) return undefined;
  return negative ? { fault: 'NEGATIVE_AMOUNT' } : MALFORMED;
}

function readUscc(raw: string): ReadValue {
  const code = normaliseCode(raw);
  return isWellFormedUscc(code) ? { value: code } : MALFORMED;
}

function readBoolean(raw: unknown): ReadValue {
  if (typeof raw === 'boolean') return { value: raw };
  const value = BOOLEANS.get(String(raw).normalize('NFKC').toUpperCase());
  return value === undefined ? { fault: 'UNKNOWN_VALUE' } : { value };
}

function readEnum(plan: TypePlan, item: Item, raw: unknown): ReadValue {
  if (typeof raw !== 'string' && typeof raw !== 'number') return MALFORMED;
  const text = String(raw);
  if (item.role === 'SECRECY' && STATE_SECRET.has(text.toUpperCase())) return { fault: 'STATE_SECRET' };
  const words = plan.enums.get(item.type);
  const value = words?.read(text);
  if (value) return { value: value.name };
  const [, label = '', note = ''] = WITH_NOTE.exec(text.normalize('NFKC')) ?? [];
  const noted = plan.items.has(noteOf(item)) ? words?.read(label) : undefined;
  return noted ? { value: noted.name, note: note.trim() } : { fault: 'UNKNOWN_VALUE' };
}

/** The item that says what "其他" in this one stands for. */
export function noteOf(item: Item): string {
  return `${item.name}Note`;
}

/** The other scalars read themselves; none of their errors repeats the value. */
function readOther(item: Item, raw: unknown): ReadValue {
  try {
    const value = SCALARS[item.type]?.parseValue(raw);
    return isJson(value) ? { value } : MALFORMED;
  } catch {
    return MALFORMED;
  }
}

function isJson(value: unknown): value is Json {
  return value !== undefined;
}
