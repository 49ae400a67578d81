import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Clock } from '../../store/port.ts';

/** A running process sees a changed key file after this long at the latest. */
const LOOK_EVERY_MS = 2000;

/** What stands in a key file that another process may replace. */
export interface FollowedFile<T> {
  /** As it stood two seconds ago or later. */
  recent(): T;
  /** As it stands now. */
  present(): T;
}

/** Follows a key file; it is read again only when it was replaced. */
export function followKeyFile<T>(path: string, read: () => T, clock: Clock): FollowedFile<T> {
  let stamp = stampOf(path);
  let content = read();
  let lookedAt = clock.now().getTime();
  const present = () => {
    lookedAt = clock.now().getTime();
    const standing = stampOf(path);
    if (standing !== stamp) {
      content = read();
      stamp = standing;
    }
    return content;
  };
  return { present, recent: () => (Math.abs(clock.now().getTime() - lookedAt) < LOOK_EVERY_MS ? content : present()) };
}

/** The text of a key file; undefined when there is none. */
export function readKeyFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** Makes a key file (mode 600). Of processes that start together only the first one makes it; the others leave it alone. */
export function createKeyFile(path: string, text: string): void {
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const draft = writtenDraft(path, text);
  try {
    // A link, unlike a rename, never replaces the keys of a process that was faster.
    linkSync(draft, path);
  } catch (error) {
    if (!isSystemError(error, 'EEXIST')) throw error;
  } finally {
    rmSync(draft);
  }
  // Without this a power cut could keep what was sealed and lose the keys.
  syncFolder(folder);
}

/** Replaces a key file as a whole: a reader, and whoever comes after a power cut, finds the old text or the new one. One process at a time. @throws KeysAreBusy */
export function changeKeyFile(path: string, change: () => string): void {
  const lock = join(dirname(path), `.${basename(path)}.lock`);
  takeLock(lock);
  try {
    renameSync(writtenDraft(path, change()), path);
    syncFolder(dirname(path));
  } finally {
    rmSync(lock);
  }
}

/** Another process is changing the keys, or was ended while it did. */
export class KeysAreBusy extends Error {
  readonly lock: string;

  constructor(lock: string) {
    super(`another process is changing the keys; if there is none, remove ${lock}`);
    this.lock = lock;
  }
}

/** Nobody takes over a lock that was left behind: two that did so at once would lose a key under which something is sealed already. */
function takeLock(lock: string): void {
  try {
    closeSync(openSync(lock, 'wx', 0o600));
  } catch (error) {
    if (isSystemError(error, 'EEXIST')) throw new KeysAreBusy(lock);
    throw error;
  }
}

function writtenDraft(path: string, text: string): string {
  const draft = join(dirname(path), `.${basename(path)}.${randomBytes(8).toString('hex')}`);
  const descriptor = openSync(draft, 'wx', 0o600);
  try {
    writeSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  return draft;
}

function syncFolder(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function stampOf(path: string): string | undefined {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat && `${stat.ino}|${stat.mtimeNs}|${stat.size}`;
}

function isSystemError(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}
