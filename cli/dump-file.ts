import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { promisify } from 'node:util';
import { deflate, inflate } from 'node:zlib';
import type { Suite } from '../schema/suite.ts';
import type { Piece } from '../store/transfer.ts';
import { CommandFault } from './command-fault.ts';

/** What stands beside the store and belongs to it: a file of the data folder, and by what a key is recognised without telling it. */
export type BesideStore =
  | { readonly piece: 'FILE'; readonly path: string; readonly text: string }
  | { readonly piece: 'KEY'; readonly id: string; readonly fingerprint: string };
export type DumpPiece = BesideStore | Piece;

/** What a dump holds: digests that two dumps of the same content share, and how much there is. */
export interface DumpSummary {
  /** Over changes and documents. */
  readonly records: string;
  /** Over the entries of logs. */
  readonly logs: string;
  readonly changes: number;
  readonly documents: number;
  readonly entries: number;
}

/** What opens and seals dumps. */
export interface DumpKey {
  readonly suite: Suite;
  readonly secret: Buffer;
}

const FORMAT = 'credit-hub dump 1';
const CHUNK_CHARACTERS = 1_000_000;
/** One byte says whether it is the last, four how long it is. */
const FRAME_HEAD = 5;
const MOST_BYTES = 1 << 28;
const MORE = 0;
const END = 1;
const compressed = promisify(deflate);
const expanded = promisify(inflate);

/** Adds up what passes. */
export class Tally {
  readonly #suite: Suite;
  #records = '';
  #logs = '';
  #counts = { changes: 0, documents: 0, entries: 0 };

  constructor(suite: Suite) {
    this.#suite = suite;
  }

  add(piece: DumpPiece, line = lineOf(piece)): void {
    if (piece.piece === 'FILE' || piece.piece === 'KEY') return;
    if (piece.piece === 'ENTRY') this.#logs = this.#suite.digest(this.#logs + line);
    else this.#records = this.#suite.digest(this.#records + line);
    this.#counts[COUNTED[piece.piece]] += 1;
  }

