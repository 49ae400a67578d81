import { shanghaiToday } from '../../schema/calendar-date.ts';
import type { Catalogue, RecordType } from '../../schema/catalogue.ts';
import { EVERY } from '../../schema/filter.ts';
import type { Change, Clock, CollectionSpec, Document, Reader, Store, Writer } from '../../store/port.ts';
import type { EffectHandler } from '../kit/effects.ts';
import { transition } from '../kit/record-engine/transition.ts';
import { planOf } from '../kit/record-engine/type-plan.ts';
import { documentsOf, type Effect, type Hold, holdIn, holdKey, holdPut, holdsOf, isHolder, numberOf, targetsOf } from './holders.ts';

/** Which document of a workflow holds which record, and to what effect. A target is a record's id, or type, source and number of a document as files name it. */
export const RECORD_HOLDS: CollectionSpec = {
  name: 'record-hold',
  gated: false,
  columns: [
    { name: 'holder', type: 'text' },
    { name: 'target', type: 'text' },
  ],
  indexes: [{ fields: ['column.holder'] }, { fields: ['column.target'] }],
};

const PAGE = 200;

interface Parts {
  readonly catalogue: Catalogue;
  readonly clock: Clock;
  /** Every type of record. */
  readonly types: readonly RecordType[];
}

/** Brings the gates of records in line with the documents that speak of them: black-list entries, repairs, shields and objections. Idempotent. */
export function recordHolding({ store, ...own }: Omit<Parts, 'types'> & { readonly store: Store }): EffectHandler {
  const { catalogue } = own;
  const types = catalogue.types.filter(({ kind }) => kind === 'record');
  const parts: Parts = { ...own, types };
  const byCollection = new Map(types.map((type) => [type.collection, type]));
  return {
    name: 'record-holding',
    async run(changes) {
      for (const type of types.filter(isHolder)) {
        const keys = [...new Set(changes.filter(({ collection }) => collection === type.collection).map(({ key }) => key))];
        for (const key of await holdersToSettle(store, type, keys)) {
          await store.write((tx) => settleHolder(tx, parts, type, key), { actor: 'effects' });
        }
      }
      const created = changes.filter(({ kind, collection }) => kind === 'CREATED' && byCollection.has(collection));
      for (const [collection, some] of Map.groupBy(created, (change) => change.collection)) {
        const type = byCollection.get(collection);
        if (type) await holdLateComers(store, parts, type, some);
      }
    },
  };
}

/** The changed holders whose holds are not what they should be; most hold nothing and never did. */
async function holdersToSettle(store: Store, type: RecordType, keys: readonly string[]): Promise<readonly string[]> {
  if (keys.length === 0) return [];
  return store.read(async (tx) => {
    const holders = await tx.get(type.collection, keys);
    const holds = await tx.findPer(RECORD_HOLDS.name, 'column.holder', keys, { where: EVERY, order: [], limit: PAGE });
    return keys.filter((_key, index) => {
      const { missing, surplus } = difference(type, holders[index], holds[index] ?? []);
      return missing.length > 0 || surplus.length > 0;
    });
  });
}

/** Writes down what the document holds now, and marks the records that gained a holder or lost one. */
async function settleHolder(tx: Writer, parts: Parts, type: RecordType, holderId: string): Promise<void> {
  const [holder] = await tx.get(type.collection, [holderId]);
  const [standing = []] = await tx.findPer(RECORD_HOLDS.name, 'column.holder', [holderId], { where: EVERY, order: [], limit: PAGE });
  const { missing, surplus } = difference(type, holder, standing);
  for (const { key, version } of surplus) await tx.remove(RECORD_HOLDS.name, key, { expected: version });
  await tx.putMany(
    RECORD_HOLDS.name,
    missing.map((hold) => holdPut(holderId, hold)),
  );
  for (const { find } of [...missing, ...surplus.flatMap(({ body }) => holdIn(body))]) await mark(tx, parts, find);
}

/** Between what a document should hold and the holds that stand. */
function difference(type: RecordType, holder: Document | undefined, standing: readonly Document[]) {
  const wanted = holder ? holdsOf(type, holder) : [];
  const held = new Set(standing.map(({ key }) => key));
  return {
    missing: wanted.filter((hold) => !held.has(holdKey(holder?.key ?? '', hold))),
    surplus: standing.filter(({ key }) => !wanted.some((hold) => holdKey(holder?.key ?? '', hold) === key)),
  };
}

/** A record may come after the document that speaks of it. */
async function holdLateComers(store: Store, parts: Parts, type: RecordType, created: readonly Change[]): Promise<void> {
  const late = await store.read(async (tx) => {
    const [any] = await tx.find(RECORD_HOLDS.name, { where: EVERY, order: [], limit: 1 });
    if (!any) return [];
    const records = (
      await tx.get(
        type.collection,
        created.map(({ key }) => key),
      )
    ).filter((record) => record !== undefined);
    const bases = records.flatMap((record) => documentsOf(type, record));
    const holds = await tx.findPer(
      RECORD_HOLDS.name,
      'column.target',
      bases.map(({ target }) => target),
      { where: EVERY, order: [], limit: 1 },
    );
    return bases.filter((_basis, index) => (holds[index]?.length ?? 0) > 0);
  });
  for (const { find } of late) await store.write((tx) => mark(tx, parts, find), { actor: 'effects' });
}

/** Brings the gates of the records that are this document, and of other sources' about the same act, in line with the holds that stand. */
async function mark(tx: Writer, { catalogue, types, clock }: Parts, find: Hold['find']): Promise<void> {
  for (const type of types) {
    const named = await recordsOf(tx, type, find);
    const acts = Map.groupBy(await sameAct(tx, type, named), ({ key, columns }) => columns.triple ?? key);
    for (const act of acts.values()) {
      const own = await Promise.all(act.map((record) => effectsOn(tx, type, record)));
      // An act is repaired or shielded, whatever the source that tells of it.
      const repair = REPAIRS.find((effect) => own.some((effects) => effects.has(effect))) ?? null;
      const records = act.map((record, index) => ({
        record,
        standing: { heldByBlack: own[index]?.has('HELD_BY_BLACK') === true, objection: own[index]?.has('OBJECTION') === true, repair },
      }));
      await transition(tx, planOf(catalogue, type), records, shanghaiToday(clock.now()));
    }
  }
}
/** The stronger first. */
const REPAIRS = ['REPAIRED', 'SHIELDED'] as const;

/** These records and those of other sources about the same act. */
async function sameAct(tx: Reader, type: RecordType, records: readonly Document[]): Promise<readonly Document[]> {
  const triples = [...new Set(records.flatMap(({ columns }) => (typeof columns.triple === 'string' ? [columns.triple] : [])))];
  const pages =
    triples.length === 0 ? [] : await tx.findPer(type.collection, 'column.triple', triples, { where: EVERY, order: [], limit: PAGE });
  return [...new Map([...records, ...pages.flat()].map((record) => [record.key, record])).values()];
}

async function recordsOf(tx: Reader, type: RecordType, find: Hold['find']): Promise<readonly Document[]> {
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

async function effectsOn(tx: Reader, type: RecordType, record: Document): Promise<ReadonlySet<Effect>> {
  const holds = await tx.findPer(RECORD_HOLDS.name, 'column.target', targetsOf(type, record), { where: EVERY, order: [], limit: PAGE });
  return new Set(holds.flat().flatMap(({ body }) => holdIn(body).map(({ effect }) => effect)));
}
