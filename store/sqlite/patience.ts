import { setTimeout as sleep } from 'node:timers/promises';
import { isBusy } from './driver-error.ts';

/** The longest pause between two attempts; `WriteQueue` lets go for longer, so that a waiting process finds its turn. */
export const LONGEST_PAUSE_MS = 5;

/** Asks again while another connection holds what is asked for; the event loop is free in between. @throws STORE_UNAVAILABLE when it is still held after `patienceMs` */
export async function retryWhileBusy<T>(patienceMs: number, ask: () => T): Promise<T> {
  const until = performance.now() + patienceMs;
  for (let pause = 1; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    try {
      return ask();
    } catch (error) {
      if (!isBusy(error) || performance.now() >= until) throw error;
    }
    await sleep(pause);
  }
}
