import type { Comparison, Filter, Operand, Value } from '../../schema/filter.ts';
import type { Kind } from '../field-kinds.ts';
import { isOrderedAlike } from '../text-order.ts';
import type { SqlValue } from './connection.ts';
import type { Layout } from './layout.ts';
import type { StoredField } from './stored-field.ts';
import { beginsWith, type Condition, isBelow } from './text-order.ts';

const OPERATORS = { eq: '=', gt: '>', gte: '>=', lt: '<', lte: '<=' } as const satisfies Record<Comparison, string>;

/**
 * The filter as a condition that holds for exactly the rows for which `matches` is true.
 * SQL has a third truth value: it counts as false under AND and OR at the top, so NOT is carried down to the single tests.
 */
export function compileFilter(layout: Layout, filter: Filter): Condition {
  if (filter.op !== 'all' || filter.of.length === 0) return compiled(layout, filter);
  const parts = filter.of.map((part) => compiled(layout, part));
  const texts = parts.map(({ sql }) => sql);
  // A text of its own for every length of a long list would be remembered for nothing.
  const sql =
    texts.length > CHAIN ? joined(texts, ' AND ') : layout.texts.join(['(', ...texts.flatMap((text) => [' AND ', text]).slice(1), ')']);
  return { sql, params: parts.flatMap(({ params }) => params) };
}

/** What a profile may see is a large filter that comes again with every request. */
function compiled(layout: Layout, filter: Filter): Condition {
  if (!('of' in filter)) return compileAlone(layout, filter);
  const known = layout.conditions.get(filter);
  if (known) return known;
  const condition = compileAlone(layout, filter);
  layout.conditions.set(filter, condition);
  return condition;
}

function compileAlone(layout: Layout, filter: Filter): Condition {
  const params: SqlValue[] = [];
  const sql = compile(filter, false);
  return { sql, params };

  function compile(part: Filter, negated: boolean): string {
    if (part.op === 'not') return compile(part.of, !negated);
    if (part.op === 'all' || part.op === 'any') {
      const conjunction = (part.op === 'all') !== negated;
      if (part.of.length === 0) return constant(conjunction);
      return joined(
        part.of.map((each) => compile(each, negated)),
        conjunction ? ' AND ' : ' OR ',
      );
    }
    const test = compileTest(layout.fields.get(part.field), part);
    if (!test) return constant(negated);
    params.push(...test.params);
    return negated ? `(${test.sql}) IS NOT TRUE` : test.sql;
  }
}

const CHAIN = 100;

/** SQLite refuses an expression that is more than 1000 deep, and reads a chain as one that is as deep as it is long. */
function joined(parts: readonly string[], operator: string): string {
  if (parts.length <= CHAIN) return `(${parts.join(operator)})`;
  const half = Math.ceil(parts.length / 2);
  return `(${joined(parts.slice(0, half), operator)}${operator}${joined(parts.slice(half), operator)})`;
}

type Test = Exclude<Filter, { readonly op: 'all' | 'any' | 'not' }>;

/** Undefined when the test can hold for no row. */
function compileTest(stored: StoredField | undefined, test: Test): Condition | undefined {
  if (!stored) return undefined;
  const { sql, kind } = stored;
  switch (test.op) {
    case 'present':
      return { sql: kind === 'list' ? `${sql} <> '[]'` : `${sql} IS NOT NULL`, params: [] };
    case 'in':
      return isOneOf(
        sql,
        test.values.map((value) => comparable(kind, value)).filter((value) => value !== undefined),
      );
    case 'has':
      return kind === 'list' && typeof test.value === 'string' ? holds(sql, test.value) : undefined;
    case 'startsWith':
      return kind === 'text' && isText(test.value) ? beginsWith(sql, test.value) : undefined;
    default: {
      const value = comparable(kind, test.value);
      return value === undefined ? undefined : compare(sql, test.op, value);
    }
  }
}

function compare(column: string, op: Comparison, value: string | number): Condition {
  if (op === 'eq' || typeof value === 'number' || isOrderedAlike(value)) return { sql: `${column} ${OPERATORS[op]} ?`, params: [value] };
  const below = isBelow(column, value);
  const upTo = { sql: `(${below.sql} OR ${column} = ?)`, params: [...below.params, value] };
  if (op === 'lt') return below;
  if (op === 'lte') return upTo;
  const rest = op === 'gt' ? upTo : below;
  return { sql: `NOT ${rest.sql}`, params: rest.params };
}

function isOneOf(column: string, values: readonly (string | number)[]): Condition | undefined {
  const distinct = [...new Set(values)];
  const [first] = distinct;
  if (first === undefined) return undefined;
  // A few lengths only, so that lists of different lengths share a prepared statement.
  const params = [...distinct, ...Array<string | number>(2 ** Math.ceil(Math.log2(distinct.length)) - distinct.length).fill(first)];
  if (params.length > 64) return { sql: `${column} IN (SELECT value FROM json_each(?))`, params: [JSON.stringify(distinct)] };
  return { sql: `${column} IN (${params.map(() => '?').join(', ')})`, params };
}

/** A list stands as JSON with each element on a line of its own, and a raw line break stands nowhere else. */
function holds(column: string, value: string): Condition {
  return { sql: `instr(${column}, ?) > 0`, params: [`\n ${JSON.stringify(value)}`] };
}

/** The value as the column would hold it; undefined when no value of the column can equal or be ordered against it. */
function comparable(kind: Kind, value: Operand): string | number | undefined {
  if (kind === 'text') return isText(value) ? value : undefined;
  if (kind === 'boolean') return typeof value === 'boolean' ? Number(value) : undefined;
  if (kind === 'integer') return typeof value === 'number' && !Number.isNaN(value) ? value : undefined;
  return undefined;
}

/** Half a surrogate pair is no text to SQLite: bound, it would turn into another character. */
function isText(value: Operand | Value): value is string {
  return typeof value === 'string' && value.isWellFormed();
}

function constant(holdsAlways: boolean): string {
  return holdsAlways ? 'TRUE' : 'FALSE';
}
