import { describe, expect, it } from '@jest/globals';
import { nextAttempt, wishedPause } from '../../changes/retry-times.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe('attempts', () => {
  it('lie further and further apart, then half a day, for five days', () => {
    const at: number[] = [0];
    for (;;) {
      const due = nextAttempt({ attempts: at.length, since: 0 }, { now: at.at(-1) ?? 0, random: 0.5 });
      if (due === undefined) break;
      at.push(due);
    }
    const apart = at.slice(1).map((time, index) => time - (at[index] ?? 0));
    expect(apart.slice(0, 8)).toEqual([5000, 30_000, 2 * MINUTE, 10 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR]);
    expect(new Set(apart.slice(7))).toEqual(new Set([12 * HOUR]));
    expect(at.at(-1)).toBeGreaterThan(4 * DAY);
    expect(at.at(-1)).toBeLessThanOrEqual(5 * DAY);
  });

  it('are spread by a fifth', () => {
    const [early, late] = [0, 1].map((random) => nextAttempt({ attempts: 5, since: 0 }, { now: 0, random }));
    expect([early, late]).toEqual([0.8 * HOUR, 1.2 * HOUR]);
  });

  it.each([
    ['120', 120_000],
    ['Thu, 08 Oct 2026 03:00:00 GMT', HOUR],
    ['999999999', DAY],
    ['Thu, 08 Oct 2020 03:00:00 GMT', undefined],
    ['soon', undefined],
    [undefined, undefined],
  ])('wait for %s as the receiver wishes', (wish, pause) => {
    const now = Date.parse('2026-10-08T02:00:00Z');
    expect(wishedPause(wish, now)).toBe(pause === undefined ? undefined : now + pause);
  });
});
