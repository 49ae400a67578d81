import { join } from 'node:path';
import type { Clock, Store } from '../store/port.ts';
import { ACCESS_ENTRIES, ACCESS_INDEX } from '../subgraphs/access/access-entries.ts';
import { openLogStoreAt, type StorePlace } from './store-place.ts';

/** What the access log is kept in. */
export function openLogStore(place: StorePlace, clock: Clock = { now: () => new Date() }): Promise<Store> {
  return openLogStoreAt(place, { collections: [ACCESS_ENTRIES, ACCESS_INDEX], clock });
}

/** Where the key of the access log stands, and the heads of its chains. */
export function accessLogFolders(dataDir: string): { readonly keyDir: string; readonly headDir: string } {
  return { keyDir: join(dataDir, 'keys'), headDir: join(dataDir, 'access-log') };
}
