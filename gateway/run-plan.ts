import type { FetchNode, PlanNode, QueryPlan, QueryPlanSelectionNode, ResponsePath } from '@apollo/query-planner';
import { GraphQLError, type GraphQLSchema, isAbstractType, isInterfaceType, isObjectType } from 'graphql';

export type Data = Record<string, unknown>;

/** One fetch of a plan, ready to be sent. */
export interface PlannedFetch {
  readonly serviceName: string;
  readonly query: string;
  readonly operationName: string | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
  /** Where in the answer the fetched part goes; list indexes are `@`. */
  readonly path: ResponsePath;
}
export interface Fetched {
  readonly data?: Data | null | undefined;
  readonly errors?: readonly GraphQLError[] | undefined;
}
/** Each answer is taken over and changed, so none may be shared. @throws what stands in the answer's errors without a path */
export type SendFetch = (fetch: PlannedFetch) => Promise<Fetched>;

export interface PlanParts {
  readonly plan: QueryPlan;
  /** The supergraph's schema, by which a type is known to meet a condition. */
  readonly schema: GraphQLSchema;
  /** Coerced, defaults included. */
  readonly variables: Readonly<Record<string, unknown>>;
  readonly send: SendFetch;
}

/** What the subgraphs answered, joined: with the planner's own fields, and before any null moved up. */
export interface PlanResult {
  readonly data: Data;
  readonly errors: readonly GraphQLError[];
}

interface Run extends PlanParts {
  readonly root: Data;
  readonly errors: GraphQLError[];
}
/** The objects that a node works on. */
interface Cursor {
  readonly path: ResponsePath;
  readonly objects: readonly Data[];
}
type Rewrites = FetchNode['outputRewrites'];

/** Runs a plan of Apollo's planner. */
export async function runPlan(parts: PlanParts): Promise<PlanResult> {
  const run: Run = { ...parts, root: {}, errors: [] };
  const { node } = parts.plan;
  if (node?.kind === 'Subscription') throw new Error('a subscription is no plan to be run once');
  if (node) await runNode(run, node, { path: [], objects: [run.root] });
  return { data: run.root, errors: run.errors };
}

function runNode(run: Run, node: PlanNode, cursor: Cursor): Promise<unknown> | undefined {
  switch (node.kind) {
    case 'Fetch':
      return runFetch(run, node, cursor);
    case 'Flatten': {
      const objects = cursor.objects.flatMap((object) => objectsAt(object, node.path, 0));
      return objects.length === 0 ? undefined : runNode(run, node.node, { path: [...cursor.path, ...node.path], objects });
    }
    case 'Parallel':
      return Promise.all(node.nodes.map((child) => runNode(run, child, cursor)));
    case 'Sequence':
      return runInOrder(run, node.nodes, cursor);
    case 'Condition': {
      const branch = run.variables[node.condition] === true ? node.ifClause : node.elseClause;
      return branch && runNode(run, branch, cursor);
    }
    default:
      throw new Error(`the hub runs no ${node.kind}`);
  }
}

async function runInOrder(run: Run, nodes: readonly PlanNode[], cursor: Cursor): Promise<void> {
  for (const node of nodes) await runNode(run, node, cursor);
}

async function runFetch(run: Run, fetch: FetchNode, cursor: Cursor): Promise<void> {
  try {
    await (fetch.requires ? fetchEntities(run, fetch, fetch.requires, cursor) : fetchRoot(run, fetch, cursor));
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    run.errors.push(error);
  }
}

async function fetchRoot(run: Run, fetch: FetchNode, { path, objects }: Cursor): Promise<void> {
  const { data, errors } = await run.send(sent(fetch, path, variablesOf(run, fetch)));
  for (const error of errors ?? []) run.errors.push(placed(fetch, error, error.path && [...path, ...error.path]));
  if (!data) return;
  applyRewrites(run.schema, fetch.outputRewrites, data);
  for (const object of objects) merge(object, data);
}

