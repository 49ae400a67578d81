import type { GraphQLFieldResolver, GraphQLResolveInfo } from 'graphql';
import { type Caller, lookingUp } from '../../auth/caller.ts';
import { expiredRows } from '../../auth/conditions.ts';
import { PUBLIC_RULES, type View } from '../../auth/disclose.ts';
import { ID_IN_CODE_COLUMN } from '../../auth/entitlements.ts';
import { applyMask } from '../../auth/masks.ts';
import type { Item, RecordType } from '../../schema/catalogue.ts';
import { matches } from '../../schema/filter.ts';
import type { Json, JsonObject } from '../../schema/json.ts';
import { scrubText } from '../../schema/text-scrub.ts';
import type { Document } from '../../store/port.ts';
import { type Disclosed, entityOf, reportWithheld, type SubgraphContext } from './context.ts';
import { isSealed, type Sealer } from './sealer.ts';

/** A stored row with the view that its reader has of it. There is no other way from a document to an answer. */
export interface Row {
  readonly __typename: string;
  readonly type: RecordType;
  readonly document: Document;
  readonly view: View;
}

/** One value of a nested value type, still under the view of the row that holds it. */
interface Nested {
  readonly row: Row;
  readonly value: JsonObject;
}

export type Resolver<Source> = GraphQLFieldResolver<Source, SubgraphContext>;

/** The row as this caller may see it, undefined when it is not there for the caller. */
export function disclosedRow(
  context: SubgraphContext,
  type: RecordType,
  document: Document | undefined,
  caller: Caller = context.caller,
): Row | undefined {
  if (!document) return undefined;
  const view = context.accessOf(type, caller).disclose(document, caller.params);
  return view && { __typename: type.name, type, document, view };
}

/** The row as this caller may see it by its id: there, and in no list, a reveal of the row counts. */
export function lookedUpRow(context: SubgraphContext, type: RecordType, document: Document | undefined): Row | undefined {
  const { caller } = context;
  return disclosedRow(context, type, document, document && type.kind === 'record' ? lookingUp(caller, document.key) : caller);
}

const MOST_ROWS = 1000;
const MOST_DISCLOSED = 2000;

/** Notes for the access log that the caller reads a coordinate of this row, if not everybody does. */
export function noteDisclosed(context: SubgraphContext, row: Row, coordinate: string, { path }: Pick<GraphQLResolveInfo, 'path'>): void {
  const { document, type, view } = row;
  if (!view.beyondPublic.has(coordinate)) return;
  noteAuthorised(context, row, coordinate, { path });
  const { disclosed, granted, noted } = context.remarks;
  if (view.effects.get(coordinate) !== 'MASK') granted.add(coordinate);
  if (noted.has(document)) return;
  noted.add(document);
  const about = aboutOf(type, document);
  if (!about) return;
  const isFull = disclosed.length >= MOST_ROWS;
  const key = isFull ? JSON.stringify(about) : undefined;
  if (key !== undefined && (noted.has(key) || disclosed.length >= MOST_DISCLOSED)) return;
  if (key !== undefined) noted.add(key);
  const entity = entityOf(context, path);
  disclosed.push({ ...about, entity, rules: rulesOf(view), row: isFull ? undefined : document.key });
}

/** Whom and what a row is about, as the access log tells it; undefined for a row of no subject. */
export function aboutOf(
  type: RecordType,
  { gate }: Pick<Document, 'gate'>,
): Pick<Disclosed, 'subjectId' | 'section' | 'sourceOrg' | 'recordType'> | undefined {
  if (!gate?.subjectId) return undefined;
  return {
    subjectId: gate.subjectId,
    section: gate.section ?? type.section ?? null,
    sourceOrg: gate.sourceOrg ?? null,
    recordType: type.code,
  };
}

/** Rules beyond those of everybody by which a reader holds the row. */
export function rulesOf({ heldBy }: Pick<View, 'heldBy'>): readonly string[] {
  return heldBy.filter((rule) => !PUBLIC_RULES.includes(rule));
}

