import { existsSync } from 'node:fs';
import type { Migration, Migrator } from '../migration.ts';
import type { StoreOptions } from '../port.ts';
import type { Connection } from './connection.ts';
import { layOutAll, openReading, openWriting, PATIENCE_MS } from './open-file.ts';
import { MIGRATIONS, pendingSteps, prepareTables } from './tables.ts';

interface MigratorOptions extends Pick<StoreOptions, 'collections'> {
  /** Those of this adapter unless told. */
  readonly migrations?: readonly Migration<Connection>[] | undefined;
}

/** What the store in a file lacks. A file that is not there lacks itself, and is not made by being looked at. */
export function openSqliteMigrator(file: string, { collections, migrations = MIGRATIONS }: MigratorOptions): Migrator {
  const wanted = { layouts: [...layOutAll(collections).values()], migrations };
  return {
    async pending() {
      if (!existsSync(file)) return [`a new store in ${file}`];
      const connection = openReading(file);
      try {
        return pendingSteps(connection, wanted);
      } finally {
        connection.close();
      }
    },
    async migrate(onStep) {
      const connection = await openWriting(file, PATIENCE_MS, (writing) => prepareTables(writing, wanted, onStep));
      connection.close();
    },
    async close() {},
  };
}
