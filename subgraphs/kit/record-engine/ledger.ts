import type { RecordType } from '../../../schema/catalogue.ts';
import { EVERY, type Filter } from '../../../schema/filter.ts';
import type { Gate, Stopped } from '../../../schema/gate.ts';
import type { JsonObject } from '../../../schema/json.ts';
import type { Document, Writer } from '../../../store/port.ts';
import type { Identity } from './identity.ts';
import { putRecords, type RecordPut } from './write-records.ts';

/** A record as it stands in the store, or will when this transaction ends. */
export type Standing = Pick<Document, 'key' | 'version' | 'body' | 'gate'>;

/** What the store knows of the records that one batch is about; rows of the batch see what earlier rows of it wrote. */
export interface Ledger {
  standing(identity: string): Standing | undefined;
  /** Gates of other sources' records of the same act. */
  otherSources(triple: string, source: string): readonly Gate[];
  /** This source has another record of the document. */
  hasDocument(document: string): boolean;
  put(identity: Identity, put: RecordPut): Promise<void>;
  flush(): Promise<void>;
}

/** More sources than this tell of hardly any act. */
const SOURCES = 50;

/** Reads what the batch needs. Whose act stands already is found among all records of that act, so that one look-up serves both questions. */
export async function openLedger(tx: Writer, type: RecordType, identities: readonly Identity[], today: string): Promise<Ledger> {
  const isRecord = type.kind === 'record';
  const standing = new Map<string, Standing>();
  const triples = new Map<string, Gate[]>();
  for (const [triple, found] of isRecord ? await lookUp(tx, type, 'triple', identities, SOURCES) : []) {
    for (const document of found) standing.set(String(document.columns.identity), document);
    triples.set(
      triple,
      found.flatMap(({ gate }) => (gate ? [gate] : [])),
    );
  }
  const crowded = identities.filter(({ triple }) => triples.get(triple)?.length === SOURCES);
  const ownAmongMany: Filter = { op: 'in', field: 'column.identity', values: crowded.map(({ identity }) => identity) };
  const others = isRecord
    ? await lookUp(tx, type, 'triple', crowded, crowded.length, ownAmongMany)
    : await lookUp(tx, type, 'identity', identities, 1);
  for (const [, found] of others) for (const document of found) standing.set(String(document.columns.identity), document);
  const fresh = isRecord ? identities.filter(({ identity }) => !standing.has(identity)) : [];
  const documents = new Set<string>();
  for (const [document, found] of await lookUp(tx, type, 'document', fresh, 1)) if (found.length > 0) documents.add(document);

  let pending = new Map<string, RecordPut>();
  const flush = async () => {
    const puts = [...pending.values()];
    pending = new Map();
    if (puts.length > 0) await putRecords(tx, type, puts, today);
  };
  return {
    standing: (identity) => standing.get(identity),
    otherSources: (triple, source) => (triples.get(triple) ?? []).filter(({ sourceOrg }) => sourceOrg !== source),
    hasDocument: (document) => documents.has(document),
    async put({ identity, triple, document }, put) {
      // Two versions of one record are two writes, one after the other.
      if (pending.has(put.key)) await flush();
      pending.set(put.key, put);
      standing.set(identity, { key: put.key, version: put.expected + 1, body: put.body, gate: put.gate });
      const sources = triples.get(triple)?.filter(({ sourceOrg }) => sourceOrg !== put.gate.sourceOrg) ?? [];
      triples.set(triple, [...sources, put.gate]);
      documents.add(document);
    },
    flush,
  };
}

/** Which stop of another source's record holds for a new one of the same act too; a stop by time is each record's own. */
export function inheritedStop(others: readonly Gate[]): Stopped | null {
  return INHERITED.find((stopped) => others.some((gate) => gate.stopped === stopped)) ?? null;
}
const INHERITED: readonly Stopped[] = ['WITHDRAWN', 'REPAIRED', 'SHIELDED'];

type Found = readonly (readonly [string, readonly Document[]])[];
async function lookUp(
  tx: Writer,
  type: RecordType,
  column: keyof Identity,
  identities: readonly Identity[],
  limit: number,
  where: Filter = EVERY,
): Promise<Found> {
  const values = [...new Set(identities.map((identity) => identity[column]))];
  if (values.length === 0) return [];
  const field = `column.${column}` as const;
  const found = await tx.findPer(type.collection, field, values, { where, order: [{ field, direction: 'ASC' }], limit });
  return values.map((value, place) => [value, found[place] ?? []]);
}

/** Digests of all contents that ever stood in a record. */
export function hashesIn(body: JsonObject): readonly string[] {
  const hashes = body.$hashes;
  return Array.isArray(hashes) ? hashes.filter((hash) => typeof hash === 'string') : [];
}
