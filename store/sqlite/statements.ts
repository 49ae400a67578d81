import { GATE_FIELDS, type StoredField } from './stored-field.ts';

/** The tables of one collection; `gate` is empty where documents carry none. */
export interface Tables {
  readonly collection: string;
  readonly table: string;
  readonly history: string;
  readonly gate: readonly StoredField[];
  readonly columns: readonly StoredField[];
}

/** The statements that write to one collection. */
export interface Statements {
  /** Key, at, actor, body, gate and columns → id and version. A key that stood before goes on counting where it ended. */
  readonly insert: string;
  /** Id → puts the version that stands into the history. */
  readonly keep: string;
  /** Version, at, actor, body, gate and columns, id. */
  readonly replace: string;
  /** Kind, fields, actor, at, id → the change of the version that stands. */
  readonly logChange: string;
  /** Id. */
  readonly remove: string;
}

export function statementsOf({ collection, table, history, gate, columns }: Tables): Statements {
  const values = ['at', 'actor', 'body', ...[...gate, ...columns].map(({ sql }) => sql)];
  const whole = ['"key"', 'version', ...values].join(', ');
  const gateColumns = gate.length > 0 ? `, ${GATE_FIELDS.map(({ sql }) => sql).join(', ')}` : '';
  const nextVersion = `coalesce((SELECT max(version) FROM ${history} WHERE "key" = ?1), 0) + 1`;
  return {
    insert: `INSERT INTO ${table} (${whole}) VALUES (?1, ${nextVersion}, ${values.map(() => '?').join(', ')}) RETURNING id, version`,
    keep: `INSERT INTO ${history} (${whole}) SELECT ${whole} FROM ${table} WHERE id = ?`,
    replace: `UPDATE ${table} SET version = ?, ${values.map((column) => `${column} = ?`).join(', ')} WHERE id = ?`,
    logChange: `INSERT INTO changes (collection, "key", version, kind, fields, actor, at${gateColumns})
      SELECT '${collection}', "key", version, ?, ?, ?, ?${gateColumns} FROM ${table} WHERE id = ?`,
    remove: `DELETE FROM ${table} WHERE id = ?`,
  };
}
