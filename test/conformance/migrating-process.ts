// Runs the migrations of a test on the store it is told, and stands still in the middle of one when it is told to, after it has said so.
import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Migration, Migrator } from '../../store/migration.ts';
import { openMongoMigrator } from '../../store/mongodb/migrate.ts';
import { openSqliteMigrator } from '../../store/sqlite/migrate.ts';
import { COLLECTIONS } from './documents.ts';

type Database<Options extends { readonly migrations?: readonly Migration<never>[] | undefined }> = Parameters<
  NonNullable<Options['migrations']>[number]['run']
>[0];

const { place, numbers, standStillIn } = JSON.parse(String(process.argv[2]));
const migrator = await opened();
await migrator.migrate((step) => void writeSync(1, `${step}\n`));
await migrator.close();

async function opened(): Promise<Migrator> {
  if (String(place).startsWith('mongodb:')) {
    const run = async (db: Database<Parameters<typeof openMongoMigrator>[1]>, number: number) => {
      await db.collection<{ _id: number }>('ran').updateOne({ _id: number }, { $inc: { times: 1 } }, { upsert: true });
      if (number === standStillIn) await standing();
    };
    return openMongoMigrator(place, { collections: COLLECTIONS, migrations: migrations(run) });
  }
  const run = (connection: Database<Parameters<typeof openSqliteMigrator>[1]>, number: number) => {
    connection.exec('CREATE TABLE IF NOT EXISTS ran (number INTEGER PRIMARY KEY, times INTEGER NOT NULL)');
    connection.run('INSERT INTO ran VALUES (?, 1) ON CONFLICT DO UPDATE SET times = times + 1', [number]);
    if (number !== standStillIn) return;
    writeSync(1, 'stands still\n');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  };
  return openSqliteMigrator(place, { collections: COLLECTIONS, migrations: migrations(run) });
}

function migrations<D>(run: (database: D, number: number) => void | Promise<void>): readonly Migration<D>[] {
  return numbers.map((number: number) => ({ number, name: `step ${number}`, run: (database: D) => run(database, number) }));
}

async function standing(): Promise<void> {
  writeSync(1, 'stands still\n');
  await sleep(600_000);
}
