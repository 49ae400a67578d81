import type { RecordType } from '../schema/catalogue.ts';

/**
 * Coordinates that a list's coerced arguments look at (Q4, P1): every key of `where`, however deep and whatever its value, and every field of `orderBy`.
 * `column` names the coordinate of a filter key where the two differ (SubjectFilter.region).
 */
export function askedBy(type: RecordType, args: Readonly<Record<string, unknown>>): readonly string[] {
  const names = new Set([...whereKeys(args.where), ...orderKeys(type, args.orderBy)]);
  return [...names].map((name) => `${type.name}.${type.kind === 'subject' && name === 'region' ? 'regionCode' : name}`);
}

function whereKeys(where: unknown): readonly string[] {
  if (Array.isArray(where)) return where.flatMap(whereKeys);
  if (typeof where !== 'object' || where === null) return [];
  return Object.entries(where).flatMap(([key, value]) => (key === 'and' || key === 'or' || key === 'not' ? whereKeys(value) : [key]));
}

/** The default order is structural and asks for nothing; a stated decision date is structural too. */
function orderKeys(type: RecordType, orderBy: unknown): readonly string[] {
  const entries: readonly unknown[] = Array.isArray(orderBy) ? orderBy : orderBy === null || orderBy === undefined ? [] : [orderBy];
  return entries.flatMap((entry) => {
    const field = typeof entry === 'object' && entry !== null && 'field' in entry ? entry.field : undefined;
    const item = type.items.find(({ name }) => name.replace(/([A-Z])/g, '_$1').toUpperCase() === field);
    return item ? [item.name] : [];
  });
}
