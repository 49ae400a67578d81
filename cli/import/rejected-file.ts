import { randomUUID } from 'node:crypto';
import { chmod, type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { normaliseHeading } from '../../schema/headings.ts';
import { guard } from './cell-guard.ts';
import type { InputRow, RowSource } from './read-rows.ts';

/** Why a row was not taken: a code, the heading it is about, and a sentence in Chinese. */
export interface RejectionReason {
  readonly code: string;
  readonly message: string;
  readonly column?: string | undefined;
}

const ROW = '行号';
const REASON = '退回原因';
const RECORD = '原始记录';
const BUFFERED = 64 * 1024;
/** A name of so many characters, three bytes each, still fits a file system. */
const LONGEST_NAME = 60;

/** Collects the rows of one input file that were rejected, as CSV beside others in a folder that only the owner can read. */
export class RejectedFile {
  readonly #folder: string;
  readonly #path: string;
  readonly #temporary: string;
  readonly #headings: readonly string[];
  readonly #json: boolean;
  #handle: FileHandle | undefined;
  #pending = '';

  constructor({ folder, input, source }: { folder: string; input: string; source: Pick<RowSource, 'format' | 'headings'> }) {
    this.#folder = folder;
    this.#path = join(folder, `${[...basename(input).replace(/\.csv$/i, '')].slice(0, LONGEST_NAME).join('')}.rejected.csv`);
    this.#temporary = join(folder, `.${randomUUID()}.tmp`);
    this.#json = source.format === 'jsonl';
    // A rejected file that was put right and imported again has these two already.
    this.#headings = this.#json
      ? [RECORD]
      : source.headings.filter((heading) => heading && ![ROW, REASON].includes(normaliseHeading(heading)));
  }

  /** Adds a row; the first one creates the file. Calls must not overlap. */
  async add(row: InputRow, reasons: readonly RejectionReason[]): Promise<void> {
    this.#handle ??= await this.#create();
    const cells = this.#json ? [rawOf(row)] : this.#headings.map((heading) => textOf(row.cells.get(heading)));
    this.#pending += csvLine([...cells, String(row.row), reasons.map(sentence).join('；')]);
    if (this.#pending.length >= BUFFERED) await this.#flush(this.#handle);
  }

  /** Puts the file in its place, durably, over one of an earlier run, and answers its path; undefined when no row was added. */
  async close(): Promise<string | undefined> {
    const handle = this.#handle;
    if (!handle) return undefined;
    await this.#flush(handle);
    await handle.sync();
    await handle.close();
    this.#handle = undefined;
    await rename(this.#temporary, this.#path);
    await syncFolder(this.#folder);
    return this.#path;
  }

  /** Leaves nothing behind; for an import that was broken off. */
  async discard(): Promise<void> {
    await this.#handle?.close();
    this.#handle = undefined;
    await rm(this.#temporary, { force: true });
  }

  async #create(): Promise<FileHandle> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await chmod(this.#folder, 0o700);
    this.#pending = `\ufeff${csvLine([...this.#headings, ROW, REASON])}`;
    return open(this.#temporary, 'wx', 0o600);
  }

  async #flush(handle: FileHandle): Promise<void> {
    await handle.appendFile(this.#pending);
    this.#pending = '';
  }
}

function sentence({ code, column, message }: RejectionReason): string {
  return column ? `${code} ${column}：${message}` : `${code} ${message}`;
}

function rawOf(row: InputRow): string {
  return row.raw ?? JSON.stringify(Object.fromEntries(row.cells));
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function csvLine(cells: readonly string[]): string {
  return `${cells.map((cell) => quoted(guard(cell))).join(',')}\r\n`;
}

function quoted(cell: string): string {
  return /[",\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

async function syncFolder(folder: string): Promise<void> {
  // Windows has no handle of a folder; there a rename is durable by itself.
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
