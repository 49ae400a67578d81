import { GraphQLError, GraphQLScalarType, Kind, type ValueNode, valueFromASTUntyped } from 'graphql';
import { isCalendarDate, isDateTime } from './calendar-date.ts';
import { isCitizenId, normaliseCitizenId } from './citizen-id.ts';
import { parseDecimal } from './decimal.ts';
import { isWellFormedUscc, normaliseCode } from './uscc.ts';

interface TextFormat {
  readonly name: string;
  /** Chinese label. */
  readonly label: string;
  /** What is accepted, in English; the sentence of the error as well. */
  readonly format: string;
  /** The value as it is compared and stored, or undefined when it has not this format. */
  readonly parse: (text: string) => string | undefined;
}

const REGION = /^\d{6}$/;
const INDUSTRY = /^[A-T]\d{2}(?:\d{1,2})?$/;
const RECORD_TYPE = /^[A-Z_]+$/;
const LONGEST_CURSOR = 1024;
/** A binary floating-point number keeps this many decimal digits whatever they are. */
const EXACT_DIGITS = 15;

const TEXTS: readonly TextFormat[] = [
  {
    name: 'UnifiedSocialCreditCode',
    label: '统一社会信用代码',
    format: '18 characters as in GB 32100-2015 (the check character is not enforced)',
    parse: (text) => accepted(normaliseCode(text), isWellFormedUscc),
  },
  {
    name: 'CitizenIdNumber',
    label: '公民身份号码',
    format: 'GB 11643-1999, 18 characters with a valid date and check character, or the former 15 digits',
    parse: (text) => (isCitizenId(text) ? normaliseCitizenId(text) : undefined),
  },
  {
    name: 'RegionCode',
    label: '行政区划代码',
    format: '6 digits as in GB/T 2260',
    parse: (text) => accepted(text, (code) => REGION.test(code)),
  },
  {
    name: 'IndustryCode',
    label: '国民经济行业代码',
    format: 'a letter A to T and 2 to 4 digits as in GB/T 4754-2017, for example C1351',
    parse: (text) => accepted(normaliseCode(text), (code) => INDUSTRY.test(code)),
  },
  { name: 'Date', label: '日期', format: 'YYYY-MM-DD, a calendar date of Asia/Shanghai', parse: (text) => accepted(text, isCalendarDate) },
  {
    name: 'DateTime',
    label: '日期时间',
    format: 'RFC 3339 with offset, for example 2025-01-13T09:30:00+08:00',
    parse: (text) => (isDateTime(text) ? new Date(text).toISOString() : undefined),
  },
  {
    name: 'Cursor',
    label: '分页游标',
    format: 'an opaque text that an earlier answer gave',
    parse: (text) => accepted(text, ({ length }) => length > 0 && length <= LONGEST_CURSOR),
  },
  {
    name: 'RecordType',
    label: '信息类型代码',
    format: 'capital letters and underscores, for example PENALTY',
    parse: (text) => accepted(text, (code) => RECORD_TYPE.test(code)),
  },
];

const DECIMAL_FORMAT =
  'a decimal number as text, at most 12 digits before and 6 after the point; a JSON number of up to 15 digits is accepted';

/** Every scalar of the hub by name. None repeats a value in an error. */
export const SCALARS: Record<string, GraphQLScalarType> = Object.fromEntries(
  [...TEXTS.map(textScalar), decimalScalar('CnyWan', '金额（人民币万元）'), decimalScalar('Decimal', '小数'), jsonScalar()].map(
    (scalar) => [scalar.name, scalar],
  ),
);

/** Their definitions in SDL. */
export const SCALAR_SDL = Object.values(SCALARS)
  .map(({ name, description }) => `"""${description}"""\nscalar ${name}\n`)
  .join('\n');

function textScalar({ name, label, format, parse }: TextFormat): GraphQLScalarType {
  const coerce = (value: unknown) => (typeof value === 'string' ? parse(value) : undefined) ?? refuse(name, format);
  return new GraphQLScalarType<string, string>({
    name,
    description: `${label}. ${format}.`,
    // What is stored may be older than the format, and a masked number has stars.
    serialize: (value) => (typeof value === 'string' ? value : refuse(name, format)),
    parseValue: coerce,
    parseLiteral: (node) => coerce(node.kind === Kind.STRING ? node.value : undefined),
  });
}

function decimalScalar(name: string, label: string): GraphQLScalarType {
  const exact = (text: string | undefined) => (text === undefined ? undefined : parseDecimal(text)) ?? refuse(name, DECIMAL_FORMAT);
  return new GraphQLScalarType<string, string>({
    name,
    description: `${label}. ${DECIMAL_FORMAT}.`,
    serialize: (value) => (typeof value === 'string' ? value : exact(textOfNumber(value))),
    parseValue: (value) => exact(typeof value === 'string' ? value : textOfNumber(value)),
    parseLiteral: (node) => exact(isNumeric(node) ? node.value : undefined),
  });
}

function jsonScalar(): GraphQLScalarType {
  return new GraphQLScalarType<unknown, unknown>({
    name: 'JSON',
    description: '任意 JSON 值. Any JSON value.',
    parseValue: (value) => value,
    parseLiteral: (node, variables) => valueFromASTUntyped(node, variables),
  });
}

function isNumeric(node: ValueNode): node is Extract<ValueNode, { kind: Kind.STRING | Kind.INT | Kind.FLOAT }> {
  return node.kind === Kind.STRING || node.kind === Kind.INT || node.kind === Kind.FLOAT;
}

function textOfNumber(value: unknown): string | undefined {
  const text = typeof value === 'number' || typeof value === 'bigint' ? String(value) : undefined;
  const digits = text?.replace(/\D/g, '').replace(/^0+/, '').length ?? 0;
  return typeof value === 'number' && digits > EXACT_DIGITS ? undefined : text;
}

function accepted(text: string, has: (text: string) => boolean): string | undefined {
  return has(text) ? text : undefined;
}

/** Fails without the value and without the place in the document: printed, the place would show the value. */
function refuse(name: string, format: string): never {
  throw new GraphQLError(`${name}: expected ${format}`, { extensions: { code: 'BAD_USER_INPUT' } });
}
