import type { ClientSession, Db } from 'mongodb';
import { HubError } from '../../schema/errors.ts';
import type { Transfer, TransferOptions } from '../transfer.ts';
import { Commits } from './commits.ts';
import { connectTo, layOutAll, PATIENCE_MS } from './connect.ts';
import { translate } from './driver-error.ts';
import { exportPieces } from './export-pieces.ts';
import { importPieces } from './import-pieces.ts';
import { inTransaction } from './open-store.ts';
import { beginLog, HALF_FILLED, type LayoutDuty, prepareDatabase } from './prepare-database.ts';

interface MongoTransferOptions extends TransferOptions {
  readonly layout?: LayoutDuty | undefined;
}

/** Takes everything out of the store in one database, or into it. @throws STORE_UNAVAILABLE */
export async function openMongoTransfer(url: string, options: MongoTransferOptions): Promise<Transfer> {
  const layouts = layOutAll(options);
  const wanted = { layouts: [...layouts.values()], layout: options.layout, mayBeHalfFilled: options.isTarget };
  const connection = await connectTo(url, PATIENCE_MS, (opened) => prepareDatabase(opened, wanted));
  const client = connection.getClient();
  const db = client.db(connection.name);
  const transact = <T>(work: (session: ClientSession) => Promise<T>) => inTransaction(client, PATIENCE_MS, work);
  const commits = new Commits(db, transact);
  const answered = <T>(asking: Promise<T>) => asking.catch((error) => Promise.reject(translate(error)));
  return {
    async *export() {
      await answered(commits.placeAll());
      const session = client.startSession({ snapshot: true });
      try {
        yield* exportPieces({ db, session, layouts, options });
      } catch (error) {
        throw explained(error);
      } finally {
        await session.endSession();
      }
    },
    begin: ({ mayHoldSomething } = { mayHoldSomething: false }) => answered(begun(db, mayHoldSomething)),
    import: (pieces) => answered(importPieces({ db, layouts, positions: options.positions }, pieces)),
    finish: () =>
      answered(
        marksIn(db)
          .deleteOne({ _id: HALF_FILLED })
          .then(() => {}),
      ),
    close: () => connection.close(),
  };
}

const SNAPSHOT_TOO_OLD = 239;

function explained(error: unknown): unknown {
  if (!(typeof error === 'object' && error !== null && 'code' in error && error.code === SNAPSHOT_TOO_OLD)) return translate(error);
  const zh = '数据库不再保留本次导出所用的快照，请调大 minSnapshotHistoryWindowInSeconds 后重试';
  const en = 'the database no longer holds the snapshot: raise minSnapshotHistoryWindowInSeconds and dump again';
  return new HubError('STORE_UNAVAILABLE', `${zh} / ${en}`, { cause: error });
}

async function begun(db: Db, mayHoldSomething: boolean): Promise<boolean> {
  const all = await db.listCollections({}, { nameOnly: true }).toArray();
  const stored = all.map(({ name }) => name).filter((name) => /^(doc|old)\./.test(name) || name === 'commits' || name === 'counters');
  const isAgain = (await marksIn(db).findOne({ _id: HALF_FILLED })) !== null;
  if (!isAgain && !mayHoldSomething && !(await isEmpty(db, stored))) throw new HubError('CONFLICT', 'the store is not empty');
  await marksIn(db).updateOne({ _id: HALF_FILLED }, { $set: { at: new Date().toISOString() } }, { upsert: true });
  await beginLog(db);
  for (const name of stored) await db.collection(name).deleteMany({});
  return isAgain;
}

async function isEmpty(db: Db, names: readonly string[]): Promise<boolean> {
  for (const name of names) if (await db.collection(name).findOne({}, { projection: { _id: 1 } })) return false;
  return true;
}

function marksIn(db: Db) {
  return db.collection<{ readonly _id: string }>('meta');
}
