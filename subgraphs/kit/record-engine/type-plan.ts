import type { Catalogue, EnumValue, Item, RecordType, Role } from '../../../schema/catalogue.ts';
import { normaliseHeading } from '../../../schema/headings.ts';
import { indexedItems } from '../record-collection.ts';

/** A record type made ready for reading many rows of it. */
export interface TypePlan {
  readonly type: RecordType;
  /** Items that a file or a submission may give, in the order of the SDL. */
  readonly inputs: readonly Item[];
  /** Names of the items that make up the content, in binary order: the order in which contents are compared. */
  readonly sortedInputs: readonly string[];
  /** Items with a column of their own. */
  readonly indexed: readonly Item[];
  /** Names of the dates that may be given as "without end". */
  readonly ends: ReadonlySet<string>;
  readonly roles: ReadonlyMap<Role, Item>;
  readonly items: ReadonlyMap<string, Item>;
  readonly enums: ReadonlyMap<string, EnumPlan>;
  /** Enum items of which some value decides about section, nature or severity. */
  readonly deciding: readonly Item[];
  /** Inputs whose value carries a check digit that may be wrong: organisations' codes and representatives' numbers. */
  readonly codes: readonly Item[];
  /** Inputs that hold parties, themselves or in a nested value. */
  readonly parties: readonly Item[];
  /** Pairs `<x>From`, `<x>To`. */
  readonly spans: readonly { readonly from: Item; readonly to: Item }[];
  /** The input that a heading, an exchange code or a name stands for. */
  inputFor(heading: string): Item | undefined;
}

/** The values of one enum by everything that may stand for them. */
export interface EnumPlan {
  readonly byName: ReadonlyMap<string, EnumValue>;
  /** By name, code and label. */
  read(text: string): EnumValue | undefined;
}

/** What a file's columns are in terms of a type. */
export interface ColumnPlan {
  readonly items: ReadonlyMap<string, Item>;
  readonly unknown: readonly string[];
  /** Required items that no column can fill. */
  readonly missing: readonly Item[];
}

const plans = new WeakMap<RecordType, TypePlan>();

/** The plan of a type; made once. */
export function planOf(catalogue: Catalogue, type: RecordType): TypePlan {
  const known = plans.get(type);
  if (known) return known;
  const plan = makePlan(catalogue, type);
  plans.set(type, plan);
  return plan;
}

/** True for an item whose date may be written as "without end" (2099/12/31). In a catalogue (a grant, a voucher) only a role says so: there a date that is missing is no right. */
function mayBeLongTerm({ kind }: RecordType, item: Item): boolean {
  return item.type === 'Date' && (END_ROLES.has(item.role) || (kind !== 'catalogue' && /(To|Until)$/.test(item.name)));
}

const END_ROLES: ReadonlySet<Role | undefined> = new Set(['ACT_END', 'EFFECTIVE_TO', 'PUBLICITY_DEADLINE']);

/** Finds the items of a file's columns, in any order. `given` names roles whose value comes from elsewhere (the source of the whole file). */
export function planColumns(plan: TypePlan, headings: readonly string[], given: readonly Role[] = []): ColumnPlan {
  const items = new Map<string, Item>();
  const unknown: string[] = [];
  for (const heading of headings) {
    const item = plan.inputFor(heading);
    if (item) items.set(heading, item);
    else if (heading !== '') unknown.push(heading);
  }
  const found = new Set([...items.values()].map(({ name }) => name));
  const fillable = (item: Item): boolean =>
    found.has(item.name) ||
    (item.role !== undefined && given.includes(item.role)) ||
    (item.fallback !== undefined && found.has(item.fallback));
  const needed = plan.inputs.filter((item) => item.required || (item.role === 'SOURCE_CODE' && plan.type.kind === 'record'));
  return { items, unknown, missing: needed.filter((item) => !fillable(item)) };
}

function makePlan(catalogue: Catalogue, type: RecordType): TypePlan {
  const inputs = type.items.filter(({ input }) => input);
  const items = new Map(type.items.map((item) => [item.name, item]));
  const byWord = new Map<string, Item>();
  // The first claim stands: a type's own items come before those of the envelope.
  const claim = (word: string, item: Item) => byWord.has(wordOf(word)) || byWord.set(wordOf(word), item);
  for (const item of inputs) for (const word of [item.name, item.code ?? item.name, item.label, ...item.headings]) claim(word, item);
  const remembered = new Map<string, Item | undefined>();
  return {
    type,
    inputs,
    sortedInputs: inputs.map(({ name }) => name).sort(),
    indexed: indexedItems(type),
    ends: new Set(inputs.filter((item) => mayBeLongTerm(type, item)).map(({ name }) => name)),
    roles: new Map(type.items.flatMap((item) => (item.role ? [[item.role, item] as const] : [])).reverse()),
    items,
    enums: new Map([...enumsUsed(type.items)].map((name) => [name, enumPlan(catalogue.enums.get(name) ?? [])])),
    deciding: type.items.filter((item) =>
      (catalogue.enums.get(item.type) ?? []).some(({ section, nature, severity }) => section ?? nature ?? severity),
    ),
    codes: inputs.filter((item) => item.type === 'UnifiedSocialCreditCode' || isRepresentativeNumber(item)),
    parties: inputs.filter(holdsParties),
    spans: type.items.flatMap((from) => {
      const to = from.type === 'Date' && from.name.endsWith('From') ? items.get(from.name.replace(/From$/, 'To')) : undefined;
      return to ? [{ from, to }] : [];
    }),
    inputFor(heading) {
      if (!remembered.has(heading) && remembered.size < REMEMBERED_HEADINGS) remembered.set(heading, byWord.get(wordOf(heading)));
      return remembered.get(heading) ?? byWord.get(wordOf(heading));
    },
  };
}

/** The number of a representative's certificate; its type stands beside it, in the item that ends in `Type` instead. */
export function isRepresentativeNumber(item: Item): boolean {
  return item.encrypted && item.role !== 'SUBJECT_ID_NUMBER' && item.name.endsWith('IdNumber');
}

function holdsParties(item: Item): boolean {
  return item.role === 'PARTY' || item.fields.some(holdsParties);
}

/** Keys of JSON lines are anybody's choice, so that what is remembered of them needs an end. */
const REMEMBERED_HEADINGS = 1000;

function enumsUsed(items: readonly Item[]): ReadonlySet<string> {
  return new Set(items.flatMap((item) => (item.shape === 'enum' ? [item.type] : [...enumsUsed(item.fields)])));
}

function enumPlan(values: readonly EnumValue[]): EnumPlan {
  const byWord = new Map<string, EnumValue>();
  for (const value of values) {
    for (const word of [value.name, value.code, value.label, ...value.labels])
      if (word && !byWord.has(wordOf(word))) byWord.set(wordOf(word), value);
  }
  return { byName: new Map(values.map((value) => [value.name, value])), read: (text) => byWord.get(text) ?? byWord.get(wordOf(text)) };
}

function wordOf(text: string): string {
  return normaliseHeading(text).toUpperCase();
}
