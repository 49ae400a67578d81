import type { FieldName } from '../../schema/filter.ts';
import { GATE_COLUMNS } from '../../schema/gate.ts';
import { gateKind, type Kind } from '../field-kinds.ts';

/** One column of a table. `name` is what follows `gate.` or `column.`, `sql` its quoted name in the table. */
export interface StoredField {
  readonly field: FieldName;
  readonly name: string;
  readonly sql: string;
  readonly kind: Kind;
}

export const KEY_FIELD: StoredField = { field: 'key', name: 'key', sql: '"key"', kind: 'text' };

/** The gate as it stands in every table that has one. */
export const GATE_FIELDS: readonly StoredField[] = GATE_COLUMNS.map((name) => ({
  field: `gate.${name}`,
  name,
  sql: `"g_${name}"`,
  kind: gateKind(name),
}));

/** The column of a declared one. @throws Error for a name that cannot be one */
export function columnField(name: string, kind: Kind): StoredField {
  if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(name)) throw new Error(`${name} is no name for a column`);
  return { field: `column.${name}`, name, sql: `"c_${name}"`, kind };
}
