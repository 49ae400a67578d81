import { isDeepStrictEqual } from 'node:util';
import type { RecordType } from '../schema/catalogue.ts';
import { effectsOf, type PolicyDocument, type PolicyField, type PolicyRule } from './policy-document.ts';
import type { FieldEffects, Opening } from './policy-effects.ts';
import { partsOf } from './policy-sentences.ts';

export interface AudienceChange {
  readonly audience: string;
  readonly opened: boolean;
  readonly closed: boolean;
  readonly before: readonly Opening[];
  readonly after: readonly Opening[];
}
export interface FieldChange {
  readonly coordinate: string;
  readonly label: string;
  readonly kind: 'NEW' | 'GONE' | 'CHANGED';
  readonly before?: PolicyField | undefined;
  readonly after?: PolicyField | undefined;
  readonly audiences: readonly AudienceChange[];
}
export interface RootChange {
  readonly field: string;
  readonly opened: readonly string[];
  readonly closed: readonly string[];
}
export interface RuleChange {
  readonly rule: string;
  readonly of: PolicyRule['of'];
  readonly kind: FieldChange['kind'];
  readonly settings: readonly { readonly name: string; readonly before: unknown; readonly after: unknown }[];
}

/** What became of a policy: whatever opened something for somebody comes first. */
export interface PolicyDifference {
  readonly changed: boolean;
  readonly before: string;
  readonly after: string;
  readonly opened: readonly FieldChange[];
  readonly closed: readonly FieldChange[];
  /** Declared otherwise, with the same effect for everybody. */
  readonly other: readonly FieldChange[];
  readonly roots: readonly RootChange[];
  readonly rules: readonly RuleChange[];
  /** False where the older file does not tell what its table gave: then the present table stands in for it. */
  readonly olderTellsEffects: boolean;
}

/** Compares two policies field by field. `types` are the present ones, by which a file that does not tell effects is read. */
export function policyDifference(older: PolicyDocument, newer: PolicyDocument, types: readonly RecordType[]): PolicyDifference {
  const [before, after] = [effectsIn(older, types), effectsIn(newer, types)];
  const changes = namesOf(older.items, newer.items).flatMap((coordinate) => {
    const [was, is] = [older.items[coordinate], newer.items[coordinate]];
    const change: FieldChange = {
      coordinate,
      label: is?.label ?? was?.label ?? '',
      kind: was === undefined ? 'NEW' : is === undefined ? 'GONE' : 'CHANGED',
      before: was,
      after: is,
      audiences: audienceChanges(was && before(coordinate), is && after(coordinate)),
    };
    const isSame = change.kind === 'CHANGED' && change.audiences.length === 0 && isDeepStrictEqual(declared(was), declared(is));
    return isSame ? [] : [change];
  });
  const opened = changes.filter(({ audiences }) => audiences.some((change) => change.opened));
  const closed = changes.filter((change) => !opened.includes(change) && change.audiences.some((one) => one.closed));
  const other = changes.filter((change) => !opened.includes(change) && !closed.includes(change));
  const roots = rootChanges(older, newer);
  const rules = older.rules && newer.rules ? ruleChanges(older.rules, newer.rules) : [];
  return {
    changed: changes.length + roots.length + rules.length > 0,
    before: older.hash,
    after: newer.hash,
    opened,
    closed,
    other,
    roots,
    rules,
    olderTellsEffects: older.effects !== undefined,
  };
}

function effectsIn({ items, effects }: PolicyDocument, types: readonly RecordType[]): (coordinate: string) => FieldEffects {
  if (effects) return (coordinate) => effects[items[coordinate]?.effects ?? ''] ?? {};
  const computed = effectsOf(types, items);
  return (coordinate) => computed.get(coordinate) ?? {};
}

/** Without what only names something. */
function declared(field: PolicyField | undefined): unknown {
  const { label: _label, effects: _effects, ...disclosure } = field ?? {};
  return disclosure;
}

function audienceChanges(before: FieldEffects = {}, after: FieldEffects = {}): readonly AudienceChange[] {
  return namesOf(before, after).flatMap((name) => {
    const audience = name as keyof FieldEffects;
    const [was, is] = [before[audience] ?? [], after[audience] ?? []];
    const steps = stepsBetween(was, is);
    const change = { audience, opened: steps.some((step) => step > 0), closed: steps.some((step) => step < 0), before: was, after: is };
    return change.opened || change.closed ? [change] : [];
  });
}

/** For each rule and kind of rows how much further (or less far) it opens now. */
function stepsBetween(before: readonly Opening[], after: readonly Opening[]): readonly number[] {
  const [was, is] = [ranksOf(before), ranksOf(after)];
  return [...new Set([...was.keys(), ...is.keys()])].map((place) => (is.get(place) ?? 0) - (was.get(place) ?? 0));
}

const RANKS: Readonly<Record<string, number>> = { V: 2, M: 1 };

function ranksOf(openings: readonly Opening[]): ReadonlyMap<string, number> {
  const ranks = new Map<string, number>();
  for (const { rule, cells, states } of openings.map(partsOf)) {
    for (const there of [{ state: '', cells }, ...states]) {
      for (const [kind, cell] of [...there.cells].entries()) {
        const place = `${rule} ${there.state} ${kind}`;
        ranks.set(place, Math.max(ranks.get(place) ?? 0, RANKS[cell] ?? 0));
      }
    }
  }
  return ranks;
}

function rootChanges(older: PolicyDocument, newer: PolicyDocument): readonly RootChange[] {
  return namesOf(older.allow, newer.allow).flatMap((field) => {
    const [before, after] = [older.allow[field] ?? [], newer.allow[field] ?? []];
    const opened = after.filter((audience) => !before.includes(audience));
    const closed = before.filter((audience) => !after.includes(audience));
    return opened.length + closed.length > 0 ? [{ field, opened, closed }] : [];
  });
}

function ruleChanges(older: readonly PolicyRule[], newer: readonly PolicyRule[]): readonly RuleChange[] {
  const [before, after] = [byPlace(older), byPlace(newer)];
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((place): RuleChange[] => {
    const [was, is] = [before.get(place), after.get(place)];
    const { rule, of } = is ?? was ?? { rule: place, of: 'RECORDS' };
    if (!was || !is) return [{ rule, of, kind: was ? 'GONE' : 'NEW', settings: [] }];
    const settings = namesOf(was, is)
      .filter((name) => !isDeepStrictEqual(was[name], is[name]))
      .map((name) => ({ name, before: was[name], after: is[name] }));
    return settings.length > 0 ? [{ rule, of, kind: 'CHANGED', settings }] : [];
  });
}

/** A rule may stand in the table more than once, for other audiences. */
function byPlace(rules: readonly PolicyRule[]): ReadonlyMap<string, PolicyRule> {
  const places = new Map<string, PolicyRule>();
  for (const rule of rules) {
    const same = [...places.values()].filter((known) => known.rule === rule.rule && known.of === rule.of).length;
    places.set(`${rule.of} ${rule.rule} ${same}`, rule);
  }
  return places;
}

function namesOf(...maps: readonly object[]): readonly string[] {
  return [...new Set(maps.flatMap((map) => Object.keys(map)))].sort();
}
