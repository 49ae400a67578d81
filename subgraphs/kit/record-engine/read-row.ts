import type { Item, ValueInField } from '../../../schema/catalogue.ts';
import type { Json } from '../../../schema/json.ts';
import { columnOf, type Findings } from './findings.ts';
import { noteOf, readScalar } from './read-value.ts';
import type { RawRow, Values } from './rows.ts';
import type { TypePlan } from './type-plan.ts';

type Draft = Record<string, Json>;

/** Reads a row into values by item name; what is wrong with it goes to `findings`. `source` fills the column of the source where the row has none. */
export function readRow(plan: TypePlan, row: RawRow, findings: Findings, source?: string): Values {
  refuseUnreadable(row, findings);
  return row.truncated || row.malformed ? {} : complete(plan, {}, cellsOf(plan, row), findings, source);
}

/** Of a row that could not be read whole nothing else is said. */
export function refuseUnreadable({ truncated, malformed }: Pick<RawRow, 'truncated' | 'malformed'>, findings: Findings): void {
  if (truncated || malformed) findings.refuse(truncated ? 'TRUNCATED_ROW' : 'MALFORMED', '', malformed);
}

/** The values of a record with some of them replaced by raw ones; null empties an item. */
export function readCorrection(plan: TypePlan, present: Values, fields: Readonly<Record<string, unknown>>, findings: Findings): Values {
  const replaced = (name: string | undefined) => name !== undefined && name in fields;
  const stays = (item: Item) =>
    plan.type.identity.includes(item.name) || !replaced(item.fallback) || present[item.name] !== present[item.fallback ?? ''];
  const draft: Draft = {};
  for (const item of plan.type.items) {
    const value = present[item.name];
    // What only stood in for another item, or was computed from it, follows it.
    if (value !== undefined && !replaced(item.name) && stays(item) && (item.input || item.name !== LONG_TERM)) draft[item.name] = value;
  }
  return complete(plan, draft, new Map(Object.entries(fields).map(([name, raw]) => [name, trimmed(raw)])), findings);
}

const LONG_TERM = 'isLongTerm';

function complete(plan: TypePlan, draft: Draft, cells: ReadonlyMap<string, unknown>, findings: Findings, source?: string): Values {
  const faulty = new Set<string>();
  const reader: Reader = { plan, findings, faulty };
  for (const item of plan.inputs) {
    const raw = cells.get(item.name);
    if (!isEmpty(raw)) readItem(reader, item, raw, draft);
  }
  for (const item of plan.inputs) fallBack(reader, item, draft);
  const sourceCode = plan.roles.get('SOURCE_CODE');
  if (source !== undefined && sourceCode && draft[sourceCode.name] === undefined && !faulty.has(sourceCode.name))
    draft[sourceCode.name] = source;
  markLongTerm(plan, draft);
  for (const item of plan.inputs) if (!faulty.has(item.name)) checkPresence(plan, item, draft, findings);
  return inOrder(plan, draft);
}

/** True when the value of the condition's field, or one of a list, is among those it names. */
export function holds({ field, values }: ValueInField, row: Values): boolean {
  const value = row[field];
  if (value === undefined || value === null) return false;
  return Array.isArray(value) ? value.some((one) => values.includes(String(one))) : values.includes(String(value));
}

interface Reader {
  readonly plan: TypePlan;
  readonly findings: Findings;
  /** Items whose cell holds something that cannot be read. */
  readonly faulty: Set<string>;
}

function cellsOf(plan: TypePlan, { values }: RawRow): ReadonlyMap<string, unknown> {
  const cells = new Map<string, unknown>();
  const entries = values instanceof Map ? values : new Map(Object.entries(values));
  for (const [heading, raw] of entries) {
    const item = plan.inputFor(heading);
    if (item && (!cells.has(item.name) || isEmpty(cells.get(item.name)))) cells.set(item.name, trimmed(raw));
  }
  return cells;
}

function readItem(reader: Reader, item: Item, raw: unknown, draft: Draft): void {
  const value = item.list ? readList(reader, item, raw, draft, columnOf(item)) : readOne(reader, item, raw, draft, columnOf(item));
  if (value === undefined) reader.faulty.add(item.name);
  else draft[item.name] = value;
}

/** `column` is where it stands, for a nested value with its path. Undefined when it cannot be read. */
function readOne(reader: Reader, item: Item, raw: unknown, siblings: Draft, column: string): Json | undefined {
  if (item.shape === 'object') return readObject(reader, item, raw, column);
  const read = readScalar(reader.plan, item, raw);
  if ('fault' in read) {
    reader.findings.refuse(read.fault, column);
    return undefined;
  }
  if (read.note && siblings[noteOf(item)] === undefined) readNote(reader, item, read.note, siblings);
  return read.value;
}

