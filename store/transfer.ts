import type { JsonObject } from '../schema/json.ts';
import type { Change, StoreOptions, Version } from './port.ts';

/** A document of one version: the one that stands, or one that stood before. */
export interface DocumentPiece extends Version {
  readonly piece: 'DOCUMENT';
  readonly collection: string;
  readonly stands: boolean;
}
export interface ChangePiece extends Omit<Change, 'position'> {
  readonly piece: 'CHANGE';
}
export interface EntryPiece {
  readonly piece: 'ENTRY';
  readonly log: string;
  readonly entry: JsonObject;
}

/** What a store holds, in the same words whichever adapter tells it. */
export type Piece = ChangePiece | DocumentPiece | EntryPiece;

export interface TransferOptions extends StoreOptions {
  /**
   * Bodies of this collection hold a position of the change log in this field. A position means nothing in another store: in a piece it is the number of
   * changes up to there, and null in versions that no longer stand.
   */
  readonly positions: { readonly collection: string; readonly field: string };
  /** Collections that are made anew from the logs wherever they are missing: they are left behind. */
  readonly rebuilt: readonly string[];
  /** Pieces come into the store: it is opened even when an earlier import did not end. */
  readonly isTarget?: boolean | undefined;
}

/** All that one store holds on its way out of it, or into it. What the port keeps to itself is told: old versions with author and time, order of the logs. */
export interface Transfer {
  /**
   * Everything, on one snapshot: changes in their order; documents by collection, key and version; entries by log, in their order. What stands in columns
   * that are no longer declared stays behind.
   * @throws BAD_USER_INPUT for a collection that holds something and is not declared; STORE_UNAVAILABLE when the database keeps no snapshot for so long
   */
  export(): AsyncIterable<Piece>;
  /**
   * Marks the store as half filled: nobody else opens it from now on. What an import has left that was ended is taken away; answers whether there was one.
   * @throws CONFLICT when the store holds anything else, unless it may
   */
  begin(options?: { readonly mayHoldSomething: boolean }): Promise<boolean>;
  /** Takes pieces in the order in which `export` tells them. */
  import(pieces: AsyncIterable<Piece>): Promise<void>;
  /** From here on it is a store like any other. */
  finish(): Promise<void>;
  close(): Promise<void>;
}

/** Groups of at most `size`, in order. */
export async function* grouped<T>(all: AsyncIterable<T>, size: number): AsyncGenerator<readonly T[]> {
  let group: T[] = [];
  for await (const each of all) {
    group.push(each);
    if (group.length < size) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}

/** The piece with its position put into other words. */
export function withPosition(piece: DocumentPiece, field: string, position: string | number | null): DocumentPiece {
  return { ...piece, body: { ...piece.body, [field]: position } };
}
