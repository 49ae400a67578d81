import type { DisclosureClass, Item, RecordType } from '../schema/catalogue.ts';
import { allOf, anyOf, anyOfLargest, assuming, type FieldName, type Filter, isNever, NONE, simplified } from '../schema/filter.ts';
import { EMPTY_GATE } from '../schema/gate.ts';
import type { Grant, Profile, Voucher } from './caller.ts';
import { classOf, exampleOf, type Variant, variantsOf } from './classes.ts';
import { conditionsFor } from './conditions.ts';
import { grantFault } from './grants.ts';
import {
  CATALOGUE_RULES,
  RECORD_RULES,
  type Rule,
  STRUCTURAL,
  STRUCTURAL_DATES,
  STRUCTURAL_OF_SUBJECT,
  SUBJECT_HANDLE_RULE,
} from './matrix.ts';
import { purposesOf } from './principal.ts';

/** VALUE: clear, and may be filtered by. MASK: masked or scrubbed. CLEAR: shown as it is because the cell masks and there is nothing to mask (M2); not to be filtered by. */
export type Effect = 'VALUE' | 'CLEAR' | 'MASK';
export type Effects = ReadonlyMap<string, Effect>;

/** Rows, and what may be read of them. The two are never parted: only views of the same row are united. */
export interface Entitlement {
  readonly id: string;
  readonly rows: Filter;
  readonly effects: (variant: Variant) => Effects;
}

/** What one profile may see of one type. */
export interface TypeAccess {
  readonly type: RecordType;
  readonly entitlements: readonly Entitlement[];
  /** The best that any row could give, by coordinate; a coordinate that is missing is closed whatever the row. */
  readonly best: Effects;
}

/** The coordinate under which M4 decides about an identity number that stands in a code column. */
export const ID_IN_CODE_COLUMN = '$idInCodeColumn';
const RANK: Readonly<Record<Effect, number>> = { VALUE: 3, CLEAR: 2, MASK: 1 };

/** Compiles what a profile may see of a type from the decision table. */
export function entitlements(profile: Profile, type: RecordType, today: string): TypeAccess {
  const found = rulesFor(type).flatMap((rule) => compileRule(rule, profile, type, today));
  const best = new Map<string, Effect>();
  for (const entitlement of found) {
    for (const { variant } of reachableVariants(entitlement, type)) unite(best, entitlement.effects(variant));
  }
  return { type, entitlements: found, best };
}

function rulesFor(type: RecordType): readonly Rule[] {
  if (type.kind === 'catalogue') return CATALOGUE_RULES;
  return type.kind === 'subject' ? [...RECORD_RULES, SUBJECT_HANDLE_RULE] : RECORD_RULES;
}

function compileRule(rule: Rule, profile: Profile, type: RecordType, today: string): readonly Entitlement[] {
  if (!rule.audiences.includes(profile.audience)) return [];
  if (rule.needsPurpose && !statesPurpose(profile, rule.needsPurpose)) return [];
  if (rule.needsReveal && !profile.reveals) return [];
  if (rule.toAudit && !type.audit) return [];
  if (rule.toParties && type.parties.length === 0 && !hasPartyRole(type.items)) return [];
  if (rule.toSubject !== undefined && rule.toSubject !== (type.about !== undefined)) return [];
  if (rule.opensSomething && !coordinatesOf(type).some(({ item: { disclosure } }) => opens(rule, disclosure.class))) return [];
  const conditions = conditionsFor(type, profile);
  const rows = rule.rows(conditions);
  if (rule.within === 'grant') {
    return profile.grants
      .filter((grant) => grantFault(grant, profile, today) === undefined)
      .flatMap((grant) =>
        keep(`${rule.id}:${grant.id}`, allOf(rows, conditions.granted(grant)), effectsOf(rule, type, profile, inGrant(grant, profile))),
      );
  }
  if (rule.within === 'voucher') {
    const { voucher } = profile;
    if (!voucher || !opensSomething(voucher, profile, type)) return [];
    return keep(
      rule.id,
      rows,
      effectsOf(rule, type, profile, (coordinate) => inVoucher(voucher, profile, type, coordinate)),
    );
  }
  return keep(
    rule.id,
    rows,
    effectsOf(rule, type, profile, () => true),
  );
}

function keep(id: string, rows: Filter, effects: Entitlement['effects']): readonly Entitlement[] {
  const asked = simplified(rows);
  return isNever(asked) ? [] : [{ id, rows: asked, effects }];
}

