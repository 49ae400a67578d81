import { type Catalogue, itemWithRole, type RecordType } from '../../schema/catalogue.ts';
import { EVERY } from '../../schema/filter.ts';
import type { Json, JsonObject } from '../../schema/json.ts';
import type { Change, CollectionSpec, Document, Put, Reader, Store, Writer } from '../../store/port.ts';
import type { EffectHandler } from '../kit/effects.ts';
import { STATE_COLUMN } from '../kit/record-collection.ts';
import { putRecords } from '../kit/record-engine/write-records.ts';

/** Which list entry holds which document. A target is a record's id, or type, source and number of a document as files name it. */
export const BASIS_HOLDS: CollectionSpec = {
  name: 'basis-hold',
  gated: false,
  columns: [
    { name: 'entry', type: 'text' },
    { name: 'target', type: 'text' },
  ],
  indexes: [{ fields: ['column.entry'] }, { fields: ['column.target'] }],
};

const LIST_ENTRY = 'ListEntry';
/** N4 of the decision table. */
const HOLDING_STATES: readonly unknown[] = ['LISTED', 'PUBLISHED', 'SUSPENDED'];
const PAGE = 200;

/** A document that is the basis of an entry. */
interface Basis {
  readonly target: string;
  readonly find: { readonly id: string } | { readonly typeCode: string; readonly source: string; readonly docNo: string };
}

/** Holds the basis documents of a BLACK entry: they stay public as long as the entry does, and no longer (decision table, N4). */
export function basisHolding({ store, catalogue }: { readonly store: Store; readonly catalogue: Catalogue }): EffectHandler {
  const types = catalogue.types.filter(({ kind }) => kind === 'record');
  const byCollection = new Map(types.map((type) => [type.collection, type]));
  const entryCollection = types.find(({ name }) => name === LIST_ENTRY)?.collection;
  return {
    name: 'basis-holding',
    async run(changes) {
      for (const entry of await entriesToHold(store, entryCollection, changes)) {
        await store.write((tx) => holdBasisOf(tx, types, entryCollection ?? '', entry), { actor: 'effects' });
      }
      const created = changes.filter(({ kind, collection }) => kind === 'CREATED' && byCollection.has(collection));
      for (const [collection, some] of Map.groupBy(created, (change) => change.collection)) {
        const type = byCollection.get(collection);
        if (type) await holdLateComers(store, types, type, some);
      }
    },
  };
}

/** The changed entries whose holds are not what they should be; most hold nothing and never did. */
async function entriesToHold(store: Store, collection: string | undefined, changes: readonly Change[]): Promise<readonly string[]> {
  const keys = [...new Set(changes.filter((change) => change.collection === collection).map(({ key }) => key))];
  if (!collection || keys.length === 0) return [];
  return store.read(async (tx) => {
    const entries = await tx.get(collection, keys);
    const holds = await tx.findPer(BASIS_HOLDS.name, 'column.entry', keys, { where: EVERY, order: [], limit: PAGE });
    return keys.filter((_key, index) => {
      const { missing, surplus } = difference(entries[index], holds[index] ?? []);
      return missing.length > 0 || surplus.length > 0;
    });
  });
}

/** Writes down what the entry holds now, and marks the records that gained or lost their last holder. */
async function holdBasisOf(tx: Writer, types: readonly RecordType[], collection: string, entryId: string): Promise<void> {
  const [entry] = await tx.get(collection, [entryId]);
  const [standing = []] = await tx.findPer(BASIS_HOLDS.name, 'column.entry', [entryId], { where: EVERY, order: [], limit: PAGE });
  const { missing, surplus } = difference(entry, standing);
  for (const { key, version } of surplus) await tx.remove(BASIS_HOLDS.name, key, { expected: version });
  await tx.putMany(
    BASIS_HOLDS.name,
    missing.map((basis) => holdPut(entryId, basis)),
  );
  for (const { find } of [...missing, ...surplus.flatMap(({ body }) => basisIn(body))]) await mark(tx, types, find);
}

/** Between what an entry should hold and the holds that stand. */
function difference(entry: Document | undefined, standing: readonly Document[]) {
  const wanted = entry && isHolding(entry) ? basesOf(entry) : [];
  const held = new Set(standing.map(({ body }) => body.target));
  return {
    missing: wanted.filter(({ target }) => !held.has(target)),
    surplus: standing.filter(({ body }) => !wanted.some(({ target }) => target === body.target)),
  };
}

/** A record may come after the entry that is based on it. */
async function holdLateComers(store: Store, types: readonly RecordType[], type: RecordType, created: readonly Change[]): Promise<void> {
  const late = await store.read(async (tx) => {
    const [any] = await tx.find(BASIS_HOLDS.name, { where: EVERY, order: [], limit: 1 });
    if (!any) return [];
    const records = (
      await tx.get(
        type.collection,
        created.map(({ key }) => key),
      )
    ).filter((record) => record !== undefined);
    const bases = records.flatMap((record) => {
      const basis = documentBasis(type, record);
      return basis ? [basis] : [];
    });
    const holds = await tx.findPer(
      BASIS_HOLDS.name,
      'column.target',
      bases.map(({ target }) => target),
      { where: EVERY, order: [], limit: 1 },
    );
    return bases.filter((_basis, index) => (holds[index]?.length ?? 0) > 0);
  });
  for (const { find } of late) await store.write((tx) => mark(tx, types, find), { actor: 'effects' });
}

