import { join } from 'node:path';
import type { Clock, CollectionSpec, Store } from '../store/port.ts';
import { ACCESS_ENTRIES, ACCESS_INDEX } from '../subgraphs/access/access-entries.ts';
import { openLogStoreAt, type StorePlace } from './store-place.ts';

/** Where entries are found; made anew from the log wherever it is missing. */
export const LOG_COLLECTIONS: readonly CollectionSpec[] = [ACCESS_ENTRIES, ACCESS_INDEX];

/** What the access log is kept in. */
export function openLogStore(place: StorePlace, clock: Clock = { now: () => new Date() }): Promise<Store> {
  return openLogStoreAt(place, { collections: LOG_COLLECTIONS, clock });
}

/** Where the key of the access log stands, and the heads of its chains. */
export function accessLogFolders(dataDir: string): { readonly keyDir: string; readonly headDir: string } {
  return { keyDir: join(dataDir, 'keys'), headDir: join(dataDir, 'access-log') };
}