/** Notes by what a coordinate of this row is read, or looked at by a filter or an order, if that obliges the caller to something. */
export function noteAuthorised(
  context: SubgraphContext,
  { view }: Row,
  coordinate: string,
  { path }: Pick<GraphQLResolveInfo, 'path'>,
  use: 'READ' | 'LOOKED_AT' = 'READ',
): void {
  const basis = view.bases.get(coordinate);
  if (!basis) return;
  const { noted, authorised, entities } = context.remarks;
  const entity = entities.length > 0 ? entityOf(context, path) : undefined;
  const key = entity === undefined && use === 'READ' ? basis : `${use} ${entity ?? ''} ${coordinate} ${basis.by.join()}`;
  if (noted.has(key)) return;
  noted.add(key);
  authorised.push({ entity, coordinate: use === 'READ' ? coordinate : undefined, by: basis.by });
}

/** Fixed sentence: what an objection says to every reader. */
export const OBJECTION_NOTE = '信息主体已提出异议，正在核查处理';
const RAW_RULES = ['E4', 'E5', 'E13', 'E20'];

/** The resolver of one field of a record, catalogue document or Subject; `computed` answers in place of what is stored, to those who may read the field. */
export function fieldResolver(type: RecordType, item: Item, sealer: Sealer, computed?: Compute): Resolver<Row> {
  const coordinate = `${type.name}.${item.name}`;
  const compute = computed ?? (type.kind === 'record' ? COMPUTED[item.name] : undefined);
  return (row, _args, context, info) => {
    const effect = row.view.effects.get(coordinate);
    if (effect !== 'VALUE') {
      const cause = context.accessOf(type).withheld(coordinate, effect);
      if (cause) reportWithheld(context, info, cause);
    }
    if (!effect) return null;
    noteDisclosed(context, row, coordinate, info);
    if (compute) return compute(row.document, context, type);
    const stored = row.document.body[item.name];
    if (stored === undefined || stored === null) return null;
    if (item.shape === 'object') return nested(row, stored);
    return shown(item, stored, scrubbedIn(row.document.body, item), row, effect === 'MASK', sealer);
  };
}

/** The resolver of one field of a nested value type: it is a gate of its own behind the field that holds it. */
export function nestedResolver(owner: RecordType, valueType: string, item: Item, sealer: Sealer): Resolver<Nested> {
  const coordinate = `${valueType}.${item.name}`;
  return ({ row, value }, _args, context, info) => {
    const effect = row.view.effects.get(coordinate);
    const cause = context.accessOf(row.type === owner ? owner : row.type).withheld(coordinate, effect);
    if (cause) reportWithheld(context, info, cause);
    const stored = value[item.name];
    if (effect) noteDisclosed(context, row, coordinate, info);
    if (!effect || stored === undefined || stored === null) return null;
    return item.shape === 'object' ? nested(row, stored) : shown(item, stored, scrubbedIn(value, item), row, effect === 'MASK', sealer);
  };
}

/** Everything that the reader sees of a record, by coordinate: texts that differ exactly where what is seen differs. What is empty is left out. */
export function seenFields(row: Row, context: SubgraphContext, sealer: Sealer): ReadonlyMap<string, string> {
  const { type, document, view } = row;
  const seen = new Map<string, string>();
  for (const item of type.items) {
    const effect = view.effects.get(`${type.name}.${item.name}`);
    if (!effect) continue;
    const compute = COMPUTED[item.name];
    const value = compute ? compute(document, context, type) : seenValue(row, item, document.body, effect === 'MASK', sealer);
    if (value !== null) seen.set(item.name, JSON.stringify(value));
  }
  const subjectId = document.gate?.subjectId;
  const effect = view.effects.get(`${type.name}.subject`);
  if (subjectId && (effect === 'VALUE' || effect === 'CLEAR')) seen.set('subject', subjectId);
  return seen;
}

function seenValue(row: Row, item: Item, holder: JsonObject, masked: boolean, sealer: Sealer): Json {
  const stored = holder[item.name];
  if (stored === undefined || stored === null) return null;
  if (item.shape !== 'object') return shown(item, stored, scrubbedIn(holder, item), row, masked, sealer);
  const seenWithin = (value: Json): Json => {
    if (!isObject(value)) return null;
    const inner = item.fields.flatMap((field) => {
      const effect = row.view.effects.get(`${item.type}.${field.name}`);
      return effect ? [[field.name, seenValue(row, field, value, effect === 'MASK', sealer)] as const] : [];
    });
    return Object.fromEntries(inner);
  };
  return Array.isArray(stored) ? stored.map(seenWithin) : seenWithin(stored);
}

