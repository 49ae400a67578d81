/** Texts from `from` on, up to but without `before`; without it, all that follow. */
export interface TextRange {
  readonly from: string;
  readonly before: string | undefined;
}

const FIRST_ABOVE_SURROGATES = '\ue000';
const FIRST_OF_TWO_UNITS = '\u{10000}';

/** True when a text compares with every other one by code point, as stores do, as it does in JavaScript (by UTF-16 unit). */
export function isOrderedAlike(text: string): boolean {
  return !/[\ud800-\uffff]/.test(text);
}

/** Texts that begin with the prefix. */
export function beginningWith(prefix: string): TextRange {
  return { from: prefix, before: successor(prefix) };
}

/**
 * Which texts come before the bound in JavaScript's order though not by code point (`also`), and the other way round (`butNot`).
 * `😀` (two units, the first U+D83D) comes before `（` (U+FF08) by unit and behind it by code point: where the bound has a character of
 * either sort, the texts that part from it there with one of the other sort change sides.
 */
export function sidesOf(bound: string): { readonly also: readonly TextRange[]; readonly butNot: readonly TextRange[] } {
  const also: TextRange[] = [];
  const butNot: TextRange[] = [];
  let prefix = '';
  for (const character of bound) {
    if (character >= FIRST_ABOVE_SURROGATES) also.push({ from: prefix + FIRST_OF_TWO_UNITS, before: successor(prefix) });
    else if (character.length === 2) butNot.push({ from: prefix + FIRST_ABOVE_SURROGATES, before: prefix + FIRST_OF_TWO_UNITS });
    prefix += character;
  }
  return { also, butNot };
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