/** A purpose that is valid for the audience; for E2 and E3 another than the keeping of one's own records. */
function statesPurpose({ audience, purpose }: Profile, needed: 'ANY' | 'DUTY'): boolean {
  return purpose !== undefined && purposesOf(audience).includes(purpose) && (needed === 'ANY' || purpose !== 'RECORD_MANAGEMENT');
}

function opens({ clear, masked }: Rule, clazz: DisclosureClass): boolean {
  return clear.includes(clazz) || masked?.includes(clazz) === true;
}

function hasPartyRole(items: readonly Item[]): boolean {
  return items.some((item) => item.role === 'PARTY' || hasPartyRole(item.fields));
}

/** G2: the coordinate stands in the grant and, where a matter is stated, among the fields that the matter allows. */
function inGrant(grant: Grant, profile: Profile): (coordinate: string) => boolean {
  const allowed = profile.matter === undefined ? undefined : (profile.matterFields ?? []);
  return (coordinate) => grant.fields.includes(coordinate) && (allowed === undefined || allowed.includes(coordinate));
}

/** V2: kept back by nobody (CREDIT_BODY), or opened by the subject (APP_ORG). */
function inVoucher(voucher: Voucher, profile: Profile, type: RecordType, coordinate: string): boolean {
  if (profile.audience !== 'APP_ORG') return !voucher.fieldsExcluded.includes(coordinate);
  return (
    [type.section, type.code, type.name, coordinate].some((scope) => voucher.opened.includes(scope)) &&
    !voucher.fieldsExcluded.includes(coordinate)
  );
}

/** N9 `opens`: the voucher opens some coordinate of the type that is not structural. */
function opensSomething(voucher: Voucher, profile: Profile, type: RecordType): boolean {
  const structural: readonly string[] = [...STRUCTURAL, ...STRUCTURAL_OF_SUBJECT];
  return coordinatesOf(type).some(
    ({ coordinate, item }) => !structural.includes(item.name) && inVoucher(voucher, profile, type, coordinate),
  );
}

function effectsOf(rule: Rule, type: RecordType, profile: Profile, within: (coordinate: string) => boolean): Entitlement['effects'] {
  const coordinates = coordinatesOf(type);
  const cache = new Map<string, Effects>();
  return (variant) => {
    const key = `${variant.person}|${variant.secret}|${variant.state}`;
    const known = cache.get(key);
    if (known) return known;
    const effects = new Map<string, Effect>();
    for (const { coordinate, item } of coordinates) {
      const effect = cell(rule, item, variant, profile, within(coordinate));
      if (effect) effects.set(coordinate, effect);
    }
    for (const name of structuralOf(type, rule)) effects.set(`${type.name}.${name}`, 'VALUE');
    const idInCode = cell(rule, ID_ITEM, variant, profile, rule.within === undefined);
    if (idInCode) effects.set(ID_IN_CODE_COLUMN, idInCode);
    cache.set(key, effects);
    return effects;
  };
}

function cell(rule: Rule, item: Item, variant: Variant, profile: Profile, within: boolean): Effect | undefined {
  if (rule.only) return rule.only.includes(item.name) ? 'VALUE' : undefined;
  if (!within) return undefined;
  const clazz = classOf(item, variant, rule.declared === true);
  // Q7: with a weak proof of identity the subject reads of its own no more than the public reads of others.
  if (rule.id === 'E5' && profile.authLevel < 2 && clazz !== 'OPEN') return undefined;
  const raw = rule.declared === true || rule.id === 'E13';
  if (rule.clear.includes(clazz)) return item.disclosure.scrub && !raw ? 'MASK' : 'VALUE';
  if (!rule.masked?.includes(clazz)) return undefined;
  if (item.disclosure.mask || item.disclosure.scrub) return 'MASK';
  return variant.person === 'ORGANISATION' ? 'CLEAR' : undefined;
}

function structuralOf(type: RecordType, rule: Rule): readonly string[] {
  if (type.kind === 'subject') return STRUCTURAL_OF_SUBJECT;
  if (type.kind === 'catalogue') return ['id'];
  return rule.datesFollowClass ? STRUCTURAL : [...STRUCTURAL, ...STRUCTURAL_DATES];
}

const ID_ITEM: Item = {
  name: ID_IN_CODE_COLUMN,
  label: '',
  type: 'String',
  list: false,
  shape: 'scalar',
  fields: [],
  headings: [],
  required: false,
  requiredWhen: [],
  encrypted: true,
  filter: false,
  order: false,
  input: false,
  envelope: false,
  disclosure: { class: 'SHARED_BY_DUTY', inState: [], mask: 'ID', scrub: false },
};

