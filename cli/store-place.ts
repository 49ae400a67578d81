import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Migrator } from '../store/migration.ts';
import type { Store, StoreOptions } from '../store/port.ts';
import { openSqliteMigrator } from '../store/sqlite/migrate.ts';
import { openSqliteStore } from '../store/sqlite/open-store.ts';
import { openSqliteTransfer } from '../store/sqlite/transfer.ts';
import type { Transfer, TransferOptions } from '../store/transfer.ts';
import { CommandFault } from './command-fault.ts';

/** Where a hub keeps its data. */
export interface StorePlace {
  readonly dataDir: string;
  /** `--store` or `HUB_STORE`: `mongodb://…/<database>`, `mongodb+srv://…/<database>` or `file:…`; without it, files in the data folder. */
  readonly storeUrl?: string | undefined;
  /** What to do about a database that lacks something that stands in it otherwise: nothing unless told, `hub migrate` is for that. A file is always laid out. */
  readonly layout?: 'apply' | 'require' | undefined;
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

/** What it takes to bring everything out of the store of records, or into it; of a database it is the access log as well. */
export async function openTransferAt(place: StorePlace, options: TransferOptions): Promise<Transfer> {
  return (await reach(place, STORE_FILE)).transfer(options);
}

/** As `openTransferAt`, for the file that holds the access log. */
export async function openLogTransferAt({ dataDir }: StorePlace, options: TransferOptions): Promise<Transfer> {
  return (await reach({ dataDir }, LOG_FILE)).transfer(options);
}

/** What the store of records lacks; of a database it is the access log as well. */
export async function openMigratorAt(place: StorePlace, options: Pick<StoreOptions, 'collections'>): Promise<Migrator> {
  return (await reach(place, STORE_FILE)).migrator(options);
}

/** As `openMigratorAt`, for the file that holds the access log. */
export async function openLogMigratorAt({ dataDir }: StorePlace, options: Pick<StoreOptions, 'collections'>): Promise<Migrator> {
  return (await reach({ dataDir }, LOG_FILE)).migrator(options);
}

async function open(place: StorePlace, file: string, options: StoreOptions): Promise<Store> {
  return (await reach(place, file)).store(options);
}

/** What can be opened in one place. */
interface Reached {
  store(options: StoreOptions): Promise<Store>;
  transfer(options: TransferOptions): Promise<Transfer>;
  migrator(options: Pick<StoreOptions, 'collections'>): Promise<Migrator>;
}

async function reach({ dataDir, storeUrl, layout = 'require' }: StorePlace, file: string): Promise<Reached> {
  if (storeUrl === undefined) return reachFile(join(dataDir, file));
  if (storeUrl.startsWith('file:')) return reachFile(fileURLToPath(storeUrl));
  if (!isDatabase({ storeUrl })) {
    throw new CommandFault('--store 须为 file: 或 mongodb: 地址 / is an address that begins with file: or mongodb:');
  }
  // Loaded only where it is used: it takes longer than everything else.
  const [{ openMongoStore }, { openMongoTransfer }, { openMongoMigrator }] = await Promise.all([
    import('../store/mongodb/open-store.ts'),
    import('../store/mongodb/transfer.ts'),
    import('../store/mongodb/migrate.ts'),
  ]);
  return {
    store: (options) => openMongoStore(storeUrl, { ...options, layout }),
    transfer: (options) => openMongoTransfer(storeUrl, { ...options, layout }),
    migrator: (options) => openMongoMigrator(storeUrl, options),
  };
}

function reachFile(file: string): Reached {
  return {
    store: (options) => openSqliteStore(file, options),
    transfer: (options) => openSqliteTransfer(file, options),
    migrator: async (options) => openSqliteMigrator(file, options),
  };
}