/** Several objects that stand for one entity are one representation; each of them gets its own copy of the answer. */
async function fetchEntities(
  run: Run,
  fetch: FetchNode,
  requires: readonly QueryPlanSelectionNode[],
  { path, objects }: Cursor,
): Promise<void> {
  const representations: Data[] = [];
  const targets: Data[][] = [];
  const places = new Map<string, number>();
  for (const object of objects) {
    const representation = selected(run.schema, object, requires);
    if (!representation?.__typename) continue;
    applyRewrites(run.schema, fetch.inputRewrites, representation);
    const key = objects.length === 1 ? '' : JSON.stringify(representation);
    const known = places.get(key);
    if (known !== undefined) {
      targets[known]?.push(object);
      continue;
    }
    places.set(key, representations.length);
    representations.push(representation);
    targets.push([object]);
  }
  if (representations.length === 0) return;
  const variables = variablesOf(run, fetch);
  if ('representations' in variables)
    throw new GraphQLError('a variable may not be called "representations"', { extensions: { code: 'BAD_USER_INPUT' } });
  const { data, errors } = await run.send(sent(fetch, path, { ...variables, representations }));
  for (const error of errors ?? []) {
    for (const place of entityPaths(run, path, error.path, targets)) run.errors.push(placed(fetch, error, place));
  }
  if (!data) return;
  const entities = data._entities;
  if (!Array.isArray(entities) || entities.length !== representations.length)
    throw placed(fetch, new GraphQLError(`the subgraph ${fetch.serviceName} did not answer for every entity`), undefined);
  for (const [index, entity] of entities.entries()) {
    if (typeof entity !== 'object' || entity === null) continue;
    const [first, ...others] = targets[index] ?? [];
    if (!first) continue;
    entity.__typename ??= first.__typename;
    applyRewrites(run.schema, fetch.outputRewrites, entity);
    const copies = others.map(() => copied(entity));
    merge(first, entity);
    for (const [at, other] of others.entries()) merge(other, copies[at] ?? {});
  }
}

function sent({ serviceName, operation, operationName }: FetchNode, path: ResponsePath, variables: Data): PlannedFetch {
  return { serviceName, query: operation, operationName, variables, path };
}

function variablesOf({ variables }: Run, { variableUsages }: FetchNode): Data {
  const used: Data = {};
  for (const name of variableUsages ?? [])
    if (Object.hasOwn(variables, name) && variables[name] !== undefined) used[name] = variables[name];
  return used;
}

function placed({ serviceName }: FetchNode, error: GraphQLError, path: ResponsePath | undefined): GraphQLError {
  return new GraphQLError(error.message, {
    path: path ?? null,
    extensions: { code: 'DOWNSTREAM_SERVICE_ERROR', ...error.extensions, serviceName },
  });
}

/** Where in the answer an error about one of `_entities` stands: at every object that stands for the entity. */
function entityPaths(
  run: Run,
  path: ResponsePath,
  told: ResponsePath | readonly (string | number)[] | undefined,
  targets: readonly (readonly Data[])[],
): readonly (ResponsePath | undefined)[] {
  if (!told) return [undefined];
  const [, index, ...below] = told;
  if (typeof index !== 'number') return [[...path, ...told]];
  const wanted = new Set(targets[index]);
  return pathsOf(run.root, path, wanted).map((place) => [...place, ...below]);
}

function pathsOf(
  value: unknown,
  path: ResponsePath,
  wanted: ReadonlySet<unknown>,
  at = 0,
  here: ResponsePath = [],
): readonly ResponsePath[] {
  if (Array.isArray(value)) {
    const next = path[at] === '@' ? at + 1 : at;
    return value.flatMap((element, index) => pathsOf(element, path, wanted, next, [...here, index]));
  }
  if (!isData(value)) return [];
  const step = path[at];
  if (step === undefined) return wanted.has(value) ? [here] : [];
  return pathsOf(valueAt(value, step), path, wanted, at + 1, [...here, step]);
}

