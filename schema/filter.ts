import type { Gate, GateColumn } from './gate.ts';

/** `gate.<column>` reads the gate, `column.<name>` an indexed value of the document, `key` its key. */
export type FieldName = 'key' | `gate.${GateColumn}` | `column.${string}`;
export type Value = string | number | boolean;
/** A value, or the name of one that is bound for each request (`today`, `subjectId` …), so that compiled filters can be shared. */
export type Operand = Value | { readonly param: string };
export type Comparison = 'eq' | 'gt' | 'gte' | 'lt' | 'lte';

/**
 * The one filter language of the hub, with one meaning (`matches`) that every store adapter compiles.
 * It has two truth values: a comparison with a missing value is false, and `not` of it is true.
 */
export type Filter =
  | { readonly op: 'all'; readonly of: readonly Filter[] }
  | { readonly op: 'any'; readonly of: readonly Filter[] }
  | { readonly op: 'not'; readonly of: Filter }
  | { readonly op: Comparison; readonly field: FieldName; readonly value: Operand }
  | { readonly op: 'in'; readonly field: FieldName; readonly values: readonly Value[] }
  | { readonly op: 'startsWith'; readonly field: FieldName; readonly value: Operand }
  /** The field is a list (gate.parties, a list column) that holds the value. */
  | { readonly op: 'has'; readonly field: FieldName; readonly value: Operand }
  | { readonly op: 'present'; readonly field: FieldName };

export const EVERY: Filter = { op: 'all', of: [] };
export const NONE: Filter = { op: 'any', of: [] };

/** What a filter looks at. */
export interface Filtered {
  readonly key: string;
  readonly gate?: Gate | undefined;
  readonly columns?: Readonly<Record<string, ColumnValue>> | undefined;
}
export type ColumnValue = Value | null | readonly string[];
export type Params = Readonly<Record<string, Value | null | undefined>>;

/** Conjunction, simplified. */
export function allOf(...filters: readonly Filter[]): Filter {
  const parts = filters.flatMap((filter) => (filter.op === 'all' ? filter.of : [filter]));
  if (parts.some(isNever)) return NONE;
  const [only] = parts;
  return parts.length === 1 && only ? only : { op: 'all', of: parts };
}

/** Disjunction, simplified. */
export function anyOf(...filters: readonly Filter[]): Filter {
  const parts = filters.flatMap((filter) => (filter.op === 'any' ? filter.of : [filter]));
  if (parts.some(isAlways)) return EVERY;
  const [only] = parts;
  return parts.length === 1 && only ? only : { op: 'any', of: parts };
}

/** Disjunction without the parts that another part holds already: of `a` and `a and b`, only `a` is asked. */
export function anyOfLargest(...filters: readonly Filter[]): Filter {
  const parts = filters.map((filter) => ({ filter, terms: new Set(termsOf(filter).map((term) => JSON.stringify(term))) }));
  const isHeld = (terms: ReadonlySet<string>, at: number) =>
    parts.some((other, place) => {
      if (place === at || ![...other.terms].every((term) => terms.has(term))) return false;
      return other.terms.size < terms.size || place < at; // of two that are the same, the first stays
    });
  return anyOf(...parts.flatMap(({ filter, terms }, at) => (isHeld(terms, at) ? [] : [filter])));
}

/** The same filter without what it asks twice: terms that stand beside a disjunction or a negation are not asked again within it. */
export function simplified(filter: Filter, known: ReadonlySet<string> = new Set()): Filter {
  if (filter.op === 'any') return anyOf(...filter.of.map((part) => simplified(part, known)));
  if (filter.op === 'not') return not(simplified(filter.of, known));
  if (filter.op === 'all') return simplifiedTerms(filter.of, known);
  if (known.has(JSON.stringify(filter))) return EVERY;
  return known.has(JSON.stringify(not(filter))) ? NONE : filter;
}

