import type { Clock } from '../auth/issuers.ts';
import type { Principal } from '../auth/principal.ts';
import { Refusal } from './http-answer.ts';

/** A token bucket: so many requests a second for ever, and `burst` of them at once. */
interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}
export interface RateLimits {
  /** Of each address that asks without a token. */
  readonly publicRate: Rate;
  /** Of each client that shows a token. */
  readonly clientRate: Rate;
}

export const RATE_LIMITS: RateLimits = { publicRate: { perSecond: 50, burst: 500 }, clientRate: { perSecond: 500, burst: 5_000 } };

interface Bucket {
  level: number;
  filledAt: number;
}
/** Beyond this the client that was not heard of the longest is forgotten; it comes back with a full bucket. */
const REMEMBERED_CLIENTS = 100_000;

/** Counts one request of this caller. @throws RATE_LIMITED, with Retry-After in seconds */
export type AdmitRequest = (principal: Principal, address: string | undefined) => void;

export function limitRate(limits: RateLimits, clock: Clock): AdmitRequest {
  const buckets = new Map<string, Bucket>();
  const bucketOf = (key: string, rate: Rate, now: number) => {
    const bucket = buckets.get(key) ?? { level: rate.burst, filledAt: now };
    buckets.delete(key);
    buckets.set(key, bucket); // a map keeps the order of insertion
    const [oldest] = buckets.keys();
    if (oldest !== undefined && buckets.size > REMEMBERED_CLIENTS) buckets.delete(oldest);
    return bucket;
  };

  return (principal, address) => {
    const rate = principal.audience === 'PUBLIC' ? limits.publicRate : limits.clientRate;
    const now = clock.now().getTime();
    const bucket = bucketOf(clientKey(principal, address), rate, now);
    const elapsed = Math.max(0, now - bucket.filledAt); // a clock may be set back
    bucket.level = Math.min(rate.burst, bucket.level + (elapsed * rate.perSecond) / 1000);
    bucket.filledAt = now;
    if (bucket.level < 1) {
      const wait = Math.ceil((1 - bucket.level) / rate.perSecond);
      throw new Refusal('RATE_LIMITED', 'too many requests', { headers: { 'retry-after': String(wait) } });
    }
    bucket.level -= 1;
  };
}

function clientKey({ audience, iss = '', clientId, sub = '' }: Principal, address: string | undefined): string {
  if (audience === 'PUBLIC') return `address ${networkOf(address ?? '')}`;
  return clientId === undefined ? `sub ${JSON.stringify([iss, sub])}` : `client ${JSON.stringify([iss, clientId])}`;
}

/** The address, or the /64 of an IPv6 one: whoever has one address of it has them all. */
function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined || !address.includes(':')) return mapped ?? address;
  const [head = '', tail = ''] = address.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === '' ? [] : tail.split(':');
  const missing = address.includes('::') ? 8 - before.length - after.length : 0;
  return [...before, ...Array<string>(Math.max(0, missing)).fill('0'), ...after].slice(0, 4).join(':');
}
