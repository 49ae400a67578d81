import { describe, expect, it } from '@jest/globals';
import { createCircuitBreaker } from '../../gateway/circuit-breaker.ts';

function breakerAt(start = 0) {
  const clock = { ms: start };
  const changes: boolean[] = [];
  const breaker = createCircuitBreaker({ failures: 3, pause: 1_000, now: () => clock.ms, onChange: (isOpen) => changes.push(isOpen) });
  return { clock, changes, breaker };
}

describe('a circuit breaker', () => {
  it('opens after so many failures one after another, not before', () => {
    const { breaker, changes } = breakerAt();
    for (const fails of [true, true, false, true, true]) {
      expect(breaker.admits()).toBe(true);
      if (fails) breaker.failed();
      else breaker.succeeded();
    }
    expect(breaker.admits()).toBe(true);
    breaker.failed();
    expect([breaker.admits(), changes]).toEqual([false, [true]]);
  });

  it('lets one call look after each pause, and closes when it is answered', () => {
    const { breaker, clock, changes } = breakerAt();
    for (let failure = 0; failure < 3; failure += 1) breaker.failed();
    clock.ms = 999;
    expect(breaker.admits()).toBe(false);
    clock.ms = 1_000;
    expect([breaker.admits(), breaker.admits()]).toEqual([true, false]);
    breaker.failed();
    clock.ms = 1_999;
    expect(breaker.admits()).toBe(false);
    clock.ms = 2_000;
    expect(breaker.admits()).toBe(true);
    breaker.succeeded();
    expect([breaker.admits(), breaker.admits(), changes]).toEqual([true, true, [true, false]]);
  });

  it('lets another call look when the one before never ended', () => {
    const { breaker, clock } = breakerAt();
    for (let failure = 0; failure < 3; failure += 1) breaker.failed();
    for (const ms of [1_000, 2_000, 3_000]) {
      clock.ms = ms;
      expect(breaker.admits()).toBe(true);
    }
  });
});
