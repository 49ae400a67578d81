import { itemWithRole, type RecordType } from '../../schema/catalogue.ts';
import type { Json, JsonObject } from '../../schema/json.ts';
import type { Document, Put } from '../../store/port.ts';
import { STATE_COLUMN } from '../kit/record-collection.ts';

/** What a hold does to the record's gate: keeps it open past its window, marks it as disputed, or stops it. */
export type Effect = 'HELD_BY_BLACK' | 'OBJECTION' | 'REPAIRED' | 'SHIELDED';
const EFFECTS: readonly string[] = ['HELD_BY_BLACK', 'OBJECTION', 'REPAIRED', 'SHIELDED'] satisfies readonly Effect[];
/** One document may be about several subjects; a repair or an objection is about the subject's own record alone. */
const OF_ANYBODY: Effect = 'HELD_BY_BLACK';

/** Who holds records, in which states, to what effect, and which of its fields names them (decision table, N3, N4; state machines of list entries, repairs and objections). */
const HOLDERS: readonly {
  readonly type: string;
  readonly names: string;
  readonly effect: Effect;
  readonly states: readonly string[];
  readonly only?: JsonObject;
}[] = [
  { type: 'ListEntry', names: 'basisDocs', effect: 'HELD_BY_BLACK', states: ['LISTED', 'PUBLISHED', 'SUSPENDED'], only: { kind: 'BLACK' } },
  { type: 'RepairCase', names: 'targets', effect: 'REPAIRED', states: ['EFFECTIVE'] },
  { type: 'RepairCase', names: 'targets', effect: 'SHIELDED', states: ['TEMP_SHIELDED'] },
  { type: 'Objection', names: 'targets', effect: 'OBJECTION', states: ['ANNOTATED', 'SELF_HANDLING', 'FORWARDED', 'OVERDUE', 'REVIEW'] },
];
/** Most records that one document may name. */
const MOST = 200;

/** A record as a holder names it. */
export interface Hold {
  readonly effect: Effect;
  readonly target: string;
  readonly find: { readonly id: string } | { readonly typeCode: string; readonly source: string; readonly docNo: string };
}

/** True for a type whose documents may hold records. */
export function isHolder({ name }: RecordType): boolean {
  return HOLDERS.some((holder) => holder.type === name);
}

/** What a document holds now. */
export function holdsOf(type: RecordType, { body, gate, columns }: Document): readonly Hold[] {
  if (gate?.stopped !== null && gate?.stopped !== undefined) return [];
  const holders = HOLDERS.filter(
    (holder) =>
      holder.type === type.name &&
      holder.states.some((state) => state === columns[STATE_COLUMN]) &&
      Object.entries(holder.only ?? {}).every(([name, value]) => body[name] === value),
  );
  const holds = holders.flatMap(({ names, effect }) => {
    const named = body[names];
    return (Array.isArray(named) ? named.filter(isObject) : []).flatMap((document) =>
      namedRecord(document, {
        source: gate?.sourceOrg ?? undefined,
        subject: effect === OF_ANYBODY ? '' : (gate?.subjectId ?? undefined),
      }).map((found) => ({ ...found, effect })),
    );
  });
  return [...new Map(holds.map((hold) => [`${hold.effect} ${hold.target}`, hold])).values()].slice(0, MOST);
}

/** Files name a record by its type, source and number; the source is the holder's own where none is given. */
function namedRecord(
  { recordId, recordTypeCode, recordType, kind, sourceUscc, docNo }: JsonObject,
  own: { readonly source: string | undefined; readonly subject: string | undefined },
): readonly Omit<Hold, 'effect'>[] {
  if (own.subject === undefined) return [];
  if (typeof recordId === 'string') return [{ target: idTarget(recordId, own.subject), find: { id: recordId } }];
  const typeCode = recordTypeCode ?? recordType ?? kind;
  const source = sourceUscc ?? own.source;
  if (typeof typeCode !== 'string' || typeof source !== 'string' || typeof docNo !== 'string') return [];
  const find = { typeCode, source, docNo };
  return [{ target: documentTarget(find, own.subject), find }];
}

/** The document that a record is, as a holder would name it: of anybody, and of its own subject. */
export function documentsOf(type: RecordType, { body, gate }: Document): readonly Omit<Hold, 'effect'>[] {
  const number = numberOf(type);
  const docNo = number && body[number];
  const source = gate?.sourceOrg;
  if (typeof docNo !== 'string' || !source) return [];
  const find = { typeCode: type.code, source, docNo };
  return subjectsOf(gate).map((subject) => ({ target: documentTarget(find, subject), find }));
}

/** Everything by which a holder may name a record. */
export function targetsOf(type: RecordType, record: Document): readonly string[] {
  const ids = subjectsOf(record.gate).map((subject) => idTarget(record.key, subject));
  return [...ids, ...documentsOf(type, record).map(({ target }) => target)];
}

function subjectsOf(gate: Document['gate']): readonly string[] {
  return gate?.subjectId ? ['', gate.subjectId] : [''];
}

/** Only a number with a column of its own can be looked up. */
export function numberOf(type: RecordType): string | undefined {
  const item = itemWithRole(type, 'DOCUMENT_NUMBER');
  return item?.filter ? item.name : undefined;
}

function idTarget(id: string, subject: string): string {
  return `id:${id}|${subject}`;
}

function documentTarget({ typeCode, source, docNo }: Extract<Hold['find'], { docNo: string }>, subject: string): string {
  return `document:${typeCode}|${source}|${docNo}|${subject}`;
}

export function holdKey(holder: string, { effect, target }: Hold): string {
  return `${holder}|${effect}|${target}`;
}

export function holdPut(holder: string, hold: Hold): Put {
  const { effect, target, find } = hold;
  return { key: holdKey(holder, hold), body: { holder, effect, target, find }, expected: 0, columns: { holder, target } };
}

export function holdIn({ effect, target, find }: JsonObject): readonly Hold[] {
  if (typeof target !== 'string' || !isEffect(effect) || find === undefined || !isObject(find)) return [];
  const { id, typeCode, source, docNo } = find;
  if (typeof id === 'string') return [{ effect, target, find: { id } }];
  return typeof typeCode === 'string' && typeof source === 'string' && typeof docNo === 'string'
    ? [{ effect, target, find: { typeCode, source, docNo } }]
    : [];
}

function isEffect(value: Json | undefined): value is Effect {
  return typeof value === 'string' && EFFECTS.includes(value);
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
