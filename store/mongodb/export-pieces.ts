import type { ClientSession, Db } from 'mongodb';
import { HubError } from '../../schema/errors.ts';
import { type ChangePiece, type DocumentPiece, type EntryPiece, type Piece, type TransferOptions, withPosition } from '../transfer.ts';
import { collectionsIn } from './bodies.ts';
import { COMMIT_INDEXES, type Commit, IN_ORDER, placeOf } from './commits.ts';
import { type Layout, namesOf } from './layout.ts';
import type { Layouts } from './reader.ts';
import { decodeGate, decodeObject, decodeVersion, type StoredDocument, type StoredVersion } from './stored-document.ts';

interface Source {
  readonly db: Db;
  /** Its first question settles the snapshot of all others. */
  readonly session: ClientSession;
  readonly layouts: Layouts;
  readonly options: TransferOptions;
}

/** Everything that a snapshot holds. Commits that have no place in it yet come last, in the order in which they will get one. */
export async function* exportPieces(source: Source): AsyncGenerator<Piece> {
  const { layouts, options } = source;
  await refuseUndeclared(source);
  yield* changes(source);
  const names = [...layouts.keys()].filter((name) => !options.rebuilt.includes(name)).sort();
  for (const name of names) {
    const layout = layouts.get(name);
    if (layout) yield* documents(source, layout);
  }
  yield* entries(source);
}

async function refuseUndeclared({ db, session, layouts, options }: Source): Promise<void> {
  for (const collection of await collectionsIn(db)) {
    if (layouts.has(collection) || options.rebuilt.includes(collection)) continue;
    const { documents: now, history } = namesOf(collection);
    for (const name of [now, history]) {
      if (await db.collection(name).findOne({}, { session, projection: { _id: 1 } }))
        throw new HubError('BAD_USER_INPUT', `the store holds ${collection}, which the catalogue does not declare`);
    }
  }
}

async function* changes(source: Source): AsyncGenerator<ChangePiece> {
  for await (const { changes: told = [] } of commits(source, { changes: { $exists: true } })) {
    for (const { collection, key, version, kind, gate: stored, fields, actor, at } of told) {
      const gate = decodeGate(stored);
      yield { piece: 'CHANGE', collection, key, version, kind, ...(gate && { gate }), fields, actor, at };
    }
  }
}

async function* entries(source: Source): AsyncGenerator<EntryPiece> {
  const { db, session } = source;
  const logs = await db
    .collection<Commit>('commits')
    .aggregate<{ readonly _id: string }>([{ $match: { log: { $exists: true } } }, { $group: { _id: '$log' } }, { $sort: { _id: 1 } }], {
      session,
    })
    .toArray();
  for (const { _id: log } of logs) {
    for await (const { entries: told = [] } of commits(source, { log })) {
      for (const entry of told) yield { piece: 'ENTRY', log, entry: decodeObject(entry) };
    }
  }
}

async function* commits({ db, session }: Source, which: { changes: { $exists: true } } | { log: string }): AsyncGenerator<Commit> {
  const all = db.collection<Commit>('commits');
  yield* all.find({ ...which, place: { $gte: 0 } }, { session, sort: { place: 1 } });
  yield* all.find({ ...which, unplaced: true }, { session, sort: IN_ORDER, hint: COMMIT_INDEXES[0].name });
}

async function* documents(source: Source, layout: Layout): AsyncGenerator<DocumentPiece> {
  const { positions } = source.options;
  for await (const piece of versions(source, layout)) {
    const isPosition = piece.collection === positions.collection;
    yield isPosition ? withPosition(piece, positions.field, await countedTo(source, piece)) : piece;
  }
}

/** What stands and what stood before, in one order of key and version. */
async function* versions({ db, session }: Source, layout: Layout): AsyncGenerator<DocumentPiece> {
  const { collection } = layout;
  const now = db.collection<StoredDocument>(layout.documents).find({}, { session, sort: { _id: 1 } });
  const old = db.collection<StoredVersion>(layout.history).find({}, { session, sort: { key: 1, version: 1 }, projection: { _id: 0 } });
  const piece = (stored: StoredVersion, stands: boolean): DocumentPiece => ({
    piece: 'DOCUMENT',
    collection,
    ...decodeVersion(layout, stored),
    stands,
  });
  try {
    let before = await old.next();
    for await (const { _id: key, ...standing } of now) {
      for (; before && !comesBehind(before.key, key); before = await old.next()) yield piece(before, false);
      yield piece({ key, ...standing }, true);
    }
    for (; before; before = await old.next()) yield piece(before, false);
  } finally {
    await Promise.all([now.close(), old.close()]);
  }
}

/** The database orders texts by their bytes. */
function comesBehind(left: string, right: string): boolean {
  return Buffer.compare(Buffer.from(left), Buffer.from(right)) > 0;
}

async function countedTo({ db, session, options }: Source, { stands, body }: DocumentPiece): Promise<number | null> {
  const position = body[options.positions.field];
  if (!stands || typeof position !== 'string') return null;
  const { place, index } = placeOf(position);
  const commits = db.collection<Commit>('commits');
  // Where the log was cut, a place may be all that is left of a commit.
  const own = await commits.findOne({ place, changes: { $exists: true } }, { session, projection: { _id: 1 } });
  const [before] = await commits
    .aggregate<{ readonly count: number }>(
      [
        { $match: { place: { $gte: 0, $lt: place }, changes: { $exists: true } } },
        { $group: { _id: null, count: { $sum: { $size: '$changes' } } } },
      ],
      { session },
    )
    .toArray();
  return (before?.count ?? 0) + (own ? index + 1 : 0);
}
