import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import type { Store } from '../../store/port.ts';
import { placeForEachTest, type StoreFactory } from './place.ts';

const CLAIMING = fileURLToPath(new URL('./claiming-process.ts', import.meta.url));
/** An hour behind the clock of these tests, and in no past of a database. */
const UNTIL = new Date(Date.now() + 3_600_000);
const claims = (...ids: readonly string[]) => ids.map((id) => ({ id, until: UNTIL }));
const rangeOf = (count: number) => Array.from({ length: count }, (_, n) => `id-${n}`);

export function describeClaims(factory: StoreFactory): void {
  describe('a claim', () => {
    const place = placeForEachTest(factory);

    it('is granted once, among others that are granted', async () => {
      const store = await place.open();
      expect(await store.claim(claims('a', 'b'))).toEqual([true, true]);
      expect(await store.claim(claims('c', 'a', 'd', 'b'))).toEqual([true, false, true, false]);
      expect(await store.claim(claims('e', 'e'))).toEqual([true, false]);
      expect(await store.claim([])).toEqual([]);
    });

    it('is granted to one of all who make it at once', async () => {
      const stores = await Promise.all([place.open(), place.open(), place.open()]);
      const made = await Promise.all(
        rangeOf(50).map((id) => Promise.all(stores.flatMap((store) => [store.claim(claims(id)), store.claim(claims(id))]))),
      );
      expect(made.map((each) => each.flat().filter(Boolean).length)).toEqual(rangeOf(50).map(() => 1));
    });

    it('is granted to one process of two', async () => {
      await (await place.open()).close();
      const { module, exported } = factory;
      const order = JSON.stringify({ module, exported, place: place.address(), ids: rangeOf(500), until: UNTIL });
      const claiming = () => promisify(execFile)(process.execPath, [CLAIMING, order]);
      const made = (await Promise.all([claiming(), claiming()])).flatMap(({ stdout }): string[] => JSON.parse(stdout));
      expect(made.sort()).toEqual(rangeOf(500).sort());
    });

    it('stands while a transaction is under way, and in no change', async () => {
      const store = await place.open();
      const [made] = await store.write(() => store.claim(claims('a')), { actor: 'clerk' });
      expect([made, ...(await store.claim(claims('a')))]).toEqual([true, false]);
      expect(await store.position()).toBeNull();
    });

    it('outlives the process that made it', async () => {
      const first = await place.open();
      await first.claim(claims('a'));
      await first.close();
      expect(await again(place.open())).toEqual([false]);
    });
  });
}

async function again(opening: Promise<Store>): Promise<readonly boolean[]> {
  return (await opening).claim(claims('a'));
}
