import { AsyncLocalStorage } from 'node:async_hooks';
import type { Awaitable } from '../port.ts';

/** Runs works one behind the other, in the order in which they were asked for. */
export class WriteQueue {
  readonly #inside = new AsyncLocalStorage<{ isOver: boolean }>();
  #last: Promise<unknown> = Promise.resolve();

  /** @throws Error inside another work */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#inside.getStore()?.isOver === false) throw new Error('a write inside a write would wait for itself');
    const before = this.#last;
    const running = before.then(work);
    this.#last = running.catch(() => undefined);
    return running;
  }

  /** Runs what a caller has handed in, so that a write in it is known for what it is. */
  async runInside<T>(work: () => Awaitable<T>): Promise<T> {
    const here = { isOver: false };
    try {
      return await this.#inside.run(here, work);
    } finally {
      here.isOver = true;
    }
  }

  /** Settles when nothing waits any more. */
  async drained(): Promise<void> {
    for (let last: Promise<unknown> | undefined; last !== this.#last; ) {
      last = this.#last;
      await last;
    }
  }
}