function readNote(reader: Reader, item: Item, text: string, siblings: Draft): void {
  const note = reader.plan.items.get(noteOf(item));
  if (note) readItem(reader, note, text, siblings);
}

function readList(reader: Reader, item: Item, raw: unknown, siblings: Draft, column: string): Json | undefined {
  const parts = partsOf(item, raw).filter((part) => !isEmpty(part));
  const read = parts.map((part, place) =>
    readOne(reader, item, part, siblings, item.shape === 'object' ? `${item.name}[${place}]` : column),
  );
  const values = read.filter((value) => value !== undefined);
  return values.length < read.length ? undefined : values;
}

function partsOf(item: Item, raw: unknown): readonly unknown[] {
  if (Array.isArray(raw)) return raw.map(trimmed);
  if (item.shape === 'object') return listOf(typeof raw === 'string' ? parsedJson(raw) : raw);
  if (typeof raw !== 'string' || !item.split) return [raw];
  return raw.split(separatorOf(item.split)).map((part) => part.trim());
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

const separators = new Map<string, RegExp>();
function separatorOf(characters: string): RegExp {
  const known = separators.get(characters) ?? new RegExp(`[${characters.replace(/[\]\\^-]/g, '\\$&')}]`, 'u');
  separators.set(characters, known);
  return known;
}

function readObject(reader: Reader, item: Item, raw: unknown, path: string): Json | undefined {
  const object = typeof raw === 'string' ? parsedJson(raw) : raw;
  if (!isObject(object)) {
    reader.findings.refuse('MALFORMED', path);
    return undefined;
  }
  const before = reader.findings.reasons.length;
  const fields = item.fields.filter(({ input }) => input);
  const draft: Draft = {};
  for (const name of Object.keys(object))
    if (!fields.some((field) => field.name === name)) reader.findings.refuse('MALFORMED', `${path}.${name}`);
  for (const field of fields) {
    const value = trimmed(object[field.name]);
    const column = `${path}.${field.name}`;
    if (isEmpty(value)) {
      if (field.required || field.requiredWhen.some((condition) => holds(condition, draft))) reader.findings.refuse('REQUIRED', column);
      continue;
    }
    const read = field.list ? readList(reader, field, value, draft, column) : readOne(reader, field, value, draft, column);
    if (read !== undefined) draft[field.name] = read;
  }
  return reader.findings.reasons.length > before ? undefined : draft;
}

/** What stands in for an empty item is read as this item would be; where it cannot be, the item stays empty. */
function fallBack({ plan, faulty }: Reader, item: Item, draft: Draft): void {
  if (item.fallback === undefined || draft[item.name] !== undefined || faulty.has(item.name)) return;
  const other = draft[item.fallback];
  if (other === null && plan.ends.has(item.name)) draft[item.name] = null;
  if (other === undefined || other === null || typeof other === 'object') return;
  const read = readScalar(plan, item, other);
  if ('value' in read) draft[item.name] = read.value;
}

/** A type may say "without end" in a field of its own: set from the dates, or itself the reason why a date is empty. */
function markLongTerm(plan: TypePlan, draft: Draft): void {
  const mark = plan.items.get(LONG_TERM);
  if (!mark) return;
  if (draft.isLongTerm === true) for (const name of plan.ends) draft[name] ??= null;
  const given = [...plan.ends].filter((name) => draft[name] !== undefined);
  if (given.length > 0) draft.isLongTerm = given.some((name) => draft[name] === null);
}

function checkPresence(plan: TypePlan, item: Item, draft: Draft, findings: Findings): void {
  const value = draft[item.name];
  const missing = value === undefined || (Array.isArray(value) && value.length === 0);
  if (!missing) return;
  if (item.required) {
    findings.refuse('REQUIRED', columnOf(item));
    return;
  }
  if (!item.requiredWhen.some((condition) => holds(condition, draft))) return;
  const explained = plan.inputs.find((other) => noteOf(other) === item.name);
  findings.refuse(explained ? 'NOTE_REQUIRED' : 'REQUIRED', columnOf(explained ?? item));
}

function inOrder(plan: TypePlan, draft: Draft): Values {
  const values: Draft = {};
  for (const { name } of plan.type.items) {
    const value = draft[name];
    if (value !== undefined && !(Array.isArray(value) && value.length === 0)) values[name] = value;
  }
  return values;
}

function trimmed(raw: unknown): unknown {
  return typeof raw === 'string' ? raw.trim() : raw;
}

function isEmpty(raw: unknown): boolean {
  return raw === undefined || raw === null || raw === '';
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
