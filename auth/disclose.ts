import { compileFilter, type Filtered, type Matches, type Params } from '../schema/filter.ts';
import { type Variant, variantOf } from './classes.ts';
import { type Effect, type Effects, type Entitlement, type TypeAccess, unite } from './entitlements.ts';
import { type Basis, basisOf } from './obligations.ts';

/** One row as one caller may see it. */
export interface View {
  readonly effects: Effects;
  readonly variant: Variant;
  /** Rules that hold the row. */
  readonly heldBy: readonly string[];
  /** Coordinates of which this caller reads more of the row than everybody does. */
  readonly beyondPublic: ReadonlySet<string>;
  /** Of these, the ones that are read under an obligation, and by what. */
  readonly bases: ReadonlyMap<string, Basis>;
}

/** Rules by which everybody reads. */
export const PUBLIC_RULES: readonly string[] = ['E1', 'E17'];

export type Disclose = (row: Filtered & Pick<Parameters<typeof variantOf>[1], 'columns'>, params: Params) => View | undefined;

/**
 * Builds the function that decides a stored row for callers of one profile: its view, or nothing when no entitlement holds it.
 * It reads the row and the bound parameters only; values of arguments, representations or tokens never stand in for the row.
 */
export function compileDisclosure(access: TypeAccess): Disclose {
  const { type, entitlements } = access;
  const holders = byRows(entitlements);
  const views = new Map<string, View>();
  return (row, params) => {
    const held: number[] = [];
    for (const { holds, indexes } of holders) if (holds(row, params)) held.push(...indexes);
    if (held.length === 0) return undefined;
    const variant = variantOf(type, row);
    const key = `${held.join(',')}|${variant.person}|${variant.secret}|${variant.state}`;
    const known = views.get(key);
    if (known) return known;
    const view = unitedView(access, held, variant);
    views.set(key, view);
    return view;
  };
}

/** Entitlements that hold the same rows are asked once. */
function byRows(entitlements: TypeAccess['entitlements']): readonly { readonly holds: Matches; readonly indexes: readonly number[] }[] {
  const groups = Map.groupBy(entitlements.entries(), ([, { rows }]) => JSON.stringify(rows));
  return [...groups.values()].flatMap(([first, ...more]) =>
    first ? [{ holds: compileFilter(first[1].rows), indexes: [first, ...more].map(([index]) => index) }] : [],
  );
}

/** U1: the best of what the entitlements that hold this very row give. */
function unitedView({ entitlements }: TypeAccess, held: readonly number[], variant: Variant): View {
  const effects = new Map<string, Effect>();
  const holding = held.flatMap((index) => entitlements[index] ?? []);
  const ofEverybody = new Map<string, Effect>();
  for (const entitlement of holding) {
    unite(effects, entitlement.effects(variant));
    if (PUBLIC_RULES.includes(entitlement.id)) unite(ofEverybody, entitlement.effects(variant));
  }
  const beyondPublic = new Set(
    [...effects].flatMap(([coordinate, effect]) => (ofEverybody.get(coordinate) === effect ? [] : [coordinate])),
  );
  const heldBy = holding.map(({ id }) => id);
  return { effects, variant, heldBy, beyondPublic, bases: basesOf(beyondPublic, effects, holding, variant) };
}

function basesOf(beyondPublic: ReadonlySet<string>, effects: Effects, holding: readonly Entitlement[], variant: Variant): View['bases'] {
  const given = holding.map((entitlement) => ({ id: entitlement.id, effects: entitlement.effects(variant) }));
  const bases = new Map<string, Basis>();
  for (const coordinate of beyondPublic) {
    const givers = given.filter((entitlement) => entitlement.effects.get(coordinate) === effects.get(coordinate));
    const basis = basisOf(
      coordinate,
      givers.map(({ id }) => id),
    );
    if (basis) bases.set(coordinate, basis);
  }
  return bases;
}