  get summary(): DumpSummary {
    return { records: this.#records, logs: this.#logs, ...this.#counts };
  }
}
const COUNTED = { CHANGE: 'changes', DOCUMENT: 'documents', ENTRY: 'entries' } as const;

/**
 * Writes a dump: lines of JSON, compressed and encrypted a chunk at a time. Each chunk is sealed as the one of its number in this very file, the last one
 * as the last. The file appears under its name when it is whole.
 */
export async function writeDump(path: string, { suite, secret }: DumpKey, pieces: AsyncIterable<DumpPiece>): Promise<DumpSummary> {
  const cipher = suite.cipher(secret);
  const headline = `${FORMAT} ${suite.name} ${randomBytes(16).toString('base64url')}\n`;
  const draft = `${path}.part`;
  const file = await open(draft, 'w', 0o600);
  try {
    await file.write(headline);
    let number = 0;
    const seal = async (text: string, kind: number) => {
      const sealed = cipher.sealBytes(await compressed(text), contextOf(headline, number++, kind));
      const head = Buffer.alloc(FRAME_HEAD);
      head.writeUInt8(kind, 0);
      head.writeUInt32BE(sealed.length, 1);
      await file.write(Buffer.concat([head, sealed]));
    };
    const tally = new Tally(suite);
    let chunk = '';
    for await (const piece of pieces) {
      const line = lineOf(piece);
      tally.add(piece, line);
      chunk += `${line}\n`;
      if (chunk.length < CHUNK_CHARACTERS) continue;
      await seal(chunk, MORE);
      chunk = '';
    }
    if (chunk !== '') await seal(chunk, MORE);
    await seal(JSON.stringify(tally.summary), END);
    await file.sync();
    await file.close();
    await rename(draft, path);
    return tally.summary;
  } catch (error) {
    await file.close();
    await rm(draft, { force: true });
    throw error;
  }
}

/** Pieces in their order; behind the last one it gives back what they add up to. @throws CommandFault for a file that is no dump, under another key, altered, or cut */
export async function* readDump(path: string, key: DumpKey): AsyncGenerator<DumpPiece, DumpSummary> {
  const file = await open(path, 'r').catch((error) => {
    throw new CommandFault(`无法读取 ${path} / cannot be read: ${String(error.code ?? error)}`, { cause: error });
  });
  try {
    const headline = await readHeadline(file);
    const [suite] = headline.slice(FORMAT.length + 1).split(' ');
    if (suite !== key.suite.name) throw new CommandFault(`没有密码套件 ${suite} / there is no cryptographic suite ${suite}`);
    const tally = new Tally(key.suite);
    for (let number = 0; ; number += 1) {
      const { kind, text } = await readChunk(file, { headline, number, key });
      if (kind === END) {
        await refuseMore(file);
        return agreed(tally.summary, text);
      }
      for (const line of text.split('\n').slice(0, -1)) {
        const piece: DumpPiece = JSON.parse(line);
        tally.add(piece, line);
        yield piece;
      }
    }
  } finally {
    await file.close();
  }
}

/** Members in one order, whoever tells the piece. */
function lineOf(piece: DumpPiece): string {
  if (piece.piece === 'DOCUMENT') {
    const { collection, key, version, stands, at, actor, body, gate, columns } = piece;
    return JSON.stringify({ piece: 'DOCUMENT', collection, key, version, stands, at, actor, body, gate, columns });
  }
  if (piece.piece === 'CHANGE') {
    const { collection, key, version, kind, gate, fields, actor, at } = piece;
    return JSON.stringify({ piece: 'CHANGE', collection, key, version, kind, gate, fields, actor, at });
  }
  return JSON.stringify(piece);
}

function contextOf(headline: string, number: number, kind: number): string {
  return `${headline}${number} ${kind}`;
}

async function readHeadline(file: FileHandle): Promise<string> {
  const bytes = await readExactly(file, FORMAT.length + 1);
  if (bytes?.toString('latin1') !== `${FORMAT} `) throw new CommandFault('该文件不是导出文件 / this file is no dump');
  let text = bytes.toString('latin1');
  while (!text.endsWith('\n') && text.length < 200) text += (await readExactly(file, 1))?.toString('latin1') ?? '\n';
  return text;
}

interface Place {
  readonly headline: string;
  readonly number: number;
  readonly key: DumpKey;
}

async function readChunk(file: FileHandle, { headline, number, key }: Place): Promise<{ readonly kind: number; readonly text: string }> {
  const head = await readExactly(file, FRAME_HEAD);
  const length = head?.readUInt32BE(1) ?? 0;
  const sealed = head && length <= MOST_BYTES ? await readExactly(file, length) : undefined;
  if (!head || !sealed) throw new CommandFault('导出文件不完整，末尾被截断 / the dump is cut off');
  const kind = head.readUInt8(0);
  try {
    const bytes = key.suite.cipher(key.secret).openBytes(sealed, contextOf(headline, number, kind));
    return { kind, text: String(await expanded(bytes)) };
  } catch (error) {
    const [zh, en] = ['密钥不符，或文件被改动', 'the key is another one, or the file was altered'];
    throw new CommandFault(`无法解密第 ${number + 1} 块：${zh} / chunk ${number + 1} cannot be opened: ${en}`, { cause: error });
  }
}

async function refuseMore(file: FileHandle): Promise<void> {
  if (await readExactly(file, 1)) throw new CommandFault('导出文件末尾之后还有内容 / something stands behind the end of the dump');
}

function agreed(summary: DumpSummary, told: string): DumpSummary {
  if (JSON.stringify(summary) === told) return summary;
  throw new CommandFault('导出文件的内容与其摘要不符 / the dump does not hold what it says');
}

/** Undefined where the file ends before. */
async function readExactly(file: FileHandle, length: number): Promise<Buffer | undefined> {
  const bytes = Buffer.alloc(length);
  for (let read = 0; read < length; ) {
    const { bytesRead } = await file.read(bytes, read, length - read);
    if (bytesRead === 0) return undefined;
    read += bytesRead;
  }
  return bytes;
}
