import type { Got, NoAnswer } from './ask-once.ts';

/** What a fault may cost while it lasts, and for a moment after it. */
export interface Costs {
  /** Those whose fields may be missing; `any` where all may be. */
  readonly subgraphs?: readonly string[] | 'any' | undefined;
  /** What changes something may be given up: a killed process may have left a transaction open, which its database ends after two seconds here. */
  readonly mutations?: boolean | undefined;
  /** Connections may be refused or break. */
  readonly connections?: boolean | undefined;
  /** Codes by which a whole request may be refused. */
  readonly refusals?: readonly string[] | undefined;
}

/** Whole and right, failed as the fault may make it fail, in whole or in the fields of a subgraph, or neither. */
export type Verdict = { readonly is: 'whole' | 'failed' } | { readonly is: 'wrong'; readonly why: string };

/** Which subgraph answers for a field; what is not named here belongs to the field above it. */
const OWNERS: Readonly<Record<string, string>> = {
  subject: 'subjects',
  name: 'subjects',
  kind: 'subjects',
  penalties: 'records',
  submitAdministrativePenalty: 'records',
  listEntries: 'lists',
  commitments: 'commitments',
  repairCases: 'repairs',
  vouchers: 'access',
  taxCreditRatings: 'tax',
};

/** Compares what came with what stands to be answered. */
export function judgeAnswer(got: Got | NoAnswer, expected: unknown, costs: Costs): Verdict {
  if ('late' in got) return wrong('a request was not answered in time');
  if ('broken' in got) return costs.connections ? { is: 'failed' } : wrong(`a connection broke: ${got.broken}`);
  const { status, body } = got;
  if (status === 200 && isSame(inOrder(body), inOrder(expected))) return { is: 'whole' };
  if (body.data === undefined) return judgeRefusal(got, costs);
  const fault =
    faultOfErrors(body.errors, costs) ??
    faultOfData({ expected: dataOf(expected), given: body.data, missing: missingIn(body.errors, costs) });
  if (status !== 200 || fault) return wrong(`${fault ?? `status ${status}`}: ${JSON.stringify(body).slice(0, 1500)}`);
  return { is: 'failed' };
}

function judgeRefusal({ status, body }: Got, { refusals = [] }: Costs): Verdict {
  const codes: readonly unknown[] = body.errors?.map((error: Fault) => error.extensions?.code) ?? [];
  const isClean = codes.length > 0 && codes.every((code) => refusals.some((allowed) => allowed === code));
  return isClean && status >= 400 ? { is: 'failed' } : wrong(`refused: ${status} ${JSON.stringify(body).slice(0, 500)}`);
}

interface Fault {
  readonly extensions?: { readonly code?: string; readonly subgraph?: string };
}

function faultOfErrors(errors: readonly Fault[] | undefined, costs: Costs): string | undefined {
  if (!errors?.length) return 'another answer, without an error';
  return errors.every((error) => isClean(error, costs)) ? undefined : 'an error that this fault does not explain';
}

function isClean({ extensions }: Fault, { subgraphs = [] }: Pick<Costs, 'subgraphs'>): boolean {
  if (subgraphs.length === 0) return false;
  if (extensions?.code === 'STORE_UNAVAILABLE') return true;
  if (extensions?.code !== 'DOWNSTREAM_SERVICE_ERROR' || extensions.subgraph === undefined) return false;
  return subgraphs === 'any' || subgraphs.includes(extensions.subgraph);
}

/** A subgraph whose store does not answer says so, and is not named. */
function missingIn(errors: readonly Fault[] | undefined, { subgraphs = [] }: Costs): (owner: string) => boolean {
  const named = new Set((errors ?? []).flatMap(({ extensions }) => extensions?.subgraph ?? []));
  const isUnnamed = errors?.some(({ extensions }) => extensions?.subgraph === undefined);
  return (owner) => named.has(owner) || (isUnnamed === true && (subgraphs === 'any' || subgraphs.includes(owner)));
}

interface Compared {
  readonly expected: unknown;
  readonly given: unknown;
  readonly missing: (owner: string) => boolean;
  readonly owner?: string;
  readonly path?: string;
}

/** Where data differs otherwise than by a field that is missing with its subgraph. */
function faultOfData({ expected, given, missing, owner = '', path = '' }: Compared): string | undefined {
  if (isSame(given, expected)) return undefined;
  if (given === null && (path === '' || missing(owner))) return undefined;
  if (Array.isArray(expected) && Array.isArray(given) && expected.length === given.length)
    return first(
      expected.map((element, index) => faultOfData({ expected: element, given: given[index], missing, owner, path: `${path}/${index}` })),
    );
  if (!isObject(expected) || !isObject(given) || !isSame(Object.keys(expected), Object.keys(given))) return `${path || 'data'} differs`;
  const names = Object.keys(expected);
  return first(
    names.map((name) =>
      faultOfData({ expected: expected[name], given: given[name], missing, owner: OWNERS[name] ?? owner, path: `${path}/${name}` }),
    ),
  );
}

function first(faults: readonly (string | undefined)[]): string | undefined {
  return faults.find((fault) => fault !== undefined);
}

function dataOf(body: unknown): unknown {
  return isObject(body) ? body.data : undefined;
}

/** What stands beside the data comes in the order in which the subgraphs answered. */
function inOrder(body: unknown): unknown {
  if (!isObject(body) || !isObject(body.extensions)) return body;
  const sorted = (list: unknown) => (Array.isArray(list) ? list.map((entry) => JSON.stringify(entry)).sort() : list);
  const extensions = Object.entries(body.extensions).map(([name, list]) => [name, sorted(list)] as const);
  return { ...body, extensions: extensions.sort(([one], [other]) => (one < other ? -1 : 1)) };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Members of an answer come in the order in which they were asked. */
function isSame(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}

function wrong(why: string): Verdict {
  return { is: 'wrong', why };
}