function nested(row: Row, stored: Json): Nested | readonly Nested[] | null {
  if (Array.isArray(stored)) return stored.flatMap((value) => (isObject(value) ? [{ row, value }] : []));
  return isObject(stored) ? { row, value: stored } : null;
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What was scrubbed when it was written, at whatever depth: it stands beside the values of its own object. */
function scrubbedIn(holder: JsonObject, item: Item): Json | undefined {
  const scrubbed = holder.$scrubbed;
  return scrubbed !== undefined && isObject(scrubbed) ? scrubbed[item.name] : undefined;
}

function shown(item: Item, stored: Json, clean: Json | undefined, row: Row, masked: boolean, sealer: Sealer): Json {
  if (Array.isArray(stored)) {
    const cleaned: readonly Json[] = Array.isArray(clean) ? clean : [];
    return stored.map((value, index) => shown(item, value, cleaned[index], row, masked, sealer));
  }
  const scrubbed = typeof clean === 'string' ? clean : undefined;
  if (isSealed(stored) && !item.encrypted) return identityInCodeColumn(sealer.open(stored), row);
  const value = isSealed(stored) ? sealer.open(stored) : stored;
  if (typeof value !== 'string') return value;
  if (masked) return item.disclosure.mask ? applyMask(item.disclosure.mask, value) : (scrubbed ?? scrubText(value));
  if (scrubbed === undefined) return value;
  const raw = item.encrypted || item.shape === 'enum' || row.view.heldBy.some((rule) => RAW_RULES.includes(rule));
  return raw ? value : scrubbed;
}

/** M4: a person's number that stands in a code column is shared by duty and masked, whatever the class of the column. */
function identityInCodeColumn(value: string, row: Row): Json {
  const effect = row.view.effects.get(ID_IN_CODE_COLUMN);
  if (!effect) return null;
  return effect === 'MASK' ? applyMask('ID', value) : value;
}

/** What a field says that follows from other facts than its own stored value. */
export type Compute = (document: Document, context: SubgraphContext, type: RecordType) => Json | Promise<Json>;

/** Fields of the envelope that follow from the gate and the clock, never from what a row said of itself. */
const COMPUTED: Readonly<Record<string, (document: Document, context: SubgraphContext, type: RecordType) => Json>> = {
  shareCategory: ({ gate }) => gate?.share ?? null,
  infoNature: ({ gate }) => gate?.nature ?? null,
  regionCode: ({ gate, body }) => gate?.region ?? body.regionCode ?? null,
  severity: ({ gate }) => gate?.severity ?? null,
  secretMark: ({ gate }) => gate?.secrecy ?? null,
  objectionFlag: ({ gate }) => gate?.objection === true,
  objectionNote: ({ gate }) => (gate?.objection === true ? OBJECTION_NOTE : null),
  publicityMaxEndOn: ({ gate }) => gate?.publishedUntil ?? null,
  publicityStatus,
  dataStatus: ({ gate, body }) =>
    gate?.stopped === 'WITHDRAWN' ? 'WITHDRAWN' : gate?.stopped === 'ARCHIVED' ? 'ARCHIVED' : (body.dataStatus ?? 'VALID'),
  occurredOn: ({ body }) => body.occurredOn ?? body.decisionDate ?? null,
  version: ({ version }) => version,
  previousVersionId: ({ key, version }) => (version > 1 ? `${key}.${version - 1}` : null),
};

/** The answered status follows the clock: a window that has ended is STOPPED_EXPIRED though no timer has run. */
function publicityStatus(document: Document, context: SubgraphContext, { regions }: RecordType): Json {
  const { gate } = document;
  if (gate?.stopped === 'WITHDRAWN' || gate?.stopped === 'WRONG_IDENTITY') return 'WITHDRAWN';
  if (gate?.stopped === 'REPAIRED') return 'STOPPED_REPAIRED';
  if (gate?.stopped === 'SHIELDED') return 'STOPPED_SHIELDED';
  if (gate?.status === 'PUBLISHED' && matches(expiredRows(regions), document, context.caller.params)) return 'STOPPED_EXPIRED';
  return gate?.status ?? null;
}