/** Brings `heldByBlack` of the records that are this document in line with the holds that stand. */
async function mark(tx: Writer, types: readonly RecordType[], find: Basis['find']): Promise<void> {
  for (const type of types) {
    const records = await recordsOf(tx, type, find);
    const puts: Put[] = [];
    for (const record of records) {
      const isHeld = await hasHolder(tx, type, record);
      if (record.gate && record.gate.heldByBlack !== isHeld)
        puts.push({
          key: record.key,
          body: record.body,
          expected: record.version,
          gate: { ...record.gate, heldByBlack: isHeld },
          columns: record.columns,
        });
    }
    await putRecords(
      tx,
      type,
      puts.flatMap(({ gate, columns, ...put }) => (gate && columns ? [{ ...put, gate, columns }] : [])),
    );
  }
}

async function recordsOf(tx: Reader, type: RecordType, find: Basis['find']): Promise<readonly Document[]> {
  if ('id' in find) return (await tx.get(type.collection, [find.id])).filter((record) => record !== undefined);
  const number = numberOf(type);
  if (type.code !== find.typeCode || !number) return [];
  const field = `column.${number}` as const;
  const found: Document[] = [];
  for (let after: { values: readonly string[]; key: string } | undefined; ; ) {
    const page = await tx.find(type.collection, {
      where: { op: 'eq', field, value: find.docNo },
      order: [{ field, direction: 'ASC' }],
      after,
      limit: PAGE,
    });
    found.push(...page.filter(({ gate }) => gate?.sourceOrg === find.source));
    const last = page.at(-1);
    if (page.length < PAGE || !last) return found;
    after = { values: [find.docNo], key: last.key };
  }
}

async function hasHolder(tx: Reader, type: RecordType, record: Document): Promise<boolean> {
  const targets = [idTarget(record.key), documentBasis(type, record)?.target].filter((target) => target !== undefined);
  const holds = await tx.findPer(BASIS_HOLDS.name, 'column.target', targets, { where: EVERY, order: [], limit: 1 });
  return holds.some((found) => found.length > 0);
}

function isHolding({ body, gate, columns }: Document): boolean {
  return body.kind === 'BLACK' && HOLDING_STATES.includes(columns[STATE_COLUMN]) && gate?.stopped === null;
}

function basesOf({ body, gate }: Document): readonly Basis[] {
  const documents = Array.isArray(body.basisDocs) ? body.basisDocs.filter(isObject) : [];
  const bases = documents.flatMap(({ recordId, recordTypeCode, kind, sourceUscc, docNo }): readonly Basis[] => {
    if (typeof recordId === 'string') return [{ target: idTarget(recordId), find: { id: recordId } }];
    const typeCode = recordTypeCode ?? kind;
    const source = sourceUscc ?? gate?.sourceOrg;
    if (typeof typeCode !== 'string' || typeof source !== 'string' || typeof docNo !== 'string') return [];
    return [{ target: documentTarget(typeCode, source, docNo), find: { typeCode, source, docNo } }];
  });
  return [...new Map(bases.map((basis) => [basis.target, basis])).values()].slice(0, PAGE);
}

/** The document that a record is, as an entry would name it. */
function documentBasis(type: RecordType, { body, gate }: Document): Basis | undefined {
  const number = numberOf(type);
  const docNo = number && body[number];
  const source = gate?.sourceOrg;
  if (typeof docNo !== 'string' || !source) return undefined;
  return { target: documentTarget(type.code, source, docNo), find: { typeCode: type.code, source, docNo } };
}

/** Only a number with a column of its own can be looked up. */
function numberOf(type: RecordType): string | undefined {
  const item = itemWithRole(type, 'DOCUMENT_NUMBER');
  return item?.filter ? item.name : undefined;
}

function idTarget(id: string): string {
  return `id:${id}`;
}

function documentTarget(typeCode: string, source: string, docNo: string): string {
  return `document:${typeCode}|${source}|${docNo}`;
}

function holdPut(entry: string, { target, find }: Basis): Put {
  return { key: `${entry}|${target}`, body: { entry, target, find }, expected: 0, columns: { entry, target } };
}

function basisIn({ target, find }: JsonObject): readonly Basis[] {
  if (typeof target !== 'string' || find === undefined || !isObject(find)) return [];
  const { id, typeCode, source, docNo } = find;
  if (typeof id === 'string') return [{ target, find: { id } }];
  return typeof typeCode === 'string' && typeof source === 'string' && typeof docNo === 'string'
    ? [{ target, find: { typeCode, source, docNo } }]
    : [];
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
