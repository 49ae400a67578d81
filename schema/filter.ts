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
    case 'has': {
      const list = read(row, filter.field);
      const value = operand(filter.value, params);
      return Array.isArray(list) && value !== undefined && list.includes(value);
    }
    case 'startsWith': {
      const text = read(row, filter.field);
      const prefix = operand(filter.value, params);
      return typeof text === 'string' && typeof prefix === 'string' && text.startsWith(prefix);
    }
    default: {
      const left = read(row, filter.field);
      const right = operand(filter.value, params);
      if (left === null || left === undefined || right === undefined || typeof left !== typeof right) return false;
      if (filter.op === 'eq') return left === right;
      if (filter.op === 'gt') return left > right;
      if (filter.op === 'gte') return left >= right;
      return filter.op === 'lt' ? left < right : left <= right;
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

function read(row: Filtered, field: FieldName): ColumnValue | undefined {
  if (field === 'key') return row.key;
  if (field.startsWith('gate.')) return row.gate?.[field.slice(5) as GateColumn];
  return row.columns?.[field.slice(7)];
}

function isPresent(value: ColumnValue | undefined): boolean {
  return value !== null && value !== undefined && !(Array.isArray(value) && value.length === 0);
}

function operand(value: Operand, params: Params): Value | undefined {
  return typeof value === 'object' ? (params[value.param] ?? undefined) : value;
}
