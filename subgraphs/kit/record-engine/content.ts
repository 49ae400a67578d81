import type { Item } from '../../../schema/catalogue.ts';
import { findCitizenIds, isCitizenId } from '../../../schema/citizen-id.ts';
import type { ColumnValue } from '../../../schema/filter.ts';
import type { Json, JsonObject } from '../../../schema/json.ts';
import { scrubText } from '../../../schema/text-scrub.ts';
import { TAIL_COLUMN, tailColumn } from '../person-tail.ts';
import { columnValue, DECISION_COLUMN, STATE_COLUMN } from '../record-collection.ts';
import { isSealed, type Sealer } from '../sealer.ts';
import type { Values } from './rows.ts';
import type { TypePlan } from './type-plan.ts';

/** Where the scrubbed forms of texts stand in a body or a nested value. */
const SCRUBBED = '$scrubbed';
/** Names of dates that were given as "without end", of types that have no field to say so. */
const LONG_TERM = '$longTerm';
/** Longer texts are prose, in which a number is scrubbed rather than the whole sealed. */
const LONGEST_CODE = 64;
const CODE_NAME = /(No|Code|Id|Number|uscc)$/i;
const SHORTEST_ID = 15;
/** No identity number is without so many digits together. */
const MAY_HOLD_ID = /[\d０-９]{6}[ -]?[\d０-９]{8}/;
/** Nothing that is scrubbed has fewer digits; most texts have not, and are spared the search. */
const MAY_HOLD_NUMBER = /(?:[\d０-９][ -]?){6}[\d０-９]/;

/** Puts what a row says into a body: sealed, scrubbed, without empty values. */
export function writeContent(plan: TypePlan, sealer: Sealer, values: Values, body: Record<string, Json | undefined>): void {
  writeItems(sealer, plan.type.items, values, body);
  if (plan.items.has('isLongTerm')) return;
  const longTerm = Object.keys(values).filter((name) => values[name] === null);
  if (longTerm.length > 0) body[LONG_TERM] = longTerm;
}

/** The values of a body in the clear: what was given, and what the hub filled in. */
export function plainValues(plan: TypePlan, sealer: Sealer, body: JsonObject): Values {
  const values: Record<string, Json> = {};
  for (const { name } of plan.type.items) {
    const value = body[name];
    if (value !== undefined && value !== null) values[name] = opened(sealer, value);
  }
  const longTerm = body[LONG_TERM];
  for (const name of Array.isArray(longTerm) ? longTerm : []) if (typeof name === 'string') values[name] = null;
  if (values.isLongTerm === true) for (const name of plan.ends) values[name] ??= null;
  return values;
}

/** Keyed digest of the values that inputs hold, whatever their order. */
export function contentHash(plan: TypePlan, sealer: Sealer, values: Values): string {
  const parts: Json[] = [];
  for (const name of plan.sortedInputs) {
    const value = values[name];
    if (value !== undefined) parts.push(name, typeof value === 'object' && value !== null ? canonical(value) : value);
  }
  return sealer.digest(`content|${plan.type.code}|${JSON.stringify(parts)}`);
}

/** Values by which the store filters, orders and looks up; one that stands sealed in the body has none. */
export function contentColumns(plan: TypePlan, sealer: Sealer, values: Values, body: JsonObject): Readonly<Record<string, ColumnValue>> {
  const columns: Record<string, ColumnValue> = {};
  for (const item of plan.indexed) columns[item.name] = isSealed(body[item.name]) ? null : columnValue(item, values[item.name]);
  if (plan.type.kind !== 'record') return columns;
  const decision = values[DECISION_COLUMN];
  columns[DECISION_COLUMN] = typeof decision === 'string' ? decision : null;
  const state = plan.roles.get('STATE');
  if (state) columns[STATE_COLUMN] = columnValue(state, values[state.name]);
  const tail = tailColumn(plan.type, sealer, values);
  if (tail !== null) columns[TAIL_COLUMN] = tail;
  return columns;
}

/** A value with the names of its objects in order. */
export function canonical(value: Json): Json {
  if (Array.isArray(value)) return value.map(canonical);
  if (!isObject(value)) return value;
  const names = Object.keys(value).sort();
  return names.map((name) => [name, canonical(value[name] ?? null)]);
}

function writeItems(sealer: Sealer, items: readonly Item[], values: Values, body: Record<string, Json | undefined>): void {
  let scrubbed: Record<string, Json> | undefined;
  for (const item of items) {
    const value = values[item.name];
    if (value === undefined || value === null) continue;
    const stored =
      item.list && Array.isArray(value) ? value.map((one) => storedValue(sealer, item, one)) : storedValue(sealer, item, value);
    body[item.name] = stored;
    const text = scrubbedForm(item, stored);
    if (text === undefined) continue;
    scrubbed ??= {};
    scrubbed[item.name] = text;
  }
  if (scrubbed) body[SCRUBBED] = scrubbed;
}

function storedValue(sealer: Sealer, item: Item, value: Json): Json {
  if (item.shape === 'object') return isObject(value) ? nestedBody(sealer, item, value) : value;
  if (typeof value !== 'string') return value;
  return item.encrypted || (value.length >= SHORTEST_ID && isCode(item) && isCitizenId(value)) ? sealer.seal(value) : value;
}

/** Decision table, M4: a code column, in which a sole trader's number may be the owner's. */
function isCode(item: Item): boolean {
  if (item.type === 'UnifiedSocialCreditCode' || item.type === 'ID') return true;
  return (
    item.type === 'String' &&
    !item.disclosure.scrub &&
    ((item.max ?? Number.POSITIVE_INFINITY) <= LONGEST_CODE || CODE_NAME.test(item.name))
  );
}

/** The text that others than the subject and the source see (decision table, M3), where it differs. */
function scrubbedForm(item: Item, stored: Json): Json | undefined {
  if (item.type !== 'String') return undefined;
  if (Array.isArray(stored)) {
    const texts = stored.map((one) => (typeof one === 'string' ? scrubbed(item, one) : undefined));
    return texts.some((text) => text !== undefined) ? stored.map((one, place) => texts[place] ?? one) : undefined;
  }
  return typeof stored === 'string' ? scrubbed(item, stored) : undefined;
}

function scrubbed(item: Item, text: string): string | undefined {
  const mayHold = item.disclosure.scrub ? MAY_HOLD_NUMBER.test(text) : MAY_HOLD_ID.test(text) && findCitizenIds(text).length > 0;
  if (!mayHold) return undefined;
  const clean = scrubText(text);
  return clean === text ? undefined : clean;
}

function opened(sealer: Sealer, value: Json): Json {
  if (isSealed(value)) return sealer.open(value);
  if (Array.isArray(value)) return value.map((one) => opened(sealer, one));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, one]) => (name.startsWith('$') || one === undefined ? [] : [[name, opened(sealer, one)]])),
  );
}

function nestedBody(sealer: Sealer, item: Item, value: JsonObject): JsonObject {
  const values = Object.fromEntries(Object.entries(value).flatMap(([name, one]) => (one === undefined ? [] : [[name, one]])));
  const body: Record<string, Json | undefined> = {};
  writeItems(sealer, item.fields, values, body);
  return body;
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
