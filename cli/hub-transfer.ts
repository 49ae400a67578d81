import type { Catalogue } from '../schema/catalogue.ts';
import type { Piece, Transfer } from '../store/transfer.ts';
import { ACCESS_LOG } from '../subgraphs/access/log-chain.ts';
import { EFFECT_CURSORS } from '../subgraphs/kit/effects.ts';
import { LOG_COLLECTIONS } from './log-store.ts';
import { collectionsOf } from './open-hub.ts';
import { isDatabase, openLogTransferAt, openTransferAt, type StorePlace } from './store-place.ts';

/** Everything that a hub keeps, whether in one database or in two files. */
export interface HubTransfer {
  /** On one snapshot of each file. */
  export(): AsyncIterable<Piece>;
  /** @throws CONFLICT when anything stands there already */
  begin(): Promise<void>;
  /** `pieces` is asked for once for each file. */
  import(pieces: () => AsyncIterable<Piece>): Promise<void>;
  finish(): Promise<void>;
  close(): Promise<void>;
}

interface Part {
  readonly transfer: Transfer;
  readonly takes: (piece: Piece) => boolean;
}

/** @throws STORE_UNAVAILABLE */
export async function openHubTransfer(
  place: StorePlace,
  catalogue: Catalogue,
  { isTarget }: { readonly isTarget: boolean },
): Promise<HubTransfer> {
  const [records, ...logs] = await openParts(place, catalogue, isTarget);
  const parts = [records, ...logs];
  return {
    async *export() {
      for (const { transfer } of parts) yield* transfer.export();
    },
    async begin() {
      // Records are finished last: as long as they are not, nobody has written a log.
      const isAgain = await records.transfer.begin();
      for (const { transfer } of logs) await transfer.begin({ mayHoldSomething: isAgain });
    },
    async import(pieces) {
      for (const { transfer, takes } of parts) await transfer.import(chosen(pieces(), takes));
    },
    async finish() {
      for (const { transfer } of [...logs, records]) await transfer.finish();
    },
    async close() {
      for (const { transfer } of parts) await transfer.close();
    },
  };
}

async function openParts(place: StorePlace, catalogue: Catalogue, isTarget: boolean): Promise<readonly [Part, ...Part[]]> {
  const rebuilt = LOG_COLLECTIONS.map(({ name }) => name);
  const shared = { clock: { now: () => new Date() }, positions: { collection: EFFECT_CURSORS.name, field: 'position' }, rebuilt, isTarget };
  const collections = collectionsOf(catalogue);
  if (isDatabase(place)) {
    const transfer = await openTransferAt(place, { ...shared, collections: [...collections, ...LOG_COLLECTIONS] });
    return [{ transfer, takes: () => true }];
  }
  const isLogged = (piece: Piece) => piece.piece === 'ENTRY' && piece.log === ACCESS_LOG;
  const records = await openTransferAt(place, { ...shared, collections });
  try {
    const log = await openLogTransferAt(place, { ...shared, collections: LOG_COLLECTIONS });
    return [
      { transfer: records, takes: (piece) => !isLogged(piece) },
      { transfer: log, takes: isLogged },
    ];
  } catch (error) {
    await records.close();
    throw error;
  }
}

async function* chosen(pieces: AsyncIterable<Piece>, takes: Part['takes']): AsyncGenerator<Piece> {
  for await (const piece of pieces) if (takes(piece)) yield piece;
}
