/** One line without its end; undefined when it is longer than 1 Mi characters. */
export type TextLine = string | undefined;

const LONGEST_LINE = 1024 * 1024;

/** The lines of a text that comes in pieces; of a line that is too long nothing is kept. */
export async function* textLines(pieces: AsyncIterable<string>): AsyncGenerator<TextLine> {
  let rest = '';
  let overflow = false;
  for await (const piece of pieces) {
    const [first = '', ...others] = piece.split('\n');
    rest = overflow ? '' : rest + first;
    for (const next of others) {
      yield overflow || rest.length > LONGEST_LINE ? undefined : rest;
      overflow = false;
      rest = next;
    }
    if (rest.length > LONGEST_LINE) {
      overflow = true;
      rest = '';
    }
  }
  if (overflow) yield undefined;
  else if (rest !== '') yield rest;
}
