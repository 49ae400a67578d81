import type { Store } from '../../store/port.ts';
import { keysOfTransaction } from '../conformance/writer-transaction.ts';

/** What a writer was told of its transactions. */
interface Told {
  readonly acknowledgements: () => readonly number[];
  readonly failures: () => readonly number[];
}

/** What became of them. */
export interface Outcome {
  readonly acknowledged: number;
  /** Failed with STORE_UNAVAILABLE. */
  readonly failed: number;
  /** Acknowledged, and not there. */
  readonly lost: number;
  /** What contradicts that every transaction is there once and whole, or not at all, and all of them in one order. */
  readonly wrong: readonly string[];
}

/** Compares what is in the store with what the writer of this run was told. */
export async function auditRun(store: Store, run: string, { acknowledgements, failures }: Told): Promise<Outcome> {
  const acknowledged = acknowledgements();
  const entries = await store.read((tx) => tx.entries(run, 0, 1_000_000));
  const kept = entries.map(({ entry }) => Number(entry.n));
  const there = new Set(kept);
  const expected = kept.flatMap((n) => keysOfTransaction(run, n));
  const documents = await store.read((tx) => tx.get('test-penalty', expected));
  const count = await store.read((tx) => tx.count('test-penalty', { op: 'eq', field: 'gate.subjectId', value: run }));
  const versions = await store.read((tx) => tx.versions('account', `${run}-counter`));
  const changes = (await changesOf(store)).filter(({ actor }) => actor === run);
  const told = kept.flatMap((n) => [...keysOfTransaction(run, n), `${run}-counter`]);
  const last = Math.max(0, ...acknowledged, ...failures());
  const unexplained = kept.filter((n) => n > last + 1);
  const checks: readonly (readonly [string, boolean])[] = [
    ['a transaction stands in the log twice or out of order', kept.every((n, at) => at === 0 || n > (kept[at - 1] ?? n))],
    ['a transaction is there that was never begun', unexplained.length === 0],
    ['a document of a transaction is missing', documents.every((document) => document?.version === 1)],
    ['there are documents of a transaction that is not there', count === expected.length],
    [
      'the counter was written twice or by half',
      isSame(
        versions.map(({ body }) => body.count),
        kept,
      ),
    ],
    [
      'the change log tells something else',
      isSame(
        changes.map(({ key }) => key),
        told,
      ),
    ],
  ];
  return {
    acknowledged: acknowledged.length,
    failed: failures().length,
    lost: acknowledged.filter((n) => !there.has(n)).length,
    wrong: checks.flatMap(([fault, holds]) => (holds ? [] : [fault])),
  };
}

/** Lists of another realm are no equals to `node:util`. */
function isSame(left: readonly unknown[], right: readonly unknown[]): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}

async function changesOf(store: Store) {
  const all = [...(await store.changes(null, 1000))];
  for (let next = all; next.length > 0; ) {
    next = [...(await store.changes(all.at(-1)?.position ?? null, 1000))];
    all.push(...next);
  }
  return all;
}
