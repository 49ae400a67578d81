import type { FieldName, Filter } from '../schema/filter.ts';
import type { Order } from './port.ts';

interface DeclaredIndex {
  readonly unique: boolean;
  /** Without the key, which ends every index that is not unique. */
  readonly fields: readonly FieldName[];
}

/**
 * The index that holds the rows with these equal fields in this order, if one is declared: without statistics a store may take any index
 * over an equal field and sort what it finds, be it the whole collection.
 */
export function orderedIndex<T extends DeclaredIndex>(
  indexes: readonly T[],
  terms: readonly Order[],
  equal: ReadonlySet<FieldName>,
): T | undefined {
  if (new Set(terms.map(({ direction }) => direction)).size > 1) return undefined;
  const order = terms.map(({ field }) => field).filter((field) => field !== 'key');
  const fitting = indexes.filter(({ unique, fields }) => {
    const leading = fields.slice(0, fields.length - order.length);
    return (
      !unique &&
      leading.length > 0 &&
      leading.every((field) => equal.has(field)) &&
      order.every((field, at) => fields[leading.length + at] === field)
    );
  });
  const longest = Math.max(...fitting.map(({ fields }) => fields.length));
  return fitting.find(({ fields }) => fields.length === longest);
}

/** Fields that a row which passes the filter has one certain value in. */
export function equalFields(filter: Filter): readonly FieldName[] {
  if (filter.op === 'all') return filter.of.flatMap(equalFields);
  return filter.op === 'eq' ? [filter.field] : [];
}
