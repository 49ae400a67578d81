import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { uptime } from 'node:os';
import { CommandFault } from './command-fault.ts';

/** Holds a file for one process of this machine. */
export interface FileLock {
  release(): Promise<void>;
}

/** What stands in a lock: which process holds it, and which holding this is. */
interface Holding {
  readonly pid: number;
  readonly id: string;
}

const MOST_ATTEMPTS = 10;
/** A clock that was set may count the time since the machine started a little differently. */
const SLACK_MS = 5_000;

/**
 * Takes `<file>.lock`, over from a process that has died if need be. The lock comes into being whole, so that nobody reads half of it.
 * @throws CommandFault when another process holds it
 */
export async function lockFile(file: string): Promise<FileLock> {
  const lock = `${file}.lock`;
  const own: Holding = { pid: process.pid, id: randomUUID() };
  const written = `${lock}.${own.id}`;
  await writeFile(written, textOf(own), { flag: 'wx', mode: 0o600 }).catch((error: NodeJS.ErrnoException) => {
    throw new CommandFault(`${lock} 无法使用 / cannot be used: ${error.code}`, { cause: error });
  });
  try {
    for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt++) {
      if (await isMade(written, lock)) return { release: () => release(lock, own) };
      const standing = await holdingIn(lock);
      if (standing === 'gone') continue;
      if (standing === undefined || (await isAlive(standing, lock))) break;
      if (await takeOver(lock, standing, written)) return { release: () => release(lock, own) };
    }
  } finally {
    await rm(written, { force: true });
  }
  const holder = await holdingIn(lock);
  const who = typeof holder === 'object' ? ` (pid ${holder.pid})` : '';
  throw new CommandFault(
    `${file} 正由另一进程使用${who}；确无此进程时可删除 ${lock} / is in use by another process; where there is none, remove ${lock}`,
  );
}

/** Only who has made the claim that is named after a holding may put another one in its place: two who find the same dead one do not both take it. */
async function takeOver(lock: string, dead: Holding, written: string): Promise<boolean> {
  const claim = `${lock}.${dead.id}.next`;
  if (!(await isMade(written, claim))) return false;
  try {
    const standing = await holdingIn(lock);
    if (typeof standing !== 'object' || standing.id !== dead.id) return false;
    await rename(written, lock);
    return true;
  } finally {
    await rm(claim, { force: true });
  }
}

async function isMade(written: string, name: string): Promise<boolean> {
  try {
    await link(written, name);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

async function release(lock: string, own: Holding): Promise<void> {
  const standing = await holdingIn(lock);
  if (typeof standing === 'object' && standing.id === own.id) await rm(lock, { force: true });
}

function textOf({ pid, id }: Holding): string {
  return `${pid} ${id}\n`;
}

/** Undefined for a file that no lock was written to. */
async function holdingIn(lock: string): Promise<Holding | 'gone' | undefined> {
  const text = await readFile(lock, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return 'gone';
  const [, pid, id] = /^(\d+) ([0-9a-f-]{36})\n$/.exec(text) ?? [];
  return pid === undefined || id === undefined ? undefined : { pid: Number(pid), id };
}

/** Ids of processes come again: that of this very process, or one from before the machine was started, is another's. */
async function isAlive({ pid }: Holding, lock: string): Promise<boolean> {
  if (pid === process.pid) return false;
  const made = await stat(lock).catch(() => undefined);
  if (made && made.mtimeMs + SLACK_MS < Date.now() - uptime() * 1000) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) !== 'ESRCH';
  }
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}
