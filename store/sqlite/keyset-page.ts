import type { FieldName } from '../../schema/filter.ts';
import { equalFields, orderedIndex } from '../index-choice.ts';
import type { Order, Query } from '../port.ts';
import { compileFilter } from './compile-filter.ts';
import type { Connection, Row, SqlValue } from './connection.ts';
import { type CompiledPage, type Layout, storedField } from './layout.ts';
import type { StoredField } from './stored-field.ts';
import type { Condition } from './text-order.ts';

/** A bound number as an expression: SQLite plans by the value of a bare `LIMIT ?`, and therefore prepares such a statement anew for each run. */
export const BOUND = '0 + ?';
const LIMIT = ` LIMIT ${BOUND}`;

interface Term {
  readonly stored: StoredField;
  readonly direction: Order['direction'];
}
/** Rows behind the place where the page begins, among them all that agree with it in the terms that are not in `open`. */
interface Stretch extends Condition {
  readonly open: readonly Term[];
}

/**
 * Compiles a page. With `per`, every statement's first value is the one that this field has to have.
 * What stands behind a place is cut into stretches that one index can be entered at; as one condition it would be read from its beginning.
 */
export function compilePage(layout: Layout, query: Query, per?: StoredField): CompiledPage {
  const terms = orderTerms(layout, query.order);
  const where = compileFilter(layout, query.where);
  const only = per ? `${per.sql} = ? AND ` : '';
  const equal = new Set([...equalFields(query.where), ...(per ? [per.field] : [])]);
  const order = terms.map(({ stored, direction }): Order => ({ field: stored.field, direction }));
  const index = orderedIndex(layout.indexes, order, equal);
  const stretches = query.after
    ? stretchesBehind(terms, [...query.after.values.slice(0, terms.length - 1), query.after.key])
    : [{ sql: 'TRUE', params: [], open: terms }];
  const parts = stretches.map(({ sql, params, open }) => ({
    sql: layout.texts.join([
      layout.select,
      index ? ` INDEXED BY ${index.name}` : '',
      ' WHERE ',
      only,
      where.sql,
      ' AND ',
      sql,
      ' ORDER BY ',
      open.map(orderBy).join(', '),
      LIMIT,
    ]),
    params: [...where.params, ...params],
  }));
  return { parts, limit: query.limit };
}

/** The same for each value of one field, compiled once for a query that is asked again as it stands. */
export function compilePagePer(layout: Layout, query: Query, per: StoredField): CompiledPage {
  const known = layout.pages.get(query) ?? new Map<FieldName, CompiledPage>();
  const page = known.get(per.field) ?? compilePage(layout, query, per);
  known.set(per.field, page);
  layout.pages.set(query, known);
  return page;
}

/** The rows of a page. `first` is the value of `per`, where the page was compiled with one. */
export function readPage(connection: Connection, { parts, limit }: CompiledPage, first: readonly SqlValue[] = []): readonly Row[] {
  const rows: Row[] = [];
  for (const { sql, params } of parts) {
    if (rows.length >= limit) break;
    for (const row of connection.rows(sql, [...first, ...params, limit - rows.length])) rows.push(row);
  }
  return rows;
}

/** The order up to the key, which always ends it. */
function orderTerms(layout: Layout, order: readonly Order[]): readonly Term[] {
  const byKey = order.findIndex(({ field }) => field === 'key');
  const direction = order.at(-1)?.direction ?? 'ASC';
  const whole = byKey < 0 ? [...order, { field: 'key', direction } as const] : order.slice(0, byKey + 1);
  return whole.map((each) => ({ stored: storedField(layout, each.field), direction: each.direction }));
}

/** Begins with the innermost stretch: rows that agree with the place in all but the key. */
function stretchesBehind(terms: readonly Term[], place: readonly (string | number | null)[]): readonly Stretch[] {
  return terms.flatMap((_, index) => {
    const at = terms.length - 1 - index;
    const agreeing = terms.slice(0, at).map(({ stored }, before) => isSame(stored, place[before] ?? null));
    return behind(terms, at, place[at] ?? null).map((beyond) => ({ ...conjunction([...agreeing, beyond]), open: terms.slice(at) }));
  });
}

/** Missing values are lowest, as they are in SQLite. */
function behind(terms: readonly Term[], at: number, value: string | number | null): readonly Condition[] {
  const term = terms[at];
  if (!term) return [];
  const { sql } = term.stored;
  const missing: Condition = { sql: `${sql} IS NULL`, params: [] };
  if (term.direction === 'ASC')
    return [value === null ? { sql: `${sql} IS NOT NULL`, params: [] } : { sql: `${sql} > ?`, params: [value] }];
  if (value === null) return [];
  const lower: Condition = { sql: `${sql} < ?`, params: [value] };
  return term.stored.field === 'key' ? [lower] : [lower, missing];
}

function isSame({ sql }: StoredField, value: string | number | null): Condition {
  return value === null ? { sql: `${sql} IS NULL`, params: [] } : { sql: `${sql} = ?`, params: [value] };
}

function conjunction(conditions: readonly Condition[]): Condition {
  return { sql: conditions.map(({ sql }) => sql).join(' AND '), params: conditions.flatMap(({ params }) => params) };
}

function orderBy({ stored, direction }: Term): string {
  return `${stored.sql} ${direction}`;
}
