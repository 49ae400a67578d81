const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long after each failed attempt the next one is made; the last goes on until the end. */
const DELAYS = [5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR];
const LAST_DELAY = 12 * HOUR;
/** So long after it was read an event is tried to be delivered. */
const LIFE = 5 * DAY;
const JITTER = 0.2;
const LONGEST_WISH = DAY;

/** When to try again behind this many attempts, in milliseconds since 1970; undefined when that would be too late. `random` is from 0 to 1. */
export function nextAttempt(
  { attempts, since }: { readonly attempts: number; readonly since: number },
  { now, random }: { readonly now: number; readonly random: number },
): number | undefined {
  const delay = DELAYS[attempts - 1] ?? LAST_DELAY;
  const due = Math.round(now + delay * (1 - JITTER + 2 * JITTER * random));
  return due > since + LIFE ? undefined : due;
}

/** Until when a receiver wants to be left alone (`Retry-After` in seconds or as a date, RFC 9110 §10.2.3), at most a day. */
export function wishedPause(retryAfter: string | undefined, now: number): number | undefined {
  if (retryAfter === undefined) return undefined;
  const until = /^\d{1,9}$/.test(retryAfter) ? now + Number(retryAfter) * SECOND : Date.parse(retryAfter);
  return until > now ? Math.min(until, now + LONGEST_WISH) : undefined;
}
