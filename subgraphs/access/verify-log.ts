import { SUITES } from '../../schema/intl-suite.ts';
import type { Suite, Suites } from '../../schema/suite.ts';
import type { Store } from '../../store/port.ts';
import { ACCESS_LOG, digestOf, isSigned, type LogRecord, readRecord, suiteOf, type Tip, tipOf } from './log-chain.ts';
import type { Head } from './log-heads.ts';
import type { LogVerifier } from './log-key.ts';

/** Something in the log is not as it was written. */
export interface LogFault {
  /**
   * ALTERED: a record was changed. MISSING: records are gone. MOVED: a record stands elsewhere or twice. REPLACED: it does not follow on the one before it.
   * UNSIGNED: a checkpoint is by none of this hub's keys, or one is missing. CUT: the end is gone. HEAD: the head beside the store is forged or taken away.
   * SUITE: a chain names a cryptographic suite that this hub does not have; its digests were not compared.
   */
  readonly fault: 'NO_RECORD' | 'ALTERED' | 'MISSING' | 'MOVED' | 'REPLACED' | 'UNSIGNED' | 'CUT' | 'HEAD' | 'SUITE';
  readonly writer?: string | undefined;
  /** Number of the record in its writer's chain; the first of several. */
  readonly number?: number | undefined;
  /** The last of several. */
  readonly upTo?: number | undefined;
  /** Where it stands in the store. */
  readonly place?: number | undefined;
}

export interface Verified {
  readonly entries: number;
  readonly chains: number;
  readonly checkpoints: number;
  readonly faults: number;
}

export interface VerifyParts {
  readonly store: Store;
  readonly keys: LogVerifier | undefined;
  readonly heads: readonly Head[];
  readonly suites?: Suites | undefined;
  readonly onFault: (fault: LogFault) => void;
}

interface State {
  /** Undefined when this hub does not have it. */
  readonly suite: Suite | undefined;
  readonly tip: Tip;
  readonly unsigned: number;
}

const READ_AT_ONCE = 1000;
/** A writer signs every thousand entries; a group may carry as many again. */
const MOST_UNSIGNED = 2100;

/** Reads the whole log once, keeping no more of it than the end of each chain. */
export async function verifyLog({ store, keys, heads, suites = SUITES, onFault }: VerifyParts): Promise<Verified> {
  const chains = new Map<string, State>();
  const headOf = new Map(heads.map((head) => [head.writer, head]));
  const told = new Map<string, number>();
  const count = { entries: 0, checkpoints: 0, faults: 0 };
  const report = (fault: LogFault) => {
    count.faults += 1;
    onFault(fault);
  };
  const check = (record: LogRecord, place: number) => {
    const { w: writer, n: number } = record;
    if (record.k === 'ACCESS') count.entries += 1;
    if (record.k === 'CHECK') count.checkpoints += 1;
    const before = chains.get(writer);
    const expected = (before?.tip.n ?? -1) + 1;
    const at = { writer, number, place };
    const suite = record.k === 'OPEN' ? suiteOf(suites, record) : before ? before.suite : suites[0];
    if (!suite && record.k === 'OPEN') report({ fault: 'SUITE', ...at });
    if (suite && digestOf(suite, record) !== record.h) report({ fault: 'ALTERED', ...at });
    else if (headOf.get(writer)?.n === number && headOf.get(writer)?.hash !== record.h) report({ fault: 'REPLACED', ...at });
    if (number < expected) return report({ fault: 'MOVED', ...at });
    if (number > expected) report({ fault: 'MISSING', writer, number: expected, upTo: number - 1, place });
    else if (record.p !== (before?.tip.hash ?? '')) report({ fault: 'REPLACED', ...at });
    const isCheck = record.k === 'CHECK';
    const unsigned = isCheck ? 0 : (before?.unsigned ?? 0) + 1;
    if ((isCheck && !(keys && isSigned(keys, record))) || unsigned === MOST_UNSIGNED) report({ fault: 'UNSIGNED', ...at });
    for (const other of followed(record)) told.set(other.writer, Math.max(other.n, told.get(other.writer) ?? -1));
    chains.set(writer, { suite, tip: tipOf(record), unsigned });
  };

  for (let after = 0; ; ) {
    const page = await store.read((tx) => tx.entries(ACCESS_LOG, after, READ_AT_ONCE));
    for (const { place, entry } of page) {
      const record = readRecord(entry);
      if (record) check(record, place);
      else report({ fault: 'NO_RECORD', place });
    }
    const last = page.at(-1);
    if (!last) break;
    after = last.place;
  }

  for (const head of heads) {
    if (!head.isSigned) report({ fault: 'HEAD', writer: head.writer });
    told.set(head.writer, Math.max(head.n, told.get(head.writer) ?? -1));
  }
  for (const writer of chains.keys()) if (!headOf.has(writer)) report({ fault: 'HEAD', writer });
  for (const [writer, n] of told) {
    const stands = chains.get(writer)?.tip.n ?? -1;
    if (stands < n) report({ fault: 'CUT', writer, number: stands + 1, upTo: n });
  }
  return { ...count, chains: chains.size };
}

/** What the first record of a chain says of the chains that stood when it began. */
function followed({ k, e: { follows } }: LogRecord): readonly { readonly writer: string; readonly n: number }[] {
  if (k !== 'OPEN' || !Array.isArray(follows)) return [];
  return follows.flatMap((entry: unknown) => {
    if (typeof entry !== 'object' || entry === null || !('writer' in entry) || !('n' in entry)) return [];
    return typeof entry.writer === 'string' && typeof entry.n === 'number' ? [{ writer: entry.writer, n: entry.n }] : [];
  });
}
