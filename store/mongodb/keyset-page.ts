import { equalFields, orderedIndex } from '../index-choice.ts';
import type { Order, Query } from '../port.ts';
import { ALWAYS, both, type Condition, compileFilter } from './compile-filter.ts';
import { type Layout, type StoredField, storedField } from './layout.ts';

/** A page as queries that are asked one behind the other until it is full. */
interface CompiledPage {
  readonly parts: readonly Condition[];
  /**
   * The whole order for every part: what a part holds equal costs nothing, and the index is entered as for the first page. Empty where there can be
   * one document at most.
   */
  readonly sort: ReadonlyMap<string, 1 | -1>;
  /** The index that holds the rows in this order. */
  readonly hint?: string | undefined;
  readonly limit: number;
}

interface Term {
  readonly stored: StoredField;
  readonly direction: Order['direction'];
}
/**
 * Compiles a page; `per` is a field that has one value in all of it.
 * What stands behind a place is cut into stretches that one index can be entered at; as one condition it would be read from its beginning.
 */
export function compilePage(layout: Layout, query: Query, per?: StoredField): CompiledPage {
  const terms = orderTerms(layout, query.order);
  const where = compileFilter(layout, query.where);
  const equal = new Set([...equalFields(query.where), ...(per ? [per.field] : [])]);
  const isOne = layout.indexes.some(({ unique, fields }) => unique && fields.every((field) => equal.has(field)));
  const order = terms.map(({ stored, direction }): Order => ({ field: stored.field, direction }));
  const stretches = query.after ? stretchesBehind(terms, [...query.after.values.slice(0, terms.length - 1), query.after.key]) : [ALWAYS];
  return {
    parts: stretches.map((stretch) => both(where, stretch)),
    sort: new Map(isOne ? [] : terms.map(({ stored, direction }) => [stored.path, direction === 'ASC' ? 1 : -1])),
    hint: orderedIndex(layout.indexes, order, equal)?.name,
    limit: query.limit,
  };
}

/** The order up to the key, which always ends it. */
function orderTerms(layout: Layout, order: readonly Order[]): readonly Term[] {
  const byKey = order.findIndex(({ field }) => field === 'key');
  const direction = order.at(-1)?.direction ?? 'ASC';
  const whole = byKey < 0 ? [...order, { field: 'key', direction } as const] : order.slice(0, byKey + 1);
  return whole.map((each) => ({ stored: storedField(layout, each.field), direction: each.direction }));
}

/** Begins with the innermost stretch: documents that agree with the place in all but the key. */
function stretchesBehind(terms: readonly Term[], place: readonly (string | number | null)[]): readonly Condition[] {
  return terms.flatMap((_, index) => {
    const at = terms.length - 1 - index;
    const agreeing = terms.slice(0, at).map(({ stored }, before): Condition => ({ [stored.path]: place[before] ?? null }));
    return behind(terms[at], place[at] ?? null).map((beyond) => both(...agreeing, beyond));
  });
}

/** Missing values are lowest. */
function behind(term: Term | undefined, value: string | number | null): readonly Condition[] {
  if (!term) return [];
  const { path, field } = term.stored;
  if (term.direction === 'ASC') return [value === null ? { [path]: { $ne: null } } : { [path]: { $gt: value } }];
  if (value === null) return [];
  const lower: Condition = { [path]: { $lt: value } };
  return field === 'key' ? [lower] : [lower, { [path]: null }];
}
