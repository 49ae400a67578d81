import { afterEach, beforeEach } from '@jest/globals';
import type { CollectionSpec, Store, StoreOptions } from '../../store/port.ts';
import { COLLECTIONS } from './documents.ts';

/** How the suite comes by stores of one adapter. */
export interface StoreFactory {
  /** A new and empty place for one store: a file, a database. */
  createPlace(): Promise<string>;
  removePlace(place: string): Promise<void>;
  /** Opens the store of a place; a second time, with all that was kept there. */
  readonly open: (place: string, options: StoreOptions) => Promise<Store>;
  /** Where another process imports `open` from: the address of the module and the name under which it is exported. */
  readonly module: string;
  readonly exported: string;
}

/** The place of one test, and the stores that the test has open there. */
interface Place {
  /** Opens its store; it is closed when the test is over. */
  open(collections?: readonly CollectionSpec[]): Promise<Store>;
  readonly address: () => string;
  /** What the store's clock shows from now on. */
  setClock(instant: string): void;
}

/** Gives each test of the surrounding `describe` a place of its own. */
export function placeForEachTest(factory: StoreFactory): Place {
  const opened: Store[] = [];
  let address = '';
  let now = '';
  beforeEach(async () => {
    address = await factory.createPlace();
    now = '2025-03-01T08:00:00.000Z';
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((store) => store.close()));
    await factory.removePlace(address);
  });
  return {
    open: async (collections = COLLECTIONS) => {
      const store = await factory.open(address, { collections, clock: { now: () => new Date(now) } });
      opened.push(store);
      return store;
    },
    address: () => address,
    setClock: (instant) => {
      now = instant;
    },
  };
}
