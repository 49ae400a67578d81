import { normaliseHeading } from '../../schema/headings.ts';
import { unguard } from './cell-guard.ts';
import { type CsvRecord, csvRecords, type Unreadable } from './csv-records.ts';
import { decodedText, detectEncoding, type Encoding } from './detect-encoding.ts';
import { textLines } from './text-lines.ts';
import { UnusableFile } from './unusable-file.ts';

/** One record of a file. */
export interface InputRow {
  /** Number of the record: in a CSV file the heading is 1, in JSON lines the first record. */
  readonly row: number;
  /** By heading as written, or by the names of a JSON object. */
  readonly cells: ReadonlyMap<string, unknown>;
  /** There are fewer cells than headings. */
  readonly truncated: boolean;
  /** Why the row cannot be read, in Chinese; its cells are what could be. */
  readonly malformed?: string | undefined;
  /** Of a line that is no JSON object: the line. */
  readonly raw?: string | undefined;
}

/** A file that has been found readable; its rows can be read more than once. */
export interface RowSource {
  readonly format: 'csv' | 'jsonl';
  readonly encoding: Encoding;
  /** Of a CSV file, as written; a column without a heading has an empty one. */
  readonly headings: readonly string[];
  readonly rows: AsyncIterable<InputRow>;
}

const UNREADABLE: Readonly<Record<Unreadable, string>> = {
  QUOTE_NOT_CLOSED: '引号未闭合，自此行起无法读取',
  RECORD_TOO_LONG: '记录超过 1 MiB（可能是引号未闭合），自此行起未读取',
};

/** Opens a CSV file or JSON lines, which begin with a brace. Only one record is held at a time. @throws UnusableFile */
export async function openRows(file: string, { encoding: forced }: { encoding?: Encoding | undefined } = {}): Promise<RowSource> {
  const encoding = await readable(() => detectEncoding(file, forced));
  if (!encoding) throw new UnusableFile({ zh: '文件不是 UTF-8 或 GB 18030 文本', en: 'the file is no text in UTF-8 or GB 18030' });
  const text = () => decodedText(file, encoding);
  const first = await firstLetter(text());
  if (first === undefined) throw new UnusableFile({ zh: '文件为空', en: 'the file is empty' });
  if (first === '{') return { format: 'jsonl', encoding, headings: [], rows: { [Symbol.asyncIterator]: () => jsonRows(text()) } };
  const headings = headingsOf(await firstRecord(csvRecords(text())));
  return { format: 'csv', encoding, headings, rows: { [Symbol.asyncIterator]: () => csvRows(csvRecords(text()), headings) } };
}

async function* csvRows(records: AsyncIterable<CsvRecord>, headings: readonly string[]): AsyncGenerator<InputRow> {
  let row = 0;
  for await (const record of records) {
    row++;
    if (record.unreadable) yield { row, cells: new Map(), truncated: true, malformed: UNREADABLE[record.unreadable] };
    // Spreadsheets leave rows of empty cells behind; they are counted, but nothing stands in them.
    else if (row > 1 && record.cells.some((cell) => cell !== '')) yield csvRow(row, record.cells, headings);
  }
}

function csvRow(row: number, texts: readonly string[], headings: readonly string[]): InputRow {
  const cells = new Map<string, unknown>();
  let stray = texts.length > headings.length;
  headings.forEach((heading, place) => {
    const text = texts[place];
    if (heading === '') stray ||= Boolean(text);
    else if (text !== undefined) cells.set(heading, unguard(text));
  });
  const malformed = stray ? `单元格多于表头（表头 ${headings.length} 列，本行 ${texts.length} 列）` : undefined;
  return { row, cells, truncated: texts.length < headings.length, ...(malformed && { malformed }) };
}

async function* jsonRows(pieces: AsyncIterable<string>): AsyncGenerator<InputRow> {
  let row = 0;
  for await (const line of textLines(pieces)) {
    if (line?.trim() === '') continue;
    row++;
    yield line === undefined ? { row, cells: new Map(), truncated: true, malformed: '行超过 1 MiB' } : jsonRow(row, line);
  }
}

function jsonRow(row: number, line: string): InputRow {
  const record = parsed(line);
  if (record === undefined) return { row, cells: new Map(), truncated: false, malformed: '不是 JSON 对象', raw: line.trim() };
  return { row, cells: new Map(Object.entries(record)), truncated: false };
}

function parsed(line: string): object | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function headingsOf(record: CsvRecord | undefined): readonly string[] {
  if (!record?.cells) throw new UnusableFile({ zh: '表头无法读取', en: 'the headings cannot be read' });
  const headings = record.cells.map((cell) => (normaliseHeading(cell) === '' ? '' : unguard(cell)));
  const named = headings.filter((heading) => heading !== '').map(normaliseHeading);
  const repeated = named.find((heading, place) => named.indexOf(heading) !== place);
  if (repeated !== undefined) throw new UnusableFile({ zh: `表头重复：${repeated}`, en: `two columns have the heading ${repeated}` });
  if (named.length === 0) throw new UnusableFile({ zh: '没有表头', en: 'there are no headings' });
  return headings;
}

async function firstRecord(records: AsyncIterable<CsvRecord>): Promise<CsvRecord | undefined> {
  for await (const record of records) return record;
  return undefined;
}

async function firstLetter(pieces: AsyncIterable<string>): Promise<string | undefined> {
  for await (const piece of pieces) {
    const text = piece.trimStart();
    if (text !== '') return text[0];
  }
  return undefined;
}

async function readable<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error as { syscall?: unknown }).syscall) throw error;
    throw new UnusableFile({ zh: '文件无法打开', en: 'the file cannot be opened' }, { cause: error });
  }
}
