import { ERRORS, type ErrorCode } from '../schema/errors.ts';
import type { SubgraphAnswer, SubgraphRemarks } from './call.ts';

/** Header of an access statement. */
export const STATEMENT_HEADER = 'hub-statement';

/** The answer of a subgraph as it crosses the network: a GraphQL response whose `extensions.hub` are the remarks. */
export function printAnswer({ data, errors, remarks }: SubgraphAnswer): string {
  const { withheld, annotations, narrowed, disclosed, granted, authorised, revealed, place } = remarks;
  const hub = { withheld, annotations, narrowed, disclosed, granted: [...granted], authorised, revealed, place };
  return JSON.stringify({
    data,
    errors: errors?.map(({ message, path, code }) => ({ message, path, extensions: { code } })),
    extensions: { hub },
  });
}

/** An answer with what the subgraph says about it; or, where it was stopped before it ran, the error that stopped it. */
export type ReadAnswer = SubgraphAnswer | { readonly stopped: { readonly code: ErrorCode; readonly message: string } };

/** @throws Error for what is no answer of a subgraph */
export function readAnswer(text: string): ReadAnswer {
  const body: unknown = JSON.parse(text);
  if (!isObject(body)) throw new Error('the answer is no object');
  const errors = body.errors === undefined ? undefined : listOf(body.errors).map(readError);
  const hub = isObject(body.extensions) ? body.extensions.hub : undefined;
  const [first] = errors ?? [];
  if (hub === undefined && first) return { stopped: first };
  const { data } = body;
  if (data !== null && data !== undefined && !isObject(data)) throw new Error('the data of the answer is no object');
  return { data, errors, remarks: readRemarks(hub) };
}

function readError(value: unknown): { message: string; path: readonly (string | number)[] | undefined; code: ErrorCode } {
  const { message, path, extensions } = isObject(value) ? value : {};
  const code = isObject(extensions) ? extensions.code : undefined;
  return {
    message: typeof message === 'string' ? message : '',
    path: Array.isArray(path) && path.every(isStep) ? path : undefined,
    code: typeof code === 'string' && Object.hasOwn(ERRORS, code) ? (code as ErrorCode) : 'DOWNSTREAM_SERVICE_ERROR',
  };
}

/** The subgraph is the hub's own program: its lists are looked at as lists, and their members taken as they are. */
function readRemarks(value: unknown): SubgraphRemarks {
  if (!isObject(value)) throw new Error('the answer says nothing about itself');
  const { withheld, annotations, narrowed, disclosed, granted, authorised, revealed, place } = value;
  return {
    withheld: listOf(withheld) as SubgraphRemarks['withheld'],
    annotations: listOf(annotations) as SubgraphRemarks['annotations'],
    narrowed: listOf(narrowed) as SubgraphRemarks['narrowed'],
    disclosed: listOf(disclosed) as SubgraphRemarks['disclosed'],
    granted: new Set(listOf(granted).map(String)),
    authorised: listOf(authorised) as SubgraphRemarks['authorised'],
    revealed: listOf(revealed ?? []).map(String),
    ...(typeof place === 'string' ? { place } : {}),
  };
}

function listOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error('the answer lacks a list that it has to hold');
  return value;
}

function isStep(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
