import { beginningWith, sidesOf, type TextRange } from '../text-order.ts';
import type { SqlValue } from './connection.ts';

/** A condition of a statement and the values that are bound in it, in order. */
export interface Condition {
  readonly sql: string;
  readonly params: readonly SqlValue[];
}

/** Holds for a text that begins with the prefix. */
export function beginsWith(column: string, prefix: string): Condition {
  return within(column, beginningWith(prefix));
}

/** Holds for a text that comes before the bound in JavaScript's order. */
export function isBelow(column: string, bound: string): Condition {
  const sides = sidesOf(bound);
  const also = sides.also.map((range) => within(column, range));
  const butNot = sides.butNot.map((range) => within(column, range));
  const or = [`${column} < ?`, ...also.map(({ sql }) => sql)].join(' OR ');
  const andNot = butNot.map(({ sql }) => ` AND NOT ${sql}`).join('');
  return { sql: `((${or})${andNot})`, params: [bound, ...[...also, ...butNot].flatMap(({ params }) => params)] };
}

function within(column: string, { from, before }: TextRange): Condition {
  if (before === undefined) return { sql: `${column} >= ?`, params: [from] };
  return { sql: `(${column} >= ? AND ${column} < ?)`, params: [from, before] };
}
