import type { SqlValue } from './connection.ts';

/** A condition of a statement and the values that are bound in it, in order. */
export interface Condition {
  readonly sql: string;
  readonly params: readonly SqlValue[];
}

const FIRST_ABOVE_SURROGATES = '\ue000';
const FIRST_OF_TWO_UNITS = '\u{10000}';

/** Holds for a text that begins with the prefix. */
export function beginsWith(column: string, prefix: string): Condition {
  return within(column, prefix, successor(prefix));
}

/** True when a text compares with every other one in SQLite (by code point) as it does in JavaScript (by UTF-16 unit). */
export function isOrderedAlike(text: string): boolean {
  return !/[\ud800-\uffff]/.test(text);
}

/**
 * Holds for a text that comes before the bound in JavaScript's order.
 * `😀` (two units, the first U+D83D) comes before `（` (U+FF08) by unit and behind it by code point: where the bound has a character of
 * either sort, the texts that part from it there with one of the other sort change sides.
 */
export function isBelow(column: string, bound: string): Condition {
  const also: Condition[] = [];
  const butNot: Condition[] = [];
  let prefix = '';
  for (const character of bound) {
    if (character >= FIRST_ABOVE_SURROGATES) also.push(within(column, prefix + FIRST_OF_TWO_UNITS, successor(prefix)));
    else if (character.length === 2) butNot.push(within(column, prefix + FIRST_ABOVE_SURROGATES, prefix + FIRST_OF_TWO_UNITS));
    prefix += character;
  }
  const or = [`${column} < ?`, ...also.map(({ sql }) => sql)].join(' OR ');
  const andNot = butNot.map(({ sql }) => ` AND NOT ${sql}`).join('');
  return { sql: `((${or})${andNot})`, params: [bound, ...[...also, ...butNot].flatMap(({ params }) => params)] };
}

function within(column: string, from: string, before: string | undefined): Condition {
  if (before === undefined) return { sql: `${column} >= ?`, params: [from] };
  return { sql: `(${column} >= ? AND ${column} < ?)`, params: [from, before] };
}

/** The first text behind all that begin with the prefix; none when nothing comes behind them. */
function successor(prefix: string): string | undefined {
  const characters = [...prefix];
  for (let last = characters.pop(); last !== undefined; last = characters.pop()) {
    const codePoint = last.codePointAt(0) ?? 0;
    if (codePoint < 0x10ffff) return characters.join('') + String.fromCodePoint(codePoint === 0xd7ff ? 0xe000 : codePoint + 1);
  }
  return undefined;
}
