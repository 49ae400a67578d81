import type { Item, RecordType } from '../schema/catalogue.ts';
import type { AccessBook } from './access-book.ts';
import type { Asked, Operation } from './asked.ts';
import type { Caller, Profile } from './caller.ts';
import { type Effect, reachableVariants, type TypeAccess } from './entitlements.ts';
import { isStructural, type Policy } from './policy.ts';
import { AUDIENCES, purposesOf } from './principal.ts';
import { opensByReveal, type Reason, reasonFor } from './reasons.ts';

/** What a caller is told about one coordinate that an operation names. Nothing of it comes from a row. */
export interface CoordinateAccess {
  readonly coordinate: string;
  /** Where the operation names it; empty when no operation is spoken of. */
  readonly path: readonly string[];
  readonly audience: string;
  readonly class: string;
  /** The best over all rows. */
  readonly effect: 'VALUE' | 'MASK' | 'DENIED';
  /** Facts of a row that close it all the same. */
  readonly dependsOn: readonly string[];
  /** The rule of the decision table, `X` when none opens it. */
  readonly rule: string;
  readonly reason: Reason | null;
  /** Kinds of things that would open it: PURPOSE, GRANT, VOUCHER, REVEAL. */
  readonly opensWith: readonly string[];
}

export interface AccessExplanation {
  readonly policyVersion: string;
  readonly coordinates: readonly CoordinateAccess[];
}

/** Facts of a row on which a rule depends, beside those of persons and secrecy. */
const DEPENDS_ON: Readonly<Record<string, readonly string[]>> = {
  E1: ['UNPUBLISHED', 'STOPPED', 'EXPIRED'],
  E2: ['UNPUBLISHED', 'STOPPED', 'EXPIRED'],
  E3: ['OTHER_SOURCE', 'OTHER_REGION', 'STOPPED', 'EXPIRED'],
  E4: ['OTHER_SOURCE'],
  E5: ['OTHER_SUBJECT', 'BEFORE_NOTICE'],
  E6: ['OTHER_SUBJECT', 'OTHER_SECTION', 'STOPPED', 'EXPIRED'],
  E7: ['OTHER_SUBJECT', 'OTHER_SECTION', 'STOPPED', 'EXPIRED'],
  E8: ['OTHER_SUBJECT', 'OTHER_SECTION', 'STOPPED', 'EXPIRED'],
  E9: ['OTHER_REGION', 'OTHER_CATEGORY', 'STOPPED', 'EXPIRED'],
  E10: ['OTHER_REGION', 'OTHER_CATEGORY', 'STOPPED', 'EXPIRED'],
  E11: ['NOT_PUSHED', 'STOPPED', 'EXPIRED'],
  E12: ['OTHER_REGION'],
  E13: ['OTHER_REGION'],
  E14: ['OTHER_CASE', 'STOPPED'],
  E17: ['NOT_IN_EFFECT'],
  E18: ['PERSON'],
  E20: ['OTHER_PARTY'],
};

const OPENS_WITH: Readonly<Partial<Record<Reason, readonly string[]>>> = {
  GRANT_REQUIRED: ['GRANT'],
  GRANT_EXPIRED: ['GRANT'],
  GRANT_FIELD: ['GRANT'],
  GRANT_PURPOSE: ['PURPOSE', 'GRANT'],
  MATTER_NOT_ALLOWED: ['MATTER', 'GRANT'],
  VOUCHER_REQUIRED: ['VOUCHER'],
  VOUCHER_SCOPE: ['VOUCHER'],
  VOUCHER_SUBJECT: ['VOUCHER'],
  MASKED: [],
};

/** Explains every coordinate of an operation for this caller: effect, rule and what would open it. It runs nothing and reads no row. */
export function explain(policy: Policy, access: AccessBook, caller: Caller, { selected, filtered }: Operation): AccessExplanation {
  const asked = new Map([...selected, ...filtered].map((entry) => [`${entry.coordinate} ${entry.path.join('.')}`, entry] as const));
  const coordinates = [...asked.values()].flatMap((entry) =>
    (policy.items.get(entry.coordinate) ?? [])
      .slice(0, 1)
      .map(({ type, item }) => coordinateAccess(access.accessOf(caller, type), caller, entry, { type, item })),
  );
  return { policyVersion: policy.hash, coordinates };
}

