import { createHash } from 'node:crypto';
import { operationFromDocument, type Schema } from '@apollo/federation-internals';
import { buildOperationContext, executeQueryPlan, type ServiceMap } from '@apollo/gateway';
import { type QueryPlan, QueryPlanner } from '@apollo/query-planner';
import { type DocumentNode, type FragmentDefinitionNode, GraphQLError, Kind, print, visit } from 'graphql';
import { type AdmissionParts, admit, admitToExplain } from '../auth/admission.ts';
import type { Caller } from '../auth/caller.ts';
import { explain } from '../auth/explain.ts';
import { shanghaiToday } from '../schema/calendar-date.ts';
import { HubError } from '../schema/errors.ts';
import { boundedCache } from './bounded-cache.ts';
import type { CallSubgraph, SubgraphRemarks } from './call.ts';
import { coercedVariables } from './coerced-variables.ts';
import type { Composed } from './compose.ts';
import type { Engine, EngineRequest, EngineResponse } from './engine.ts';
import { finishErrors, finishRemarks, type PlacedRemarks, type WithheldEntry } from './finish.ts';
import { type Rewritten, rewrite } from './rewrite.ts';
import { compileShape, type Removed } from './shape.ts';
import { createViews } from './views.ts';

export interface FederatedParts extends AdmissionParts {
  readonly composed: Composed;
  readonly subgraphs: ReadonlyMap<string, CallSubgraph>;
  readonly clock: { now(): Date };
}

interface Prepared {
  readonly rewritten: Rewritten;
  readonly plan: QueryPlan;
  readonly shape: ReturnType<typeof compileShape>;
}

/** What one request carries to its fetches. */
interface CallContext {
  readonly caller: Caller;
  readonly remarks: PlacedRemarks[];
}

/** The federated graph: decides what may be asked, plans with Apollo's planner, runs the plan, and gives the answer its final shape. */
export function createFederatedEngine(parts: FederatedParts): Engine {
  const { composed, policy } = parts;
  const planner = new QueryPlanner(composed.supergraph);
  const apiSchema: Schema = composed.supergraph.apiSchema();
  const supergraphSchema = composed.supergraph.schema.toGraphQLJSSchema();
  const views = createViews(composed.schema, policy);
  const prepared = boundedCache<Prepared>(2000);
  const plans = boundedCache<Promise<QueryPlan>>(2000);
  const documents = boundedCache<{ fragments: ReadonlyMap<string, FragmentDefinitionNode>; conditions: readonly string[] }>(2000);
  const services: ServiceMap = Object.fromEntries([...parts.subgraphs].map(([name, call]) => [name, { process: dataSource(name, call) }]));
  const closed = createClosedSets(parts);

  const planOf = (document: DocumentNode): Promise<QueryPlan> => {
    // The key is the rewritten document: with the client's own, one caller's literals would answer another's question.
    const key = createHash('sha256').update(print(document)).digest('hex');
    const known = plans.get(key);
    if (known) return known;
    const planning = Promise.resolve().then(() => planner.buildQueryPlan(operationFromDocument(apiSchema, document)));
    plans.set(key, planning);
    return planning;
  };

  const prepare = async (request: EngineRequest, caller: Caller, variables: Readonly<Record<string, unknown>>): Promise<Prepared> => {
    const facts = factsOf(request, documents);
    const isClosed = closed(caller);
    const key = JSON.stringify([
      request.documentHash,
      request.operation.name?.value ?? '',
      isClosed.signature,
      facts.conditions.map((name) => variables[name] === true),
    ]);
    const known = prepared.get(key);
    if (known) return known;
    const of = { schema: composed.schema, operation: request.operation, fragments: facts.fragments, variables, isClosed: isClosed.has };
    const rewritten = rewrite(of);
    const made = { rewritten, plan: await planOf(rewritten.document), shape: compileShape({ ...of, marks: rewritten.marks }) };
    prepared.set(key, made);
    return made;
  };

  return {
    schema: composed.schema,
    async execute(request) {
      const now = parts.clock.now();
      const { fragments } = factsOf(request, documents);
      const variables = coercedVariables(composed.schema, request.operation, request.variables);
      const { principal, headers, requestId, operation } = request;
      const today = shanghaiToday(now);
      const admission = { principal, ...headers, requestId, now, today, schema: composed.schema, operation, fragments, variables };
      if (headers.explain) {
        const { caller, asked } = await admitToExplain(parts, admission);
        return { data: null, extensions: { explain: explain(policy, parts.access, caller, asked) } };
      }
      const { caller } = await admit(parts, admission);
      const { rewritten, plan, shape } = await prepare(request, caller, variables);
      const context: CallContext = { caller, remarks: [] };
      const operationContext = buildOperationContext({ schema: views(principal.audience), operationDocument: rewritten.document });
      const result = await executeQueryPlan(
        plan,
        services,
        requestContextOf(context, variables),
        operationContext,
        supergraphSchema,
        apiSchema,
      );
      const raw = result.data ?? {};
      const { data, removed } = shape(raw);
      const said = finishRemarks(context.remarks, raw, data, rewritten.marks);
      const withheld = [...removed.flatMap((entry) => withheldEntry(parts, caller, entry)), ...said.withheld];
      return answer(request, data, finishErrors(result.errors ?? [], data), { ...said, withheld });
    },
  };
}

