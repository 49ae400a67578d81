import type { Clock } from '../auth/issuers.ts';
import type { Principal } from '../auth/principal.ts';
import { Refusal } from './http-answer.ts';
import { createBuckets, type Rate } from './token-buckets.ts';

export interface RateLimits {
  /** Of each address that asks without a token. */
  readonly publicRate: Rate;
  /** Of each client that shows a token. */
  readonly clientRate: Rate;
}

export const RATE_LIMITS: RateLimits = { publicRate: { perSecond: 200, burst: 3_000 }, clientRate: { perSecond: 500, burst: 5_000 } };

/** Counts one request of this caller. @throws RATE_LIMITED, with Retry-After in seconds */
export type AdmitRequest = (principal: Principal, address: string | undefined) => void;

export function limitRate(limits: RateLimits, clock: Clock): AdmitRequest {
  const anybody = createBuckets(limits.publicRate, clock);
  const clients = createBuckets(limits.clientRate, clock);
  return (principal, address) => {
    const key = clientKey(principal, address);
    const wait = principal.audience === 'PUBLIC' ? anybody(key) : clients(key);
    if (wait !== undefined) throw new Refusal('RATE_LIMITED', 'too many requests', { headers: { 'retry-after': String(wait) } });
  };
}

/** What one of so many may let through, that count by themselves, so that together they let through no more than the rate. */
export function shareOfRate({ perSecond, burst }: Rate, sharers: number): Rate {
  return { perSecond: perSecond / sharers, burst: Math.max(1, burst / sharers) };
}

/** By what a client is told from others: its address without a token, else who the token speaks for. */
export function clientKey({ audience, iss = '', clientId, sub = '' }: Principal, address: string | undefined): string {
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
