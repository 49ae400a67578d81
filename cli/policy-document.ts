import { createHash } from 'node:crypto';
import { CATALOGUE_RULES, RECORD_RULES, type Rule, SUBJECT_HANDLE_RULE } from '../auth/matrix.ts';
import type { Policy } from '../auth/policy.ts';
import type { FieldDisclosure, Item, RecordType } from '../schema/catalogue.ts';
import { CommandFault } from './command-fault.ts';
import { effectsOfType, type FieldEffects, rowsOfType } from './policy-effects.ts';

/** How a field is disclosed, as a policy file tells it. */
export type PolicyField = FieldDisclosure & {
  readonly label?: string | undefined;
  /** Name of what audiences are given of it, in `effects`. */
  readonly effects?: string | undefined;
};

/** One rule of the decision table; `rows` changes whenever it holds other rows. */
export interface PolicyRule {
  readonly rule: string;
  readonly of: 'RECORDS' | 'CATALOGUE';
  readonly rows?: string | undefined;
  readonly [setting: string]: unknown;
}

/** `schema/generated/policy.json`: the whole policy as data, so that two versions of it can be compared. */
export interface PolicyDocument {
  readonly hash: string;
  readonly allow: Readonly<Record<string, readonly string[]>>;
  readonly items: Readonly<Record<string, PolicyField>>;
  /** Missing in files that were written before effects were. */
  readonly effects?: Readonly<Record<string, FieldEffects>> | undefined;
  readonly rules?: readonly PolicyRule[] | undefined;
}

export function policyDocument(policy: Policy): PolicyDocument {
  const effects = new Map<string, FieldEffects>();
  const named = effectsOf(policy.catalogue.types);
  const items = sorted(policy.items, ([coordinate, [entry]]) => {
    const given = named.get(coordinate) ?? {};
    const name = shortHash(JSON.stringify(given));
    effects.set(name, given);
    return entry && { ...entry.item.disclosure, ...(entry.item.label && { label: entry.item.label }), effects: name };
  });
  return {
    hash: policy.hash,
    allow: sorted(policy.allow, ([, audiences]) => audiences),
    items,
    effects: sorted(effects, ([, given]) => given),
    rules: rulesOf(policy),
  };
}

/** What every audience is given of every field; `disclosures` stand in for those of the types. */
export function effectsOf(
  types: readonly RecordType[],
  disclosures: Readonly<Record<string, FieldDisclosure>> = {},
): ReadonlyMap<string, FieldEffects> {
  // A value type stands in rows of several types; the first one tells of it, as in the list of fields.
  return new Map(types.toReversed().flatMap((type) => [...effectsOfType(withDisclosures(type, disclosures))]));
}

function withDisclosures(type: RecordType, disclosures: Readonly<Record<string, FieldDisclosure>>): RecordType {
  const replaced = (owner: string, items: readonly Item[]): readonly Item[] =>
    items.map((item) => ({
      ...item,
      disclosure: disclosures[`${owner}.${item.name}`] ?? item.disclosure,
      fields: replaced(item.type, item.fields),
    }));
  return { ...type, items: replaced(type.name, type.items) };
}

function rulesOf({ catalogue }: Policy): readonly PolicyRule[] {
  const rows = new Map<string, string[]>();
  for (const type of catalogue.types)
    for (const [rule, text] of rowsOfType(type)) {
      const key = `${rule} ${groupOf(type)}`;
      rows.set(key, [...(rows.get(key) ?? []), text]);
    }
  const told = (of: PolicyRule['of'], rules: readonly Rule[]) =>
    rules.map(({ id, rows: _rows, ...settings }) => ({
      rule: id,
      of,
      ...settings,
      rows: shortHash([...new Set(rows.get(`${id} ${of}`))].sort().join('\n')),
    }));
  return [...told('RECORDS', [...RECORD_RULES, SUBJECT_HANDLE_RULE]), ...told('CATALOGUE', CATALOGUE_RULES)];
}

function groupOf({ kind }: RecordType): PolicyRule['of'] {
  return kind === 'catalogue' ? 'CATALOGUE' : 'RECORDS';
}

function sorted<T, R>(entries: Iterable<readonly [string, T]>, tell: (entry: readonly [string, T]) => R): Record<string, NonNullable<R>> {
  const told: [string, NonNullable<R>][] = [];
  for (const entry of [...entries].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const value = tell(entry);
    if (value !== undefined && value !== null) told.push([entry[0], value]);
  }
  return Object.fromEntries(told);
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

/** @throws CommandFault for a text that is no policy file */
export function readPolicyDocument(text: string, name: string): PolicyDocument {
  const fault = () => new CommandFault(`${name} 不是 policy.json / is not a policy.json`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw fault();
  }
  if (!isObject(value) || typeof value.hash !== 'string' || !isObject(value.allow) || !isObject(value.items)) throw fault();
  const hasFields = Object.values(value.items).every((field) => isObject(field) && typeof field.class === 'string');
  const hasRoots = Object.values(value.allow).every(Array.isArray);
  const hasEffects = value.effects === undefined || (isObject(value.effects) && Object.values(value.effects).every(isEffects));
  const hasRules = value.rules === undefined || (Array.isArray(value.rules) && value.rules.every(isRule));
  if (!hasFields || !hasRoots || !hasEffects || !hasRules) throw fault();
  return value as unknown as PolicyDocument;
}

function isEffects(value: unknown): boolean {
  return (
    isObject(value) && Object.values(value).every((openings) => Array.isArray(openings) && openings.every((one) => typeof one === 'string'))
  );
}

function isRule(value: unknown): boolean {
  return isObject(value) && typeof value.rule === 'string' && typeof value.of === 'string';
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
