import type { Layout } from './layout.ts';

const SUBJECT = 'gate.subjectId';

/** The keys by which a sharded cluster spreads what stands now and what stood before; undefined where a collection stays on one shard. */
interface ShardKeys {
  readonly documents: Readonly<Record<string, 1 | 'hashed'>> | undefined;
  readonly history: Readonly<Record<string, 1 | 'hashed'>> | undefined;
}

/** Under a key of their own: what a transaction tells is written and found by its id. */
export const COMMIT_SHARD_KEY = { _id: 'hashed' } as const;

/**
 * Records lie with their subject, if each of their unique indexes begins with it: a shard keeps nothing unique beyond itself. A collection that follows
 * from others and has nothing unique but its key is spread by key. Registers, vouchers and subjects are found by values that have to be unique; they stay together.
 */
export function shardKeysOf({ gated, derived, indexes }: Pick<Layout, 'gated' | 'derived' | 'indexes'>): ShardKeys {
  const leading = (key: Readonly<Record<string, unknown>>) => Object.keys(key)[0];
  if (gated && derived && indexes.every(({ unique }) => !unique)) return { documents: { _id: 'hashed' }, history: { key: 1 } };
  const lieWithSubject = indexes.some(({ key }) => leading(key) === SUBJECT);
  const uniqueInShard = indexes.every(({ unique, key }) => !unique || leading(key) === SUBJECT);
  if (!gated || !lieWithSubject || !uniqueInShard) return { documents: undefined, history: undefined };
  return { documents: { [SUBJECT]: 1 }, history: { key: 1 } };
}