/** Every coordinate of a type, those of its nested value types included. */
export function coordinatesOf(type: RecordType): readonly { readonly coordinate: string; readonly item: Item }[] {
  const known = COORDINATES.get(type);
  if (known) return known;
  const all = (owner: string, items: readonly Item[]): { coordinate: string; item: Item }[] =>
    items.flatMap((item) => [{ coordinate: `${owner}.${item.name}`, item }, ...all(item.type, item.fields)]);
  const subject: Item = {
    ...ID_ITEM,
    name: 'subject',
    type: 'Subject',
    encrypted: false,
    disclosure: { class: 'OPEN', individual: 'SHARED', inState: [], scrub: false },
  };
  const found = [...all(type.name, type.items), ...(type.kind === 'record' ? [{ coordinate: `${type.name}.subject`, item: subject }] : [])];
  COORDINATES.set(type, found);
  return found;
}
const COORDINATES = new WeakMap<RecordType, readonly { coordinate: string; item: Item }[]>();

/** Adds effects, the better one winning: VALUE before CLEAR before MASK. */
export function unite(into: Map<string, Effect>, effects: Effects): void {
  for (const [coordinate, effect] of effects) {
    const present = into.get(coordinate);
    if (present === undefined || RANK[effect] > RANK[present]) into.set(coordinate, effect);
  }
}

/** Rows that a list, a count or a cursor may hold. A person's row that the public level alone opens is in none (L1). */
export function listedRows(access: TypeAccess): Filter {
  const known = LISTED.get(access);
  if (known) return known;
  const organisation: Filter = { op: 'in', field: 'gate.subjectKind', values: ['ENTERPRISE', 'NON_ENTERPRISE_ORG'] };
  const listed = anyOfLargest(...access.entitlements.map(({ id, rows }) => (id === 'E1' ? allOf(rows, organisation) : rows)));
  LISTED.set(access, listed);
  return listed;
}
const LISTED = new WeakMap<TypeAccess, Filter>();

/** Rows that any entitlement holds. */
export function visibleRows(access: TypeAccess): Filter {
  return anyOf(...access.entitlements.map(({ rows }) => rows));
}

/**
 * P1: the rows of those entitlements that give VALUE on every coordinate that the caller filters, orders or counts by.
 * `refused` names coordinates that no entitlement gives (Q4); `narrowed` those for which some rows were left out.
 */
export function narrow(
  access: TypeAccess,
  asked: readonly string[],
): { readonly rows: Filter; readonly refused: readonly string[]; readonly narrowed: readonly string[] } {
  const refused = asked.filter((coordinate) => access.best.get(coordinate) !== 'VALUE');
  if (refused.length > 0) return { rows: NONE, refused, narrowed: [] };
  if (asked.length === 0) return { rows: listedRows(access), refused: [], narrowed: [] };
  const organisation: Filter = { op: 'in', field: 'gate.subjectKind', values: ['ENTERPRISE', 'NON_ENTERPRISE_ORG'] };
  const narrowed = new Set<string>();
  const parts = access.entitlements.map((entitlement) => {
    const variants = reachableVariants(entitlement, access.type);
    for (const coordinate of asked) {
      if (variants.some(({ variant }) => entitlement.effects(variant).get(coordinate) !== 'VALUE')) narrowed.add(coordinate);
    }
    const holding = variants.filter(({ variant }) => asked.every((coordinate) => entitlement.effects(variant).get(coordinate) === 'VALUE'));
    const within = holding.length === variants.length ? [] : [anyOf(...holding.map(({ rows }) => rows))];
    return allOf(entitlement.rows, ...within, ...(entitlement.id === 'E1' ? [organisation] : []));
  });
  return { rows: anyOf(...parts), refused: [], narrowed: [...narrowed] };
}

/** Variants that the rows of this entitlement can be of. */
export function reachableVariants(entitlement: Entitlement, type: RecordType): ReturnType<typeof variantsOf> {
  const variants = variantsOf(type);
  if (type.kind === 'catalogue') return variants;
  return variants.filter(
    ({ variant }) => !isNever(assuming(entitlement.rows, { key: '', gate: { ...EMPTY_GATE, ...exampleOf(variant) } }, VARIANT_FIELDS)),
  );
}

const VARIANT_FIELDS: ReadonlySet<FieldName> = new Set<FieldName>(['gate.subjectKind', 'gate.exception', 'gate.secrecy']);