function simplifiedTerms(parts: readonly Filter[], known: ReadonlySet<string>): Filter {
  const terms = allOf(...parts);
  if (terms.op !== 'all') return simplified(terms, known);
  const plain = new Map<string, Filter>();
  for (const term of terms.of.filter(isPlain)) {
    const key = JSON.stringify(term);
    if (known.has(JSON.stringify(not(term)))) return NONE;
    if (!known.has(key)) plain.set(key, term);
  }
  const some = [...plain.values()];
  const wanted = some.filter((term) => !some.some((other) => other !== term && implies(other, term)));
  const beside = new Set([...known, ...plain.keys()]);
  return allOf(...wanted, ...terms.of.filter((term) => !isPlain(term)).map((term) => simplified(term, beside)));
}

/** A test of one field, or its negation. */
function isPlain(filter: Filter): boolean {
  return filter.op === 'not' ? 'field' in filter.of : 'field' in filter;
}

/** Whether a test of one field holds wherever another one does. */
function implies(filter: Filter, implied: Filter): boolean {
  if (!('field' in filter && 'field' in implied) || filter.field !== implied.field) return false;
  if (implied.op === 'present') return filter.op !== 'present' && filter.op !== 'startsWith';
  return filter.op === 'eq' && implied.op === 'in' && typeof filter.value !== 'object' && implied.values.includes(filter.value);
}

function termsOf(filter: Filter): readonly Filter[] {
  return filter.op === 'all' ? filter.of : [filter];
}

/** Negation, simplified. */
export function not(filter: Filter): Filter {
  if (isAlways(filter)) return NONE;
  if (isNever(filter)) return EVERY;
  return filter.op === 'not' ? filter.of : { op: 'not', of: filter };
}

/** True when the filter holds for every document. */
export function isAlways(filter: Filter): boolean {
  return filter.op === 'all' && filter.of.length === 0;
}

/** True when the filter holds for no document. */
export function isNever(filter: Filter): boolean {
  return filter.op === 'any' && filter.of.length === 0;
}

/** The meaning of the filter language. A parameter that is not bound compares as missing. */
export function matches(filter: Filter, row: Filtered, params: Params = {}): boolean {
  switch (filter.op) {
    case 'all':
      return filter.of.every((part) => matches(part, row, params));
    case 'any':
      return filter.of.some((part) => matches(part, row, params));
    case 'not':
      return !matches(filter.of, row, params);
    case 'present':
      return isPresent(read(row, filter.field));
    case 'in':
      return filter.values.includes(read(row, filter.field) as Value);
    default:
      return passes(filter.op, read(row, filter.field), operand(filter.value, params));
  }
}

/** `matches` for one filter. */
export type Matches = (row: Filtered, params?: Params) => boolean;

/** Compiles a filter that is asked of many rows: a row costs neither the walk through the filter nor the reading of field names. */
export function compileFilter(filter: Filter): Matches {
  switch (filter.op) {
    case 'all': {
      const parts = filter.of.map(compileFilter);
      return (row, params) => {
        for (const part of parts) if (!part(row, params)) return false;
        return true;
      };
    }
    case 'any': {
      const parts = filter.of.map(compileFilter);
      return (row, params) => {
        for (const part of parts) if (part(row, params)) return true;
        return false;
      };
    }
    case 'not': {
      const part = compileFilter(filter.of);
      return (row, params) => !part(row, params);
    }
    case 'present': {
      const reads = readerOf(filter.field);
      return (row) => isPresent(reads(row));
    }
    case 'in': {
      const reads = readerOf(filter.field);
      const values: ReadonlySet<unknown> = new Set(filter.values);
      return (row) => values.has(reads(row));
    }
    default: {
      const { op, value } = filter;
      const reads = readerOf(filter.field);
      if (typeof value !== 'object') return (row) => passes(op, reads(row), value);
      return (row, params = {}) => passes(op, reads(row), operand(value, params));
    }
  }
}

