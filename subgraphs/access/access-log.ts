import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import type { AccessEntry } from '../../auth/access-entry.ts';
import type { AccessLog } from '../../auth/ports.ts';
import { addYears, shanghaiToday } from '../../schema/calendar-date.ts';
import { HubError } from '../../schema/errors.ts';
import { SUITES } from '../../schema/intl-suite.ts';
import type { Suite, Suites } from '../../schema/suite.ts';
import type { Clock, Store } from '../../store/port.ts';
import { indexEntries } from './access-entries.ts';
import { ACCESS_LOG, checkpoint, type LogRecord, newTip, nextRecord, type Tip, tipOf } from './log-chain.ts';
import { readHeads, writeHead } from './log-heads.ts';
import { type LogKeys, type LogSigner, openLogKeys } from './log-key.ts';

export interface AccessLogParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly newId: () => string;
  /** Holds the key that signs. */
  readonly keyDir: string;
  /** Holds the head of every chain; processes that share a store share it. */
  readonly headDir: string;
  readonly suites?: Suites | undefined;
  /** How long an entry has to be kept at least: it stands in the entry. Nothing is ever removed by the hub itself. */
  readonly years?: number | undefined;
  /** Told of a head or an index that could not be written; the log itself stands. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** An access log that is written by this process. */
export interface WrittenLog extends AccessLog {
  /** Waits for what is under way, then signs the end. */
  close(): Promise<void>;
}

export const RETENTION = { least: 3, usual: 5, most: 10 } as const;
/** Entries wait for each other no longer than this. */
const GROUP_MS = 6;
const MOST_AT_ONCE = 1000;
const CHECK_EVERY = { entries: 1000, ms: 300_000 };
const HEAD_EVERY_MS = 200;
const INDEX_EVERY_MS = 1000;

interface Waiting {
  readonly entry: AccessEntry;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}
/** A chain, and what of it no checkpoint covers. */
interface Chain {
  readonly tip: Tip;
  readonly unsigned: number;
  readonly checkedAt: number;
}

/** The access log on a store: one durable write for all entries of a few milliseconds, each chained to the one before. Nothing is made before the first entry. */
export function createAccessLog(parts: AccessLogParts): WrittenLog {
  const { store, clock, newId, keyDir, headDir, suites = SUITES, onError = (error) => process.emitWarning(String(error)) } = parts;
  const [suite] = suites;
  let waiting: Waiting[] = [];
  let writing: Promise<void> | undefined;
  let expected = 1;
  let chain: Chain | undefined;
  let keys: LogKeys | undefined;
  let headTimer: NodeJS.Timeout | undefined;
  let indexTimer: NodeJS.Timeout | undefined;
  let indexing: Promise<void> | undefined;

  const write = async (group: readonly Waiting[]): Promise<void> => {
    const now = clock.now();
    keys ??= openLogKeys(keyDir, { suites, clock });
    const signer = keys.signer();
    const from = chain ?? openedChain(parts, keys, newId(), now);
    const { records, after } = chained({ suite, signer, now, from, entries: group.map(({ entry }) => kept(parts, entry)) });
    await store.write((tx) => tx.append(ACCESS_LOG, records), { actor: 'access-log' });
    chain = after;
    headTimer ??= setTimeout(keepHead, HEAD_EVERY_MS).unref();
    indexTimer ??= setTimeout(keepIndex, INDEX_EVERY_MS).unref();
  };
  const keepHead = () => {
    clearTimeout(headTimer);
    headTimer = undefined;
    if (!chain || !keys) return;
    try {
      writeHead(headDir, keys.signer(), chain.tip);
    } catch (error) {
      onError(error);
    }
  };
  const keepIndex = () => {
    indexTimer = undefined;
    indexing = indexEntries(store).catch(onError);
  };
  const writeAll = async (): Promise<void> => {
    while (waiting.length > 0) {
      await gathered(() => waiting.length, expected);
      const group = waiting.slice(0, MOST_AT_ONCE);
      expected = Math.ceil(group.length / 2);
      waiting = waiting.slice(MOST_AT_ONCE);
      try {
        await write(group);
        for (const { resolve } of group) resolve();
      } catch (error) {
        // Whether it was kept after all is not known: a chain that goes on from here could fork.
        keepHead();
        chain = undefined;
        const unavailable = new HubError('STORE_UNAVAILABLE', 'the access log cannot be written', { cause: error });
        for (const { reject } of group) reject(unavailable);
      }
    }
    writing = undefined;
  };

  return {
    record: (entry) =>
      new Promise<void>((resolve, reject) => {
        waiting.push({ entry, resolve, reject });
        writing ??= writeAll();
      }),
    async close() {
      while (writing) await writing;
      if (!chain || !keys) return;
      const { tip, unsigned } = chain;
      if (unsigned > 0) {
        const last = checkpoint(suite, keys.signer(), tip, clock.now().toISOString());
        await store.write((tx) => tx.append(ACCESS_LOG, [last]), { actor: 'access-log' });
        chain = { tip: tipOf(last), unsigned: 0, checkedAt: 0 };
      }
      keepHead();
      clearTimeout(indexTimer);
      await indexing;
      await indexEntries(store).catch(onError);
    },
  };
}

/** Waits for half as many as came the last time, so that the others are answered meanwhile: somebody who asks alone waits for nobody. */
async function gathered(count: () => number, expected: number): Promise<void> {
  const until = performance.now() + GROUP_MS;
  await turn();
  while (count() < expected && performance.now() < until) await sleep(1);
}

/** A chain that is about to begin: its head is announced first, so that a chain without one is always one whose head was taken away. */
function openedChain(
  { headDir, suites: [suite] = SUITES }: AccessLogParts,
  keys: LogKeys,
  writer: string,
  now: Date,
): Chain & { readonly opening: LogRecord } {
  const others = readHeads(headDir, keys).filter(({ n }) => n >= 0);
  const start = newTip(writer);
  const signer = keys.signer();
  writeHead(headDir, signer, start);
  const follows = others.map((head) => ({ writer: head.writer, n: head.n }));
  const opening = nextRecord(suite, start, 'OPEN', { at: now.toISOString(), suite: suite.name, key: signer.id, follows });
  return { opening, tip: tipOf(opening), unsigned: 1, checkedAt: now.getTime() };
}

interface Chaining {
  readonly suite: Suite;
  readonly signer: LogSigner;
  readonly now: Date;
  readonly from: Chain & { readonly opening?: LogRecord };
  readonly entries: readonly AccessEntry[];
}

/** The records of a group in the order in which the entries came, with a checkpoint behind them when one is due. */
function chained({ suite, signer, now, from, entries }: Chaining): { readonly records: readonly LogRecord[]; readonly after: Chain } {
  const records: LogRecord[] = from.opening ? [from.opening] : [];
  let { tip } = from;
  const add = (record: LogRecord) => {
    records.push(record);
    tip = tipOf(record);
  };
  for (const entry of entries) add(nextRecord(suite, tip, 'ACCESS', entry));
  const unsigned = from.unsigned + entries.length;
  const isDue = unsigned >= CHECK_EVERY.entries || now.getTime() - from.checkedAt >= CHECK_EVERY.ms;
  if (!isDue) return { records, after: { tip, unsigned, checkedAt: from.checkedAt } };
  add(checkpoint(suite, signer, tip, now.toISOString()));
  return { records, after: { tip, unsigned: 0, checkedAt: now.getTime() } };
}

function kept({ years = RETENTION.usual }: AccessLogParts, entry: AccessEntry): AccessEntry {
  return { ...entry, keepUntil: addYears(shanghaiToday(new Date(entry.at)), years) };
}
