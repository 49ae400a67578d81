import { type FileHandle, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CommandFault } from './command-fault.ts';

const LINE_END = 0x0a;
const LOOKED_AT_ONCE = 65_536;

/** Lines that were received, one JSON document each; a line is there whole or not at all. */
export interface PulledLines {
  /** Returns when the lines would stand after a power cut. */
  append(lines: readonly unknown[]): Promise<void>;
  close(): Promise<void>;
}

/** Opens the file behind its last whole line: what a kill in the middle of a line left is taken away, and will be received again. */
export async function openPulledLines(file: string): Promise<PulledLines> {
  const handle = await opened(file, 'a+');
  await handle.truncate(await endOfLastLine(handle));
  await handle.sync();
  await syncFolderOf(file);
  return {
    async append(lines) {
      if (lines.length === 0) return;
      await handle.appendFile(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
      await handle.sync();
    },
    close: () => handle.close(),
  };
}

async function endOfLastLine(handle: FileHandle): Promise<number> {
  const { size } = await handle.stat();
  const piece = Buffer.alloc(LOOKED_AT_ONCE);
  for (let end = size; end > 0; ) {
    const from = Math.max(0, end - LOOKED_AT_ONCE);
    const { bytesRead } = await handle.read(piece, 0, end - from, from);
    const found = piece.subarray(0, bytesRead).lastIndexOf(LINE_END);
    if (found >= 0) return from + found + 1;
    end = from;
  }
  return 0;
}

/** The cursor that was kept last, null before the first. */
export async function readKeptCursor(file: string): Promise<string | null> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw unusable(file, error);
  });
  if (text === null) return null;
  const cursor = text.trim();
  if (cursor !== '') return cursor;
  throw new CommandFault(`${file} 中没有游标；删除它即自此刻重新开始 / holds no cursor; without the file the feed begins anew, now`);
}

/** Puts the cursor in the place of the one before: whoever looks finds one of the two, whole. */
export async function keepCursor(file: string, cursor: string): Promise<void> {
  const beside = `${file}.new`;
  const handle = await opened(beside, 'w');
  try {
    await handle.writeFile(`${cursor}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(beside, file);
  await syncFolderOf(file);
}

async function opened(file: string, flags: string): Promise<FileHandle> {
  try {
    return await open(file, flags, 0o600);
  } catch (error) {
    throw unusable(file, error);
  }
}

function unusable(file: string, cause: unknown): CommandFault {
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : '';
  return new CommandFault(`${file} 无法使用 / cannot be used: ${code}`, { cause });
}

/** A file that was made or renamed is in its folder for certain only when the folder is written too; Windows knows no such thing. */
async function syncFolderOf(file: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(dirname(file), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
