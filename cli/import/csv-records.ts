import { type Parser, parse } from 'csv-parse';

/** One record of a CSV text; `unreadable` stands for everything from there on, which could not be told apart. */
export type CsvRecord =
  | { readonly cells: readonly string[]; readonly unreadable?: never }
  | { readonly unreadable: Unreadable; readonly cells?: never };
export type Unreadable = 'QUOTE_NOT_CLOSED' | 'RECORD_TOO_LONG';

const LONGEST_RECORD = 1024 * 1024;

/** The records of a CSV text as they come, blank lines left out; holds no more than one piece of text and one record. */
export async function* csvRecords(pieces: AsyncIterable<string>): AsyncGenerator<CsvRecord> {
  let ready: string[][] = [];
  const parser = parse({
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    max_record_size: LONGEST_RECORD,
    // An error would throw away what the stream still holds, so nothing is left to the stream.
    on_record: (cells: string[]) => {
      ready.push(cells);
      return null;
    },
  });
  // The same error reaches the callback of the write.
  parser.on('error', () => {});
  parser.resume();
  try {
    for await (const piece of pieces) {
      const error = await written(parser, piece);
      yield* ready.map((cells) => ({ cells }));
      ready = [];
      if (error) return yield { unreadable: causeOf(error) };
    }
    const error = await ended(parser);
    yield* ready.map((cells) => ({ cells }));
    if (error) yield { unreadable: causeOf(error) };
  } finally {
    parser.destroy();
  }
}

function written(parser: Parser, piece: string): Promise<Error | null | undefined> {
  return new Promise((resolve) => parser.write(piece, resolve));
}

function ended(parser: Parser): Promise<Error | null | undefined> {
  return new Promise((resolve) => parser.end(resolve));
}

/** @throws any other error as it is */
function causeOf(error: Error): Unreadable {
  const code = (error as Error & { code?: unknown }).code;
  if (code === 'CSV_QUOTE_NOT_CLOSED') return 'QUOTE_NOT_CLOSED';
  if (code === 'CSV_MAX_RECORD_SIZE') return 'RECORD_TOO_LONG';
  throw error;
}
