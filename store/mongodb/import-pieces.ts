import { type Db, type Document as Stored, Timestamp } from 'mongodb';
import { HubError } from '../../schema/errors.ts';
import { type ChangePiece, type DocumentPiece, type Piece, type TransferOptions, withPosition } from '../transfer.ts';
import { type Commit, MOST_IN_A_COMMIT, positionAt, type StoredChange } from './commits.ts';
import type { Layouts } from './reader.ts';
import { encodeGate, encodeVersion } from './stored-document.ts';

interface Target {
  readonly db: Db;
  readonly layouts: Layouts;
  readonly positions: TransferOptions['positions'];
}

/** Documents of the database may have 16 MB. */
const MOST_CHARACTERS = 2_000_000;
const WRITER = 'restored';

/** Writes the pieces of another store into an empty one. */
export async function importPieces({ db, layouts, positions }: Target, pieces: AsyncIterable<Piece>): Promise<void> {
  /** How many changes came before each commit. Changes come first: the commit's place is one more than its index here. */
  const counts: number[] = [];
  let changes = 0;
  let place = 0;
  const commit = async (told: Pick<Commit, 'changes' | 'log' | 'entries'>): Promise<void> => {
    place += 1;
    const time = new Timestamp({ t: 0, i: place });
    await db.collection<Commit>('commits').insertOne({ _id: `${WRITER}.${place}`, time, writer: WRITER, number: place, place, ...told });
  };
  const stored = (told: DocumentPiece): readonly [collection: string, document: Stored] => {
    const layout = layouts.get(told.collection);
    if (!layout) throw new HubError('BAD_USER_INPUT', `the catalogue does not declare ${told.collection}`);
    const count = told.body[positions.field];
    const isPosition = told.collection === positions.collection && typeof count === 'number';
    const piece = isPosition ? withPosition(told, positions.field, positionOf(counts, count)) : told;
    const { key, version, at, actor, body, stands } = piece;
    const values = { version, at, actor, body: JSON.stringify(body), ...encodeVersion(layout, piece) };
    return stands ? [layout.documents, { _id: key, ...values }] : [layout.history, { key, ...values }];
  };

  for await (const run of runs(pieces)) {
    if (run.piece === 'CHANGE') {
      counts.push(changes);
      changes += run.of.length;
      await commit({ changes: run.of.map(storedChange) });
    } else if (run.piece === 'ENTRY') {
      await commit({ log: run.log, entries: run.of });
    } else {
      for (const [collection, group] of Map.groupBy(run.of.map(stored), ([name]) => name)) {
        const documents = group.map(([, document]) => document);
        await db.collection(collection).insertMany(documents, { ordered: false });
      }
    }
  }
  const counters = db.collection<{ readonly _id: string; readonly value: number }>('counters');
  await counters.updateOne({ _id: 'place' }, { $set: { value: place } }, { upsert: true });
}

/** The position of the change up to which there are so many. */
function positionOf(counts: readonly number[], count: number): string | null {
  if (count === 0) return null;
  const commit = counts.findLastIndex((before) => before < count);
  return positionAt(commit + 1, count - 1 - (counts[commit] ?? 0));
}

function storedChange({ collection, key, version, kind, gate, fields, actor, at }: ChangePiece): StoredChange {
  return { collection, key, version, kind, ...(gate && { gate: encodeGate(gate) }), fields, actor, at };
}

type Run =
  | { readonly piece: 'CHANGE'; readonly of: ChangePiece[] }
  | { readonly piece: 'DOCUMENT'; readonly of: DocumentPiece[] }
  | { readonly piece: 'ENTRY'; readonly log: string; readonly of: string[] };

/** Pieces of one kind, and of one log, as many as fit into one document. */
async function* runs(pieces: AsyncIterable<Piece>): AsyncGenerator<Run> {
  let run: Run | undefined;
  let characters = 0;
  for await (const piece of pieces) {
    const size = JSON.stringify(piece).length;
    const isFull = run && (run.of.length === MOST_IN_A_COMMIT || characters + size > MOST_CHARACTERS);
    if (run && !isFull && add(run, piece)) {
      characters += size;
      continue;
    }
    if (run) yield run;
    run = begun(piece);
    characters = size;
  }
  if (run) yield run;
}

/** False when the piece is of another kind, or of another log. */
function add(run: Run, piece: Piece): boolean {
  if (run.piece === 'CHANGE' && piece.piece === 'CHANGE') run.of.push(piece);
  else if (run.piece === 'DOCUMENT' && piece.piece === 'DOCUMENT') run.of.push(piece);
  else if (run.piece === 'ENTRY' && piece.piece === 'ENTRY' && run.log === piece.log) run.of.push(JSON.stringify(piece.entry));
  else return false;
  return true;
}

function begun(piece: Piece): Run {
  if (piece.piece === 'CHANGE') return { piece: 'CHANGE', of: [piece] };
  if (piece.piece === 'DOCUMENT') return { piece: 'DOCUMENT', of: [piece] };
  return { piece: 'ENTRY', log: piece.log, of: [JSON.stringify(piece.entry)] };
}
