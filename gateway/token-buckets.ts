import type { Clock } from '../auth/issuers.ts';

/** A token bucket: so many a second for ever, and `burst` of them at once. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

interface Bucket {
  level: number;
  filledAt: number;
}
/** Beyond this the key that was not heard of the longest is forgotten; it comes back with a full bucket. */
const REMEMBERED_KEYS = 100_000;

/** Takes one from the bucket of this key; answers the seconds to wait when it is empty. */
export type TakeOne = (key: string) => number | undefined;

export function createBuckets(rate: Rate, clock: Clock): TakeOne {
  const buckets = new Map<string, Bucket>();
  return (key) => {
    const now = clock.now().getTime();
    const bucket = buckets.get(key) ?? { level: rate.burst, filledAt: now };
    buckets.delete(key);
    buckets.set(key, bucket); // a map keeps the order of insertion
    // Looked for only then: the first key of a map stands behind the places of all that were moved away.
    const [oldest] = buckets.size > REMEMBERED_KEYS ? buckets.keys() : [];
    if (oldest !== undefined) buckets.delete(oldest);
    const elapsed = Math.max(0, now - bucket.filledAt); // a clock may be set back
    bucket.level = Math.min(rate.burst, bucket.level + (elapsed * rate.perSecond) / 1000);
    bucket.filledAt = now;
    if (bucket.level < 1) return Math.ceil((1 - bucket.level) / rate.perSecond);
    bucket.level -= 1;
    return undefined;
  };
}
