import type { Person } from '../auth/classes.ts';
import { coordinatesOf, type Effect, type Entitlement, entitlements, reachableVariants } from '../auth/entitlements.ts';
import { AUDIENCES, type Audience, purposesOf } from '../auth/principal.ts';
import type { RecordType } from '../schema/catalogue.ts';
import { SECTIONS } from '../schema/gate.ts';

/** Kinds of rows, in the order in which an opening tells of them. */
export const ROW_KINDS = ['ORGANISATION', 'PUBLIC_PERSON', 'CLOSED_PERSON', 'SECRET'] as const;

/**
 * What one rule gives of one field: its id, and for each kind of rows V (clear), M (masked), - (nothing) or . (it holds no such rows);
 * `E2 V-.-`. Where the class depends on the state of the row, each of its states follows: `E1 V-.- PROPOSED=----`.
 * Short, because a policy file holds it for every field and audience.
 */
export type Opening = string;
/** By audience; one that is given nothing is missing. */
export type FieldEffects = { readonly [audience in Audience]?: readonly Opening[] };

/** What every audience is given of every field of a type, with everything in its hands that can open something: purpose, grant, voucher, reveal. */
export function effectsOfType(type: RecordType): ReadonlyMap<string, FieldEffects> {
  const found = new Map<string, Partial<Record<Audience, Opening[]>>>();
  for (const audience of AUDIENCES) {
    for (const entitlement of entitlementsOf(audience, type)) {
      const cellsOf = (coordinate: string, state: string | null) =>
        kindsOf(entitlement, type, state)
          .map((variants) => (variants.length === 0 ? '.' : least(variants.map((variant) => entitlement.effects(variant).get(coordinate)))))
          .join('');
      for (const { coordinate, item } of coordinatesOf(type)) {
        const inStates = item.disclosure.inState.map(({ state }) => `${state}=${cellsOf(coordinate, state)}`);
        const opening = [cellsOf(coordinate, null), ...inStates].join(' ');
        if (!/[VM]/.test(opening.replaceAll(/[A-Z_]+=/g, ''))) continue;
        const effects = found.get(coordinate) ?? {};
        found.set(coordinate, effects);
        effects[audience] = [...new Set([...(effects[audience] ?? []), `${ruleOf(entitlement)} ${opening}`])];
      }
    }
  }
  return found;
}

/** The rows that each rule holds for each audience, as filters; by which a change of a condition is noticed. */
export function rowsOfType(type: RecordType): readonly (readonly [rule: string, rows: string])[] {
  return AUDIENCES.flatMap((audience) =>
    entitlementsOf(audience, type).map((entitlement) => [ruleOf(entitlement), `${audience} ${JSON.stringify(entitlement.rows)}`] as const),
  );
}

const OWN = 'own';
const FOR_EVER = '9999-12-31';

function entitlementsOf(audience: Audience, type: RecordType): readonly Entitlement[] {
  const purpose = purposesOf(audience)[0];
  const fields = coordinatesOf(type).map(({ coordinate }) => coordinate);
  const takesVoucher = audience === 'CREDIT_BODY' || audience === 'APP_ORG';
  const grant = {
    id: 'grant',
    status: 'APPROVED' as const,
    granteeUscc: OWN,
    approverUscc: 'approver',
    sources: ['approver'],
    recordTypes: [type.code],
    fields,
    purposes: purpose === undefined ? [] : [purpose],
    matterCodes: [],
    validTo: FOR_EVER,
  };
  const voucher = {
    id: 'voucher',
    type: audience === 'APP_ORG' ? ('E_CERT' as const) : ('E_SIGN' as const),
    subjectId: 'subject',
    sections: SECTIONS,
    fieldsExcluded: [],
    opened: [type.name],
    validTo: FOR_EVER,
  };
  const profile = {
    audience,
    orgUscc: OWN,
    clientId: audience === 'SUPERVISION' ? OWN : undefined,
    orgNature: type.sourceOnly ? 'DISCIPLINE' : undefined,
    regionCode: '410000',
    authLevel: 2,
    purpose,
    ownSources: audience === 'AGENCY' ? [OWN] : [],
    grants: audience === 'AGENCY' || audience === 'SUPERVISION' ? [grant] : [],
    voucher: takesVoucher ? voucher : undefined,
    ...(audience === 'OPERATOR' && { reveals: true as const }),
  };
  return entitlements(profile, type, '2000-01-01').entitlements;
}

function ruleOf({ id }: Entitlement): string {
  return id.split(':')[0] ?? id;
}

type Variants = ReturnType<typeof reachableVariants>[number]['variant'][];

/** The variants of each kind of rows that the entitlement can hold in one state, or (null) in those that no field names. */
function kindsOf(entitlement: Entitlement, type: RecordType, state: string | null): readonly Variants[] {
  const variants = variantsOf(entitlement, type).filter((variant) => variant.state === state);
  const plain = (person: Person) => variants.filter((variant) => variant.person === person && !variant.secret);
  return [
    plain('ORGANISATION'),
    plain('PUBLIC_PERSON'),
    plain('CLOSED_PERSON'),
    variants.filter(({ person, secret }) => person === 'ORGANISATION' && secret),
  ];
}

function variantsOf(entitlement: Entitlement, type: RecordType): Variants {
  const known = VARIANTS.get(entitlement) ?? reachableVariants(entitlement, type).map(({ variant }) => variant);
  VARIANTS.set(entitlement, known);
  return known;
}
const VARIANTS = new WeakMap<Entitlement, Variants>();

function least(effects: readonly (Effect | undefined)[]): 'V' | 'M' | '-' {
  if (effects.includes(undefined)) return '-';
  return effects.includes('MASK') ? 'M' : 'V';
}
