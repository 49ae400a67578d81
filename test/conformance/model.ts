import { isDeepStrictEqual } from 'node:util';
import type { JsonObject } from '../../schema/json.ts';
import type { Change, Document, Put, Version } from '../../store/port.ts';

export type Operation =
  | ({ readonly op: 'put' } & Put)
  | { readonly op: 'remove'; readonly key: string; readonly expected: number }
  | { readonly op: 'append'; readonly entry: JsonObject };

/** What one collection and one log hold, as plain values: the store told as simply as it can be. */
export interface Model {
  readonly versions: ReadonlyMap<string, readonly Version[]>;
  readonly standing: ReadonlySet<string>;
  readonly changes: readonly Omit<Change, 'position'>[];
  readonly entries: readonly JsonObject[];
}

export const NOTHING: Model = { versions: new Map(), standing: new Set(), changes: [], entries: [] };

/** The model behind the operation; undefined when the operation is refused. `unique` names the columns that no two documents share. */
export function applied(
  model: Model,
  operation: Operation,
  unique: readonly string[],
  by: { readonly actor: string; readonly at: string },
): Model | undefined {
  if (operation.op === 'append') return { ...model, entries: [...model.entries, operation.entry] };
  const { key, expected } = operation;
  const before = present(model, key);
  if ((before?.version ?? 0) !== expected) return undefined;
  const change = { collection: 'account', key, ...by };
  if (operation.op === 'remove') {
    if (!before) return undefined;
    const standing = new Set([...model.standing].filter((other) => other !== key));
    return { ...model, standing, changes: [...model.changes, { ...change, kind: 'REMOVED', version: before.version, fields: [] }] };
  }
  if (isTaken(model, operation, unique)) return undefined;
  const history = model.versions.get(key) ?? [];
  const next: Version = { key, version: history.length + 1, body: operation.body, columns: { ...operation.columns }, ...by };
  return {
    ...model,
    standing: new Set([...model.standing, key]),
    versions: new Map([...model.versions, [key, [...history, next]]]),
    changes: [
      ...model.changes,
      { ...change, kind: before ? 'UPDATED' : 'CREATED', version: next.version, fields: differing(before?.body ?? {}, next.body) },
    ],
  };
}

/** The version that stands under the key, if one does. */
export function present(model: Model, key: string): Version | undefined {
  return model.standing.has(key) ? model.versions.get(key)?.at(-1) : undefined;
}

function isTaken(model: Model, put: Put, unique: readonly string[]): boolean {
  const others = [...model.standing].filter((key) => key !== put.key).map((key) => present(model, key));
  return others.some((other) => unique.some((column) => isSame(other, put, column)));
}

function isSame(other: Document | undefined, put: Put, column: string): boolean {
  const value = put.columns?.[column] ?? null;
  return value !== null && other?.columns[column] === value;
}

function differing(before: JsonObject, after: JsonObject): readonly string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((name) => !isDeepStrictEqual(before[name], after[name]));
}