/** The filter with its parameters replaced by their values; a comparison with an unbound one can never hold. */
export function bind(filter: Filter, params: Params): Filter {
  switch (filter.op) {
    case 'all':
      return allOf(...filter.of.map((part) => bind(part, params)));
    case 'any':
      return anyOf(...filter.of.map((part) => bind(part, params)));
    case 'not':
      return not(bind(filter.of, params));
    case 'in':
    case 'present':
      return filter;
    default: {
      const value = operand(filter.value, params);
      return value === undefined ? NONE : { ...filter, value };
    }
  }
}

/** `bind`; the same filter under the same values gives the same object again, so that an adapter need not compile it twice. */
export function bindShared(filter: Filter, params: Params): Filter {
  const before = BOUND.get(filter);
  const names = before?.names ?? [...paramsOf(filter)];
  const values = JSON.stringify(names.map((name) => params[name] ?? null));
  if (before?.values === values) return before.bound;
  const bound = bind(filter, params);
  BOUND.set(filter, { names, values, bound });
  return bound;
}
const BOUND = new WeakMap<Filter, { readonly names: readonly string[]; readonly values: string; readonly bound: Filter }>();

function paramsOf(filter: Filter): ReadonlySet<string> {
  if (filter.op === 'all' || filter.op === 'any') return new Set(filter.of.flatMap((part) => [...paramsOf(part)]));
  if (filter.op === 'not') return paramsOf(filter.of);
  return new Set('value' in filter && typeof filter.value === 'object' ? [filter.value.param] : []);
}

/** What is left of the filter for rows that have these values. */
export function assuming(filter: Filter, known: Filtered, fields: ReadonlySet<FieldName>): Filter {
  switch (filter.op) {
    case 'all':
      return allOf(...filter.of.map((part) => assuming(part, known, fields)));
    case 'any':
      return anyOf(...filter.of.map((part) => assuming(part, known, fields)));
    case 'not':
      return not(assuming(filter.of, known, fields));
    default: {
      const open = 'value' in filter && typeof filter.value === 'object';
      if (open || !fields.has(filter.field)) return filter;
      return matches(filter, known) ? EVERY : NONE;
    }
  }
}

/** Every field that the filter reads. */
export function fieldsOf(filter: Filter): ReadonlySet<FieldName> {
  if (filter.op === 'all' || filter.op === 'any') return new Set(filter.of.flatMap((part) => [...fieldsOf(part)]));
  if (filter.op === 'not') return fieldsOf(filter.of);
  return new Set([filter.field]);
}

/** What each test between a stored value and an operand means. */
function passes(op: Comparison | 'has' | 'startsWith', left: ColumnValue | undefined, right: Value | undefined): boolean {
  if (left === null || left === undefined || right === undefined) return false;
  if (op === 'has') return Array.isArray(left) && left.includes(right);
  if (op === 'startsWith') return typeof left === 'string' && typeof right === 'string' && left.startsWith(right);
  if (typeof left !== typeof right) return false;
  if (op === 'eq') return left === right;
  if (op === 'gt') return left > right;
  if (op === 'gte') return left >= right;
  return op === 'lt' ? left < right : left <= right;
}

function read(row: Filtered, field: FieldName): ColumnValue | undefined {
  return readerOf(field)(row);
}

function readerOf(field: FieldName): (row: Filtered) => ColumnValue | undefined {
  if (field === 'key') return (row) => row.key;
  if (field.startsWith('gate.')) {
    const column = field.slice(5) as GateColumn;
    return (row) => row.gate?.[column];
  }
  const column = field.slice(7);
  return (row) => row.columns?.[column];
}

function isPresent(value: ColumnValue | undefined): boolean {
  return value !== null && value !== undefined && !(Array.isArray(value) && value.length === 0);
}

function operand(value: Operand, params: Params): Value | undefined {
  return typeof value === 'object' ? (params[value.param] ?? undefined) : value;
}
