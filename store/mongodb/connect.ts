import type { MongoClientOptions } from 'mongodb';
import mongoose, { type Connection } from 'mongoose';
import type { StoreOptions } from '../port.ts';
import { translate } from './driver-error.ts';
import { layOut } from './layout.ts';
import type { Layouts } from './reader.ts';

export const PATIENCE_MS = 30_000;
/** Acknowledged by most members and on their disks. What is read is what most members have: a snapshot and a transaction say so themselves. */
const CONNECTION: MongoClientOptions = {
  // A connection on which nothing comes any more is given up after these two together; with the driver's own, after forty seconds.
  heartbeatFrequencyMS: 2000,
  connectTimeoutMS: 5000,
  retryReads: true,
  retryWrites: true,
  readPreference: 'primary',
  writeConcern: { w: 'majority', journal: true },
  ignoreUndefined: true,
  appName: 'credit-hub',
};

/** Connects to one database; `prepare` comes first. @throws STORE_UNAVAILABLE */
export async function connectTo(url: string, patienceMs: number, prepare: (connection: Connection) => Promise<void>): Promise<Connection> {
  const connection = mongoose.createConnection(url, {
    ...CONNECTION,
    serverSelectionTimeoutMS: patienceMs,
    autoIndex: false,
    autoCreate: false,
  });
  try {
    await connection.asPromise();
    await prepare(connection);
    return connection;
  } catch (error) {
    await connection.close();
    throw translate(error);
  }
}

export function layOutAll({ collections }: Pick<StoreOptions, 'collections'>): Layouts {
  const layouts = new Map(collections.map((spec) => [spec.name, layOut(spec)]));
  if (layouts.size < collections.length) throw new Error('two collections have one name');
  return layouts;
}