function answer(
  request: EngineRequest,
  data: Record<string, unknown>,
  errors: readonly GraphQLError[],
  said: { withheld: readonly WithheldEntry[]; annotations: readonly unknown[]; narrowed: readonly unknown[] },
): EngineResponse {
  const asErrors = request.headers.withheld === 'errors';
  const closed = asErrors
    ? said.withheld.map(
        ({ path, coordinate, reason }) =>
          new GraphQLError(`${coordinate} is withheld: ${reason}`, { path, extensions: { code: 'UNAUTHORIZED_FIELD_OR_TYPE', reason } }),
      )
    : [];
  const extensions = {
    ...(said.withheld.length > 0 && !asErrors ? { withheld: said.withheld } : {}),
    ...(said.annotations.length > 0 ? { annotations: said.annotations } : {}),
    ...(said.narrowed.length > 0 ? { narrowed: said.narrowed } : {}),
  };
  const all = [...errors, ...closed];
  return { data, ...(all.length > 0 ? { errors: all } : {}), ...(Object.keys(extensions).length > 0 ? { extensions } : {}) };
}

/** W1 for what was taken out before planning. */
function withheldEntry(
  { policy, access }: FederatedParts,
  caller: Caller,
  { path, coordinate, objects }: Removed,
): readonly WithheldEntry[] {
  for (const { type } of policy.items.get(coordinate) ?? []) {
    const cause = access.accessOf(caller, type).withheld(coordinate, undefined);
    if (cause) return [{ path, ...cause, objects }];
  }
  return [];
}

/** Coordinates that no row could allow, compiled once for a profile; profiles that close the same share plans. */
function createClosedSets({
  policy,
  access,
}: FederatedParts): (caller: Caller) => { readonly signature: string; readonly has: (coordinate: string) => boolean } {
  const known = boundedCache<{ signature: string; has: (coordinate: string) => boolean }>(500);
  return (caller) => {
    const key = `${caller.today}|${caller.profileKey}`;
    const found = known.get(key);
    if (found) return found;
    const set = new Set<string>();
    for (const [coordinate, entries] of policy.items) {
      if (entries.every(({ type }) => !access.accessOf(caller, type).best.has(coordinate))) set.add(coordinate);
    }
    const made = {
      signature: createHash('sha256')
        .update([...set].sort().join())
        .digest('hex'),
      has: (coordinate: string) => set.has(coordinate),
    };
    known.set(key, made);
    return made;
  };
}

function factsOf(
  request: EngineRequest,
  cache: ReturnType<typeof boundedCache<{ fragments: ReadonlyMap<string, FragmentDefinitionNode>; conditions: readonly string[] }>>,
) {
  const known = cache.get(request.documentHash);
  if (known) return known;
  const fragments = new Map(
    request.document.definitions.flatMap((node) => (node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node] as const] : [])),
  );
  const conditions = new Set<string>();
  visit(request.document, {
    Directive({ name, arguments: args }) {
      const condition = args?.[0]?.value;
      if ((name.value === 'skip' || name.value === 'include') && condition?.kind === Kind.VARIABLE) conditions.add(condition.name.value);
    },
  });
  const facts = { fragments, conditions: [...conditions].sort() };
  cache.set(request.documentHash, facts);
  return facts;
}

type Process = ServiceMap[string]['process'];

/** A data source that keeps what the subgraph says beside its data, and never lets a raw fault through. */
function dataSource(name: string, call: CallSubgraph): Process {
  return async (options) => {
    if (!('incomingRequestContext' in options)) throw new Error('the gateway asks its subgraphs for operations only');
    const { caller, remarks } = options.context as CallContext;
    const { query, operationName, variables } = options.request;
    const result = await call({ query: query ?? '', operationName: operationName ?? undefined, variables: variables ?? {}, caller }).catch(
      (cause: unknown) => {
        if (cause instanceof HubError) throw new GraphQLError(cause.message, { extensions: { code: cause.code } });
        throw new GraphQLError(`the subgraph ${name} did not answer`, {
          extensions: { code: 'DOWNSTREAM_SERVICE_ERROR', serviceName: name },
          originalError: cause instanceof Error ? cause : null,
        });
      },
    );
    remarks.push({ prefix: (options.pathInIncomingRequest ?? []).map(String), ...pick(result.remarks) });
    const errors = result.errors?.map(({ message, path, code }) => new GraphQLError(message, { path, extensions: { code } }));
    return { data: result.data, ...(errors && errors.length > 0 ? { errors } : {}) } as Awaited<ReturnType<Process>>;
  };
}

function pick({ withheld, annotations, narrowed }: SubgraphRemarks): SubgraphRemarks {
  return { withheld, annotations, narrowed };
}

/** The few things that `executeQueryPlan` reads of an Apollo Server request. */
function requestContextOf(context: CallContext, variables: Readonly<Record<string, unknown>>): Parameters<typeof executeQueryPlan>[2] {
  const silent = () => undefined;
  const logger = { debug: silent, info: silent, warn: silent, error: silent };
  return { request: { variables }, context, metrics: {}, logger } as unknown as Parameters<typeof executeQueryPlan>[2];
}
