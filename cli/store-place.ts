import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Store, StoreOptions } from '../store/port.ts';
import { openSqliteStore } from '../store/sqlite/open-store.ts';
import { CommandFault } from './command-fault.ts';

/** Where a hub keeps its data. */
export interface StorePlace {
  readonly dataDir: string;
  /** `--store` or `HUB_STORE`: `mongodb://…/<database>`, `mongodb+srv://…/<database>` or `file:…`; without it, files in the data folder. */
  readonly storeUrl?: string | undefined;
}

export const STORE_FILE = 'hub.sqlite';
const LOG_FILE = 'access-log.sqlite';

/** The store of records. @throws CommandFault for an address of another kind, STORE_UNAVAILABLE */
export function openStoreAt(place: StorePlace, options: StoreOptions): Promise<Store> {
  return open(place, STORE_FILE, options);
}

/** The store of the access log. A file of its own: SQLite has one writer a file, and during an import every logged request would wait for it. */
export function openLogStoreAt(place: StorePlace, options: StoreOptions): Promise<Store> {
  return open(isDatabase(place) ? place : { dataDir: place.dataDir }, LOG_FILE, options);
}

/** Whether there is anything to open; of a database only opening it can tell. */
export function isStoreThere(place: StorePlace): boolean {
  return place.storeUrl !== undefined || existsSync(join(place.dataDir, STORE_FILE));
}

/** Whether there is an access log to open; of a database only opening it can tell. */
export function isLogStoreThere(place: StorePlace): boolean {
  return isDatabase(place) || existsSync(join(place.dataDir, LOG_FILE));
}

/** Whether the store is a database of its own, which other machines may share. */
export function isDatabase({ storeUrl }: Pick<StorePlace, 'storeUrl'>): boolean {
  return storeUrl !== undefined && /^mongodb(\+srv)?:/.test(storeUrl);
}

async function open({ dataDir, storeUrl }: StorePlace, file: string, options: StoreOptions): Promise<Store> {
  if (storeUrl === undefined) return openSqliteStore(join(dataDir, file), options);
  if (storeUrl.startsWith('file:')) return openSqliteStore(fileURLToPath(storeUrl), options);
  if (!isDatabase({ storeUrl })) {
    throw new CommandFault('--store 须为 file: 或 mongodb: 地址 / is an address that begins with file: or mongodb:');
  }
  // Loaded only where it is used: it takes longer than everything else.
  const { openMongoStore } = await import('../store/mongodb/open-store.ts');
  return openMongoStore(storeUrl, options);
}