/** The objects that stand at a path, through every list. */
function objectsAt(value: unknown, path: ResponsePath, at: number): readonly Data[] {
  if (Array.isArray(value)) return value.flatMap((element) => objectsAt(element, path, path[at] === '@' ? at + 1 : at));
  if (!isData(value)) return [];
  const step = path[at];
  return step === undefined ? [value] : objectsAt(valueAt(value, step), path, at + 1);
}

/** What a subgraph requires of an object; undefined when a part of it is missing. */
function selected(schema: GraphQLSchema, source: Data, selections: readonly QueryPlanSelectionNode[]): Data | undefined {
  const result: Data = {};
  for (const selection of selections) {
    if (selection.kind === 'InlineFragment') {
      if (!selection.typeCondition || !meets(schema, source, selection.typeCondition, false)) continue;
      const inner = selected(schema, source, selection.selections);
      if (inner) merge(result, inner);
      continue;
    }
    const name = selection.alias ?? selection.name;
    const value = valueAt(source, name);
    if (value === undefined) return undefined;
    setOwn(result, name, selection.selections ? selectedBelow(schema, value, selection.selections) : value);
  }
  return result;
}

function selectedBelow(schema: GraphQLSchema, value: unknown, selections: readonly QueryPlanSelectionNode[]): unknown {
  if (Array.isArray(value)) return value.map((element) => selectedBelow(schema, element, selections));
  return isData(value) ? (selected(schema, value, selections) ?? null) : null;
}

function applyRewrites(schema: GraphQLSchema, rewrites: Rewrites, data: Data): void {
  for (const rewrite of rewrites ?? []) {
    const last = rewrite.path.at(-1);
    if (last === undefined) continue;
    for (const object of rewritten(schema, data, rewrite.path.slice(0, -1))) {
      if (rewrite.kind === 'ValueSetter') setOwn(object, last, rewrite.setValueTo);
      else {
        const value = valueAt(object, last);
        if (value === undefined || value === null) continue;
        setOwn(object, rewrite.renameKeyTo, value);
        setOwn(object, last, undefined);
      }
    }
  }
}

const CONDITION = '... on ';

function rewritten(schema: GraphQLSchema, value: unknown, [step, ...below]: readonly string[]): readonly Data[] {
  if (Array.isArray(value)) return value.flatMap((element) => rewritten(schema, element, step === undefined ? [] : [step, ...below]));
  if (!isData(value)) return [];
  if (step === undefined) return [value];
  if (!step.startsWith(CONDITION)) return rewritten(schema, valueAt(value, step), below);
  return meets(schema, value, step.slice(CONDITION.length), true) ? rewritten(schema, value, below) : [];
}

function meets(schema: GraphQLSchema, object: Data, condition: string, whenUnknown: boolean): boolean {
  const name = object.__typename;
  if (typeof name !== 'string') return whenUnknown;
  if (name === condition) return true;
  const type = schema.getType(name);
  const wanted = schema.getType(condition);
  return isAbstractType(wanted) && (isObjectType(type) || isInterfaceType(type)) && schema.isSubType(wanted, type);
}

/** Adds what was fetched: objects are joined, lists of one length element by element, anything else takes the place of what stood. */
function merge(target: Data, source: Data): void {
  for (const key of Object.keys(source)) {
    const value = source[key];
    if (value === undefined) continue;
    const standing = valueAt(target, key);
    if (isData(standing) && isData(value)) merge(standing, value);
    else if (Array.isArray(standing) && Array.isArray(value) && standing.length === value.length) mergeLists(standing, value);
    else setOwn(target, key, value);
  }
}

function mergeLists(target: unknown[], source: readonly unknown[]): void {
  for (const [index, value] of source.entries()) {
    const standing = target[index];
    if (isData(standing) && isData(value)) merge(standing, value);
    else target[index] = value;
  }
}

function copied(value: Data): Data {
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, copiedValue(member)]));
}

function copiedValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copiedValue);
  return isData(value) ? copied(value) : value;
}

function isData(value: unknown): value is Data {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function valueAt(object: Data, key: string | number): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** An alias may be any name, `__proto__` too. */
function setOwn(object: Data, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  else object[key] = value;
}
