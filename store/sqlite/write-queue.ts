import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import type { Awaitable } from '../port.ts';
import type { Connection } from './connection.ts';
import { LONGEST_PAUSE_MS, retryWhileBusy } from './patience.ts';

interface Job {
  /** Does the work and gives back how to tell its caller that it was kept. */
  attempt(): Promise<() => void>;
  reject(error: unknown): void;
}

/** How long waiting writes join the transaction under way, so that they share its flush to the disk. */
const GROUP_MS = 5;
/** After writing this long without a pause another process gets its turn. */
const STREAK_MS = 250;

/** Runs works one behind the other, each whole or not at all, on the one connection of the process that writes. */
export class WriteQueue {
  readonly #connection: Connection;
  readonly #patienceMs: number;
  readonly #inside = new AsyncLocalStorage<{ isOver: boolean }>();
  readonly #waiting: Job[] = [];
  #pumping: Promise<void> | undefined;
  #heldSince = 0;
  #freeSince = 0;

  constructor(connection: Connection, patienceMs: number) {
    this.#connection = connection;
    this.#patienceMs = patienceMs;
  }

  /** What `work` gives back, once it is on the disk. @throws Error inside another work, STORE_UNAVAILABLE when another process does not let go of the file */
  async run<T>(work: () => Awaitable<T>): Promise<T> {
    if (this.#inside.getStore()?.isOver === false) throw new Error('a write inside a write would wait for itself');
    const inCallersContext = AsyncLocalStorage.snapshot();
    return new Promise<T>((resolve, reject) => {
      const attempt = async () => {
        const value = await inCallersContext(() => this.#runInside(work));
        return () => resolve(value);
      };
      this.#waiting.push({ attempt, reject });
      this.#pumping ??= this.#pump();
    });
  }

  /** Settles when nothing waits any more. */
  async drained(): Promise<void> {
    while (this.#pumping) await this.#pumping;
  }

  async #runInside<T>(work: () => Awaitable<T>): Promise<T> {
    const here = { isOver: false };
    try {
      return await this.#inside.run(here, work);
    } finally {
      here.isOver = true;
    }
  }

  async #pump(): Promise<void> {
    while (this.#waiting.length > 0) {
      // A turn of the event loop for each transaction: an import that waits for nothing else would keep everybody else from being served.
      await turn();
      await this.#giveWay();
      await this.#runGroup();
      this.#freeSince = performance.now();
    }
    this.#pumping = undefined;
  }

  async #giveWay(): Promise<void> {
    const now = performance.now();
    const wasFree = now - this.#freeSince > LONGEST_PAUSE_MS;
    if (!wasFree && now - this.#heldSince < STREAK_MS) return;
    if (!wasFree) await sleep(LONGEST_PAUSE_MS + 2);
    this.#heldSince = performance.now();
  }

  /** One transaction for the first of those who wait and whoever can join it in time. */
  async #runGroup(): Promise<void> {
    const group: Job[] = [];
    const kept: (() => void)[] = [];
    try {
      await retryWhileBusy(this.#patienceMs, () => this.#connection.run('BEGIN IMMEDIATE'));
      const until = performance.now() + GROUP_MS;
      for (let job = this.#waiting.shift(); job; job = performance.now() < until ? this.#waiting.shift() : undefined) {
        group.push(job);
        await this.#join(job, kept);
      }
      this.#connection.run('COMMIT');
    } catch (error) {
      this.#abandon();
      const failed = group.length > 0 ? group : this.#waiting.splice(0);
      for (const { reject } of failed) reject(error);
      return;
    }
    for (const tellCaller of kept) tellCaller();
  }

  async #join(job: Job, kept: (() => void)[]): Promise<void> {
    // The first of a group has nobody to spare: a savepoint costs an import of many rows most of its speed.
    if (kept.length === 0) {
      kept.push(await job.attempt());
      return;
    }
    this.#connection.run('SAVEPOINT work');
    try {
      kept.push(await job.attempt());
    } catch (error) {
      job.reject(error);
      this.#connection.run('ROLLBACK TO work');
    }
    this.#connection.run('RELEASE work');
  }

  #abandon(): void {
    // A full disk, for one, has ended the transaction already.
    if (this.#connection.isInTransaction) this.#connection.run('ROLLBACK');
  }
}
