import { startsInRegion } from '../../auth/conditions.ts';
import { listedRows, narrow } from '../../auth/entitlements.ts';
import type { RecordType } from '../../schema/catalogue.ts';
import { HubError } from '../../schema/errors.ts';
import { allOf, anyOf, EVERY, type Filter, isNever, NONE, simplified } from '../../schema/filter.ts';
import type { SubgraphContext } from '../kit/context.ts';

/** What a receiver asks for; each list that is given has to hold. */
export interface ChangeFilter {
  readonly share?: readonly string[] | null;
  readonly recordTypes?: readonly string[] | null;
  readonly listKinds?: readonly string[] | null;
  readonly regions?: readonly string[] | null;
  readonly subjects?: readonly string[] | null;
}

/** Rows of each type that a receiver asks for and may be told of, as a filter over what is stored. */
export type FeedRows = ReadonlyMap<string, { readonly type: RecordType; readonly rows: Filter }>;

/** So many values a list of the filter may hold. */
const MOST_VALUES = 1000;
const MOST_COMPILED = 1000;

/** The filter in the one form in which cursors are bound to it. */
export function canonicalFilter(where: ChangeFilter | null | undefined): unknown {
  const { share, recordTypes, listKinds, regions, subjects } = where ?? {};
  const sorted = (values: readonly string[] | null | undefined) => (values ? [...new Set(values)].sort() : undefined);
  return [sorted(share), sorted(recordTypes), sorted(listKinds), sorted(regions), sorted(subjects)];
}

/**
 * Compiles what a receiver asks for. What it names it has to be allowed to read: the rows are those of entitlements that give it clear (P1).
 * @throws FORBIDDEN when nothing of what it names may be read, BAD_USER_INPUT for a type or a list that is none, LIMIT_EXCEEDED
 */
export function feedRows(
  types: readonly RecordType[],
  where: ChangeFilter | null | undefined,
  context: Pick<SubgraphContext, 'accessOf'>,
): FeedRows {
  checkFilter(types, where ?? {});
  const { share, recordTypes, listKinds, regions, subjects } = where ?? {};
  const found = new Map<string, { type: RecordType; rows: Filter }>();
  let refused: string | undefined;
  for (const type of types) {
    if (recordTypes && !recordTypes.includes(type.code)) continue;
    if (share && !share.includes(type.share ?? '')) continue;
    const kinds = listKinds ? kindsOf(type, listKinds) : EVERY;
    if (isNever(kinds)) continue;
    const named = [
      ...(listKinds ? [`${type.name}.${LIST_KIND}`] : []),
      ...(regions ? [`${type.name}.regionCode`] : []),
      ...(subjects ? [`${type.name}.subject`] : []),
    ];
    const access = context.accessOf(type);
    const allowed = named.length === 0 ? { rows: listedRows(access), refused: [] } : narrow(access, named);
    refused ??= allowed.refused[0];
    const inRegions = regions ? anyOf(...regions.map(startsInRegion)) : EVERY;
    const ofSubjects: Filter = subjects ? { op: 'in', field: 'gate.subjectId', values: subjects } : EVERY;
    const rows = simplified(allOf(allowed.rows, kinds, inRegions, ofSubjects));
    if (!isNever(rows)) found.set(type.collection, { type, rows });
  }
  if (found.size === 0 && refused !== undefined) throw new HubError('FORBIDDEN', `${refused} may not be filtered by`);
  return found;
}

/** The same, compiled once for a profile, a day and a filter: a stream asks for it again with every change. */
export function feedRowsOnce(
  types: readonly RecordType[],
): (where: ChangeFilter | null | undefined, context: Pick<SubgraphContext, 'accessOf' | 'caller'>) => FeedRows {
  const compiled = new Map<string, FeedRows>();
  return (where, context) => {
    const { today, profileKey } = context.caller;
    const key = JSON.stringify([today, profileKey, where]);
    const known = compiled.get(key);
    if (known) return known;
    const rows = feedRows(types, where, context);
    const oldest = compiled.keys().next().value;
    if (compiled.size >= MOST_COMPILED && oldest !== undefined) compiled.delete(oldest);
    compiled.set(key, rows);
    return rows;
  };
}

const LIST_KIND = 'kind';

function kindsOf(type: RecordType, kinds: readonly string[]): Filter {
  const item = type.items.find(({ name, type: named }) => name === LIST_KIND && named === 'ListKind');
  return item ? { op: 'in', field: `column.${LIST_KIND}`, values: kinds } : NONE;
}

function checkFilter(types: readonly RecordType[], { share, recordTypes, listKinds, regions, subjects }: ChangeFilter): void {
  for (const values of [share, recordTypes, listKinds, regions, subjects]) {
    if (!values) continue;
    if (values.length === 0) throw new HubError('BAD_USER_INPUT', 'a list of the filter has to name something');
    if (values.length > MOST_VALUES) throw new HubError('LIMIT_EXCEEDED', `a list of the filter may name at most ${MOST_VALUES}`);
  }
  const unknown = recordTypes?.find((code) => !types.some((type) => type.code === code));
  if (unknown !== undefined) throw new HubError('BAD_USER_INPUT', 'the filter names a type of record that there is not');
}
