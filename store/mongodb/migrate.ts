import type { Db } from 'mongodb';
import type { Migration, Migrator } from '../migration.ts';
import type { StoreOptions } from '../port.ts';
import { connectTo, layOutAll, PATIENCE_MS } from './connect.ts';
import { translate } from './driver-error.ts';
import { MIGRATIONS, pendingSteps, prepareDatabase } from './prepare-database.ts';

interface MigratorOptions extends Pick<StoreOptions, 'collections'> {
  /** Those of this adapter unless told. */
  readonly migrations?: readonly Migration<Db>[] | undefined;
}

/** What the store in a database lacks. @throws STORE_UNAVAILABLE */
export async function openMongoMigrator(url: string, { collections, migrations = MIGRATIONS }: MigratorOptions): Promise<Migrator> {
  const wanted = { layouts: [...layOutAll({ collections }).values()], migrations };
  const connection = await connectTo(url, PATIENCE_MS, async () => {});
  const answered = <T>(asking: Promise<T>) => asking.catch((error) => Promise.reject(translate(error)));
  return {
    pending: () => answered(pendingSteps(connection, wanted)),
    migrate: (onStep) => answered(prepareDatabase(connection, wanted, onStep)),
    close: () => connection.close(),
  };
}
