import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Collection, type Db, MongoBulkWriteError } from 'mongodb';
import type { Claim } from '../port.ts';
import { isDuplicateKey, isUnavailable, translate } from './driver-error.ts';

interface StoredClaim {
  readonly _id: string;
  /** The database removes it after that, within about a minute. */
  readonly until: Date;
  /** Whose it is: what was not answered may have been written. */
  readonly by: string;
}

export const CLAIMS = 'claims';
const PAUSE_MS = 50;
// Most members have it before it counts, so that no election forgets it; their disks need not have it for the seconds that it is for.
const WRITTEN = { writeConcern: { w: 'majority', journal: false }, ordered: false } as const;

/** For each of them whether nobody had it before; goes on trying for `patienceMs`. */
export async function claimAll(db: Db, claims: readonly Claim[], patienceMs: number): Promise<readonly boolean[]> {
  const claimant = randomBytes(9).toString('base64url');
  const stored = claims.map(({ id, until }, index): StoredClaim => ({ _id: id, until, by: `${claimant}.${index}` }));
  const collection = db.collection<StoredClaim>(CLAIMS);
  const end = performance.now() + patienceMs;
  for (;;) {
    try {
      const lost = await lostOf(collection, stored);
      return stored.map(({ by }) => !lost.has(by));
    } catch (error) {
      if (!isUnavailable(translate(error)) || performance.now() >= end) throw error;
    }
    await sleep(PAUSE_MS);
  }
}

/** Writes them, and tells which are another's. */
async function lostOf(collection: Collection<StoredClaim>, claims: readonly StoredClaim[]): Promise<ReadonlySet<string>> {
  if (claims.length === 0) return new Set();
  try {
    await collection.insertMany([...claims], WRITTEN);
    return new Set();
  } catch (error) {
    const standing = duplicatesIn(error).flatMap((index) => claims[index] ?? []);
    const mine = await collection
      .find({ by: { $in: standing.map(({ by }) => by) }, _id: { $in: standing.map(({ _id }) => _id) } })
      .toArray();
    const kept = new Set(mine.map(({ by }) => by));
    return new Set(standing.map(({ by }) => by).filter((by) => !kept.has(by)));
  }
}

/** @throws the error where anything else was met as well */
function duplicatesIn(error: unknown): readonly number[] {
  if (!(error instanceof MongoBulkWriteError) || !isDuplicateKey(error) || error.result.getWriteConcernError()) throw error;
  const met = [error.writeErrors].flat();
  if (met.some(({ code }) => code !== error.code)) throw error;
  return met.map(({ index }) => index);
}
