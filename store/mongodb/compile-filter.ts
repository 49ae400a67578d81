import type { Filter as MongoFilter } from 'mongodb';
import type { Comparison, Filter, Operand, Value } from '../../schema/filter.ts';
import type { Kind } from '../field-kinds.ts';
import { beginningWith, isOrderedAlike, sidesOf, type TextRange } from '../text-order.ts';
import type { Layout, StoredField } from './layout.ts';
import type { StoredDocument } from './stored-document.ts';

export type Condition = MongoFilter<StoredDocument>;

const OPERATORS = { eq: '$eq', gt: '$gt', gte: '$gte', lt: '$lt', lte: '$lte' } as const satisfies Record<Comparison, string>;
export const ALWAYS: Condition = {};
const NEVER: Condition = { _id: { $in: [] } };

/** The filter as a condition that holds for exactly the documents for which `matches` is true. */
export function compileFilter(layout: Layout, filter: Filter): Condition {
  const known = KNOWN.get(layout)?.get(filter);
  if (known) return known;
  const condition = compile(layout, filter);
  const ofLayout = KNOWN.get(layout) ?? new WeakMap<Filter, Condition>();
  KNOWN.set(layout, ofLayout.set(filter, condition));
  return condition;
}
const KNOWN = new WeakMap<Layout, WeakMap<Filter, Condition>>();

/** All conditions at once. */
export function both(...conditions: readonly Condition[]): Condition {
  const none = conditions.flatMap(({ $nor = [] }) => $nor);
  const parts = [
    ...conditions.filter((condition) => condition !== ALWAYS && !condition.$nor),
    ...(none.length > 0 ? [{ $nor: joined(none) }] : []),
  ];
  const [only] = parts;
  if (!only) return ALWAYS;
  return parts.length === 1 ? only : { $and: parts };
}

/** Tests for one of several values of a field are one test: the database reads thousands of conditions slowly, and one of thousands of values fast. */
function joined(parts: readonly Condition[]): Condition[] {
  const values = new Map<string, Value[]>();
  const others: Condition[] = [];
  for (const part of parts) {
    const [path, ...more] = Object.keys(part);
    const test: unknown = path && more.length === 0 && !path.startsWith('$') ? part[path as '_id'] : undefined;
    if (!path || !isEquality(test)) others.push(part);
    else if (values.get(path)?.push(test.$eq) === undefined) values.set(path, [test.$eq]);
  }
  return [...others, ...[...values].map(([path, some]): Condition => ({ [path]: some.length === 1 ? { $eq: some[0] } : { $in: some } }))];
}

function isEquality(test: unknown): test is { readonly $eq: Value } {
  return typeof test === 'object' && test !== null && '$eq' in test;
}

function compile(layout: Layout, filter: Filter): Condition {
  switch (filter.op) {
    case 'all':
      return both(...filter.of.map((part) => compile(layout, part)));
    case 'any':
      return either(filter.of.map((part) => compile(layout, part)));
    case 'not':
      return negated(compile(layout, filter.of));
    default: {
      const stored = layout.fields.get(filter.field);
      return (stored && compileTest(stored, filter)) ?? NEVER;
    }
  }
}

function either(parts: readonly Condition[]): Condition {
  if (parts.includes(ALWAYS)) return ALWAYS;
  const possible = joined(parts.filter((part) => part !== NEVER));
  const [only] = possible;
  if (!only) return NEVER;
  return possible.length === 1 ? only : { $or: possible };
}

function negated(condition: Condition): Condition {
  if (condition === ALWAYS) return NEVER;
  return condition === NEVER ? ALWAYS : { $nor: [condition] };
}

type Test = Exclude<Filter, { readonly op: 'all' | 'any' | 'not' }>;

/** Undefined when the test can hold for no document. */
function compileTest({ path, kind }: StoredField, test: Test): Condition | undefined {
  switch (test.op) {
    case 'present':
      return kind === 'list' ? { [`${path}.0`]: { $exists: true } } : { [path]: { $exists: true } };
    case 'in': {
      const values = test.values.filter((value) => isComparable(kind, value));
      return values.length === 0 ? undefined : { [path]: { $in: values } };
    }
    case 'has':
      return kind === 'list' && isText(test.value) ? { [path]: test.value } : undefined;
    case 'startsWith':
      return kind === 'text' && isText(test.value) ? within(path, beginningWith(test.value)) : undefined;
    default:
      return isComparable(kind, test.value) ? compare(path, test.op, test.value) : undefined;
  }
}

function compare(path: string, op: Comparison, value: Value): Condition {
  if (op === 'eq' || typeof value !== 'string' || isOrderedAlike(value)) return { [path]: { [OPERATORS[op]]: value } };
  const below = isBelow(path, value);
  const upTo: Condition = { $or: [below, { [path]: value }] };
  if (op === 'lt') return below;
  if (op === 'lte') return upTo;
  // A missing value is on no side.
  return { $and: [{ [path]: { $exists: true } }, { $nor: [op === 'gt' ? upTo : below] }] };
}

/** Holds for a text that comes before the bound in JavaScript's order. */
function isBelow(path: string, bound: string): Condition {
  const { also, butNot } = sidesOf(bound);
  const lower: Condition = { [path]: { $lt: bound } };
  const wider: Condition = also.length === 0 ? lower : { $or: [lower, ...also.map((range) => within(path, range))] };
  return butNot.length === 0 ? wider : { $and: [wider, { $nor: butNot.map((range) => within(path, range)) }] };
}

function within(path: string, { from, before }: TextRange): Condition {
  return { [path]: before === undefined ? { $gte: from } : { $gte: from, $lt: before } };
}

/** Whether a value of the field can equal the value, or be ordered against it. */
function isComparable(kind: Kind, value: Operand): value is Value {
  if (kind === 'text') return isText(value);
  if (kind === 'boolean') return typeof value === 'boolean';
  return kind === 'integer' && typeof value === 'number' && !Number.isNaN(value);
}

/** Half a surrogate pair is no text to the database: it would turn into another character. */
function isText(value: Operand): value is string {
  return typeof value === 'string' && value.isWellFormed();
}