function coordinateAccess(
  access: TypeAccess,
  caller: Pick<Caller, 'profile' | 'today'>,
  { coordinate, path }: Asked,
  { type, item }: { type: RecordType; item: Item },
): CoordinateAccess {
  const best = access.best.get(coordinate);
  const rule = ruleOf(access, coordinate, best);
  const structural = isStructural({ type, item });
  const reason =
    best === 'VALUE' || best === 'CLEAR' || structural
      ? null
      : best === 'MASK'
        ? 'MASKED'
        : reasonFor(caller.profile, item.disclosure.class, coordinate, type.code, caller.today);
  const isRevealed = type.kind === 'record' && opensByReveal(caller.profile, item.disclosure.class);
  return {
    coordinate,
    path,
    audience: caller.profile.audience,
    class: item.disclosure.class,
    effect: best === undefined ? 'DENIED' : best === 'MASK' ? 'MASK' : 'VALUE',
    dependsOn: rule === 'X' ? [] : [...(DEPENDS_ON[rule.split(':')[0] ?? ''] ?? []), ...variantFacts(access, coordinate, rule, best)],
    rule: rule.split(':')[0] ?? rule,
    reason,
    opensWith: [
      ...(lacksPurpose(caller) && reason !== null ? ['PURPOSE'] : []),
      ...(best !== 'VALUE' && isRevealed ? ['REVEAL'] : reason ? (OPENS_WITH[reason] ?? []) : []),
    ],
  };
}

function ruleOf({ entitlements, type }: TypeAccess, coordinate: string, best: Effect | undefined): string {
  if (best === undefined) return 'X';
  return (
    entitlements.find((entitlement) =>
      reachableVariants(entitlement, type).some(({ variant }) => entitlement.effects(variant).get(coordinate) === best),
    )?.id ?? 'X'
  );
}

/** Whether persons, secrecy or a state take the best effect away in rows that the rule holds. */
function variantFacts({ entitlements, type }: TypeAccess, coordinate: string, rule: string, best: Effect | undefined): readonly string[] {
  const entitlement = entitlements.find(({ id }) => id === rule);
  if (!entitlement) return [];
  const lesser = reachableVariants(entitlement, type).filter(({ variant }) => entitlement.effects(variant).get(coordinate) !== best);
  return [
    ...(lesser.some(({ variant }) => variant.person !== 'ORGANISATION' && !variant.secret) ? ['PERSON'] : []),
    ...(lesser.some(({ variant }) => variant.secret && variant.person === 'ORGANISATION') ? ['SECRET'] : []),
    ...(lesser.some(({ variant }) => variant.state !== null && variant.person === 'ORGANISATION' && !variant.secret) ? ['STATE'] : []),
  ];
}

function lacksPurpose({ profile }: Pick<Caller, 'profile'>): boolean {
  return profile.audience === 'AGENCY' && profile.purpose === undefined;
}

/** Who may see a coordinate: every audience at its best, with a purpose where it needs one and without grants, vouchers or a reveal. For operators and auditors. */
export function whoMaySee(policy: Policy, access: AccessBook, today: string, coordinate: string): readonly CoordinateAccess[] {
  const [entry] = policy.items.get(coordinate) ?? [];
  if (!entry) return [];
  const asked: Asked = { coordinate, typeName: entry.type.name, path: [] };
  return AUDIENCES.map((audience) => {
    const profile: Profile = {
      audience,
      orgUscc: 'own',
      regionCode: '000000',
      authLevel: 2,
      purpose: purposesOf(audience)[0],
      ownSources: audience === 'AGENCY' ? ['own'] : [],
      grants: [],
    };
    const caller = { profile, profileKey: `whoMaySee ${audience}`, today };
    return coordinateAccess(access.accessOf(caller, entry.type), caller, asked, entry);
  });
}
