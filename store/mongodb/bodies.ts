import type { AnyBulkWriteOperation, ClientSession, Db } from 'mongodb';
import type { BodyPlace, StoredBody } from '../port.ts';
import { namesOf } from './layout.ts';
import { decodeObject, type StoredDocument, type StoredVersion } from './stored-document.ts';

/** The bodies of every version that was ever stored, collection by collection, behind a place. */
export async function bodiesBehind(db: Db, session: ClientSession, after: BodyPlace | null, limit: number): Promise<readonly StoredBody[]> {
  for (const collection of await collectionsIn(db)) {
    if (after && collection < after.collection) continue;
    const from = after?.collection === collection ? after : { key: '', version: 0 };
    const page = await bodiesOf(db, session, { ...from, collection }, limit);
    if (page.length > 0) return page;
  }
  return [];
}

/** Writes a body into the very version that it is of; tells how many were there. */
export async function rewriteBodies(db: Db, session: ClientSession, bodies: readonly StoredBody[]): Promise<number> {
  let written = 0;
  for (const [collection, group] of Map.groupBy(bodies, (stored) => stored.collection)) {
    const { documents, history } = namesOf(collection);
    const standing = group.map(
      ({ key, version, body }): AnyBulkWriteOperation<StoredDocument> => ({
        updateOne: { filter: { _id: key, version }, update: { $set: { body: JSON.stringify(body) } } },
      }),
    );
    const before = group.map(
      ({ key, version, body }): AnyBulkWriteOperation<StoredVersion> => ({
        updateOne: { filter: { key, version }, update: { $set: { body: JSON.stringify(body) } } },
      }),
    );
    const now = await db.collection<StoredDocument>(documents).bulkWrite(standing, { session });
    const old = await db.collection<StoredVersion>(history).bulkWrite(before, { session });
    written += now.matchedCount + old.matchedCount;
  }
  return written;
}

async function bodiesOf(db: Db, session: ClientSession, from: BodyPlace, limit: number): Promise<readonly StoredBody[]> {
  const { documents, history } = namesOf(from.collection);
  const now = await db
    .collection<StoredDocument>(documents)
    .find({ _id: { $gte: from.key } }, { session, sort: { _id: 1 }, limit: limit + 1 })
    .toArray();
  const old = await db
    .collection<StoredVersion>(history)
    .find({ key: { $gte: from.key } }, { session, sort: { key: 1, version: 1 }, limit: limit + from.version })
    .toArray();
  const all = [...now.map(({ _id: key, version, body }) => ({ key, version, body })), ...old];
  return all
    .filter(({ key, version }) => key > from.key || version > from.version)
    .sort((left, right) => byCodePoint(left.key, right.key) || left.version - right.version)
    .slice(0, limit)
    .map(({ key, version, body }) => ({ collection: from.collection, key, version, body: decodeObject(body) }));
}

/** Of the hub, declared or not. */
export async function collectionsIn(db: Db): Promise<readonly string[]> {
  const all = await db.listCollections({ name: /^doc\./ }, { nameOnly: true }).toArray();
  return all.map(({ name }) => name.slice('doc.'.length)).sort();
}

function byCodePoint(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}
