import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Store } from '../../store/port.ts';
import { account } from './documents.ts';
import { placeForEachTest, type StoreFactory } from './place.ts';
import { startWriter } from './start-writer.ts';

const BY = { actor: 'clerk' };

export function describeWaking(factory: StoreFactory): void {
  describe('whoever waits for commits', () => {
    const place = placeForEachTest(factory);
    let store: Store;
    beforeEach(async () => {
      store = await place.open();
    });
    const put = (by: Store, key: string) => by.write((tx) => tx.put('account', key, account(key)), BY);

    it('hears of a commit of its own process', async () => {
      const listening = listenTo(store);
      await put(store, 'a');
      await listening.found('a');
      listening.end();
    });

    it('hears of a commit of another process within a tenth of a second', async () => {
      const other = await place.open();
      const listening = listenTo(store);
      await put(other, 'first');
      await listening.found('first');
      const waits: number[] = [];
      for (let n = 0; n < 9; n += 1) {
        await put(other, `k${n}`);
        const kept = performance.now();
        await listening.found(`k${n}`);
        waits.push(performance.now() - kept);
      }
      listening.end();
      expect(waits.sort((left, right) => left - right)[4]).toBeLessThan(100);
    });

    it('misses nothing that another process commits while it begins to listen', async () => {
      const writer = startWriter(factory, place.address(), { run: 'other', transactions: 40 });
      await writer.acknowledged(1);
      const listening = listenTo(store);
      await listening.found('other-40-4');
      listening.end();
      await writer.ended;
    });

    it('is called once for many commits', async () => {
      const listening = listenTo(store);
      await Promise.all(Array.from({ length: 200 }, (_, n) => put(store, `k${n}`)));
      await listening.found('k199');
      expect(listening.calls()).toBeLessThan(200);
      listening.end();
    });

    it('is not called any more when it has ended listening, while others are', async () => {
      const ended = listenTo(store);
      const listening = listenTo(store);
      ended.end();
      ended.end();
      await put(store, 'a');
      await listening.found('a');
      expect(ended.calls()).toBe(0);
      listening.end();
      const again = listenTo(store);
      await put(await place.open(), 'b');
      await again.found('b');
      again.end();
    });

    it('is not called any more when the store is closed', async () => {
      const other = await place.open();
      const listening = listenTo(other);
      await other.close();
      const calls = listening.calls();
      await put(store, 'a');
      await sleep(150);
      expect(listening.calls()).toBe(calls);
      listening.end();
      expect(() => other.onCommit(() => {})).toThrow('closed');
    });
  });
}

interface Listening {
  /** Settles when a change of this key was found by looking whenever there was a call, and at the beginning. */
  found(key: string): Promise<void>;
  calls(): number;
  end(): void;
}

function listenTo(store: Store): Listening {
  let calls = 0;
  let called = Promise.withResolvers<void>();
  const end = store.onCommit(() => {
    calls += 1;
    called.resolve();
  });
  const found = async (key: string) => {
    for (;;) {
      called = Promise.withResolvers<void>();
      const changes = await store.changes(null, 100_000);
      if (changes.some((change) => change.key === key)) return;
      await called.promise;
    }
  };
  return { found, calls: () => calls, end };
}
