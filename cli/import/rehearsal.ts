import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ColumnValue, FieldName } from '../../schema/filter.ts';
import { kindOfUscc, normaliseCode } from '../../schema/uscc.ts';
import type { Document, Put, Reader, Store, Writer } from '../../store/port.ts';
import { createRecordEngine } from '../../subgraphs/kit/record-engine/engine.ts';
import type { Sealer } from '../../subgraphs/kit/sealer.ts';
import type { KnownSubject, SubjectDirectory, SubjectHandle } from '../../subgraphs/kit/subject-directory.ts';
import { personIndexOf } from '../../subgraphs/subjects/person-index.ts';
import { type Hub, type OpenOptions, openHub } from '../open-hub.ts';
import { isStoreThere } from '../store-place.ts';

/** A hub whose engine answers what an import would do to the store as it stands, and writes nothing. */
export async function openRehearsal(options: OpenOptions): Promise<Hub> {
  const { dataDir, storeUrl = options.env?.HUB_STORE } = options;
  const isThere = isStoreThere({ dataDir, storeUrl });
  // Without a store there is nothing to compare with; an empty one stands elsewhere for the while.
  const folder = isThere ? undefined : mkdtempSync(join(tmpdir(), 'hub-dry-run-'));
  const hub = await openHub({ ...options, dataDir: folder ?? options.dataDir, untouched: true });
  const engine = createRecordEngine({ ...hub.parts, store: rehearsalStore(hub.store), directory: rehearsalDirectory(hub) });
  const close = async () => {
    await hub.close();
    if (folder) rmSync(folder, { recursive: true, force: true });
  };
  return { ...hub, engine, close };
}

/** What would have been written is remembered as far as later rows are compared with it: about 1 KB a row. */
function rehearsalStore(store: Store): Store {
  const written = new Map<string, Written>();
  return { ...forwarding(store), write: (work) => store.read((tx) => work(rehearsalWriter(tx, written))) };
}

/** Documents of one collection that would have been written. */
interface Written {
  readonly byKey: Map<string, Document>;
  /** Keys by `<column>|<value>` of the columns by which records are found again. */
  readonly byColumn: Map<string, Set<string>>;
}
const COMPARED = ['identity', 'triple', 'document'] as const;

function rehearsalWriter(tx: Reader, written: Map<string, Written>): Writer {
  const putMany = (collection: string, puts: readonly Put[]) => {
    const known = written.get(collection) ?? { byKey: new Map(), byColumn: new Map() };
    written.set(collection, known);
    return puts.map((put) => remember(known, put));
  };
  return {
    ...forwardingReads(tx),
    async findPer(collection, field, values, query) {
      const stored = await tx.findPer(collection, field, values, query);
      const known = written.get(collection);
      return known ? values.map((value, index) => overlaid(known, field, value, stored[index] ?? []).slice(0, query.limit)) : stored;
    },
    putMany,
    put: (collection, key, put) => putMany(collection, [{ ...put, key }])[0] ?? unsupported(),
    append: unsupported,
    rewrite: unsupported,
    remove: unsupported,
  };
}

function remember({ byKey, byColumn }: Written, { key, expected, body, gate, columns = {} }: Put): Document {
  const { contentHash, $hashes, $secondSource } = body;
  const compared: Record<string, ColumnValue> = {};
  for (const column of COMPARED) {
    const value = columns[column];
    if (typeof value !== 'string') continue;
    compared[column] = value;
    const place = `${column}|${value}`;
    byColumn.set(place, (byColumn.get(place) ?? new Set()).add(key));
  }
  const document: Document = { key, version: expected + 1, body: { contentHash, $hashes, $secondSource }, gate, columns: compared };
  if (Object.keys(compared).length > 0) byKey.set(key, document);
  return document;
}

function overlaid({ byKey, byColumn }: Written, field: FieldName, value: string, stored: readonly Document[]): readonly Document[] {
  const own = [...(byColumn.get(`${field.slice('column.'.length)}|${value}`) ?? [])].flatMap((key) => byKey.get(key) ?? []);
  return [...own, ...stored.filter(({ key }) => !byKey.has(key))];
}

/** Finds subjects, and makes up those that would be created. */
function rehearsalDirectory({ directory, sealer }: Pick<Hub, 'directory' | 'sealer'>): SubjectDirectory {
  return {
    async resolve(handles) {
      const subjects: KnownSubject[] = [];
      for (const handle of handles) subjects.push((await directory.find(handle)) ?? madeUp(sealer, handle));
      return subjects;
    },
    find: (handle) => directory.find(handle),
    byId: (id) => directory.byId(id),
    isNamed: (id, name) => directory.isNamed(id, name),
    named: async () => {},
  };
}

function madeUp(sealer: Sealer, handle: SubjectHandle): KnownSubject {
  if (handle.kind === 'person') return { id: personIndexOf(sealer, handle.idType, handle.idNumber), kind: 'INDIVIDUAL' };
  const uscc = normaliseCode(handle.uscc);
  return { id: uscc, kind: kindOfUscc(uscc), uscc };
}

function forwarding(store: Store): Omit<Store, 'write'> {
  return {
    read: (work) => store.read(work),
    changes: (after, limit) => store.changes(after, limit),
    position: () => store.position(),
    lastChange: () => store.lastChange(),
    logId: store.logId,
    reaches: (after) => store.reaches(after),
    cut: unsupported,
    claim: (claims) => store.claim(claims),
    onCommit: (listener) => store.onCommit(listener),
    close: () => store.close(),
  };
}

function forwardingReads(tx: Reader): Omit<Reader, 'findPer'> {
  return {
    get: (collection, keys) => tx.get(collection, keys),
    find: (collection, query) => tx.find(collection, query),
    count: (collection, where) => tx.count(collection, where),
    versions: (collection, key) => tx.versions(collection, key),
    bodies: (after, limit) => tx.bodies(after, limit),
    entries: (log, after, limit) => tx.entries(log, after, limit),
  };
}

function unsupported(): never {
  throw new Error('a dry run writes nothing of this kind');
}
