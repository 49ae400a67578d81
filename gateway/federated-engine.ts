import { createHash } from 'node:crypto';
import { operationFromDocument, type Schema } from '@apollo/federation-internals';
import { type QueryPlan, QueryPlanner } from '@apollo/query-planner';
import { type DocumentNode, type FragmentDefinitionNode, GraphQLError, Kind, print, visit } from 'graphql';
import { type AdmissionParts, type AdmissionRequest, type Admitted, admit, admitToExplain, readmit } from '../auth/admission.ts';
import { askedOf } from '../auth/asked.ts';
import type { Caller } from '../auth/caller.ts';
import { explain } from '../auth/explain.ts';
import { obligationsOf } from '../auth/obligations.ts';
import { completeAnew } from '../auth/registry.ts';
import { shanghaiToday } from '../schema/calendar-date.ts';
import { HubError } from '../schema/errors.ts';
import { type Answering, createJournal, type JournalParts } from './access-journal.ts';
import { answerResponse, type Said } from './answer-response.ts';
import { boundedCache } from './bounded-cache.ts';
import type { CallSubgraph, SubgraphRemarks } from './call.ts';
import { coercedVariables } from './coerced-variables.ts';
import { compileCompletion } from './complete.ts';
import type { Composed } from './compose.ts';
import type { ChangesAnswer, ChangesRequest, Engine, EngineRequest, EngineResponse } from './engine.ts';
import {
  type Disclosures,
  finishAuthorised,
  finishDisclosed,
  finishErrors,
  finishRemarks,
  type PlacedRemarks,
  type WithheldEntry,
} from './finish.ts';
import { type Introspect, introspectionOf } from './introspection.ts';
import { type Marks, rewrite } from './rewrite.ts';
import { type Fetched, type PlannedFetch, runPlan } from './run-plan.ts';
import { compileShape, type Removed } from './shape.ts';
import type { ChangesQuery } from './subscription-query.ts';
import { createViews } from './views.ts';

export interface FederatedParts extends AdmissionParts, Pick<JournalParts, 'accessLog'> {
  readonly composed: Composed;
  readonly subgraphs: ReadonlyMap<string, CallSubgraph>;
  readonly clock: { now(): Date };
}

interface Prepared {
  readonly marks: Marks;
  readonly plan: QueryPlan;
  readonly complete: ReturnType<typeof compileCompletion>;
  readonly introspect: Introspect | undefined;
  readonly shape: ReturnType<typeof compileShape>;
}

/** What one request carries to its fetches. */
interface CallContext {
  /** A row that one fetch revealed is revealed to the fetches behind it. */
  caller: Caller;
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
  const closed = createClosedSets(parts);
  const journal = createJournal({ ...parts, channel: 'gateway' });

  const planOf = (document: DocumentNode): Promise<QueryPlan> => {
    // The key is the rewritten document: with the client's own, one caller's literals would answer another's question.
    const key = createHash('sha256').update(print(document)).digest('hex');
    const known = plans.get(key);
    if (known) return known;
    const planning = Promise.resolve().then(() => planner.buildQueryPlan(operationFromDocument(apiSchema, document)));
    plans.set(key, planning);
    planning.catch(() => plans.delete(key));
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
    const { document, operation, marks } = rewrite(of);
    const made = {
      marks,
      plan: await planOf(document),
      complete: compileCompletion(composed.schema, operation),
      introspect: introspectionOf(request.operation, facts.fragments),
      shape: compileShape({ ...of, marks }),
    };
    prepared.set(key, made);
    return made;
  };

  const run = async (request: EngineRequest, caller: Caller, variables: Readonly<Record<string, unknown>>): Promise<Ran> => {
    const { plan, complete, ...made } = await prepare(request, caller, variables);
    const context: CallContext = { caller, remarks: [] };
    const send = (fetch: PlannedFetch) => sendFetch(parts.subgraphs, fetch, context);
    const { data, errors } = await runPlan({ plan, schema: supergraphSchema, variables, send });
    const raw = complete(data) ?? undefined;
    return { ...made, raw, errors: raw || errors.length > 0 ? errors : [incomplete()], remarks: context.remarks };
  };

  /** The shape that the client asked for, and what is said of it. */
  const finished = (
    request: EngineRequest,
    caller: Caller,
    { raw, shape, marks, remarks, errors }: Ran & { raw: Data },
  ): Omit<Answering, 'admitted'> => {
    const { data, removed, standing } = shape(raw);
    const said = finishRemarks(remarks, raw, data, marks);
    const withheld = onceEach(
      removed.flatMap((entry) => withheldEntry(parts, caller, entry)),
      said.withheld,
    );
    const obligations = obligationsOf(caller, finishAuthorised(remarks, raw, marks, standing));
    const response = answerResponse(request, data, finishErrors(errors, data), { ...said, withheld, obligations });
    let found: Disclosures | undefined;
    const disclosures = () => {
      found ??= disclosuresIn();
      return found;
    };
    const disclosuresIn = (): Disclosures => {
      const stands = standing();
      const { disclosed, granted } = finishDisclosed(remarks, raw, marks);
      return { disclosed, granted: new Set([...granted].filter((coordinate) => stands.has(coordinate))) };
    };
    return { response, withheld, disclosures };
  };

  /** One change of a page, as if it had been asked for by itself. */
  const eventOf = (
    request: EngineRequest,
    caller: Caller,
    { ran, query, node, index }: { ran: Ran; query: ChangesQuery; node: Data; index: number },
  ): ChangesAnswer['events'][number] => {
    const { responseKey, names, typenames } = query;
    const raw = { [responseKey]: { ...(ran.raw?.[responseKey] as Data), nodes: [node] } };
    const errors = ran.errors.filter(({ path }) => path?.[2] === index).map((error) => placedFirst(error));
    const { response } = finished({ ...request, operation: query.operation }, caller, { ...ran, raw, errors });
    const page = response.data?.[responseKey] as { nodes: Data[] } | null | undefined;
    const { [names.cursor]: cursor, [names.at]: at, ...change } = page?.nodes[0] ?? {};
    for (const key of typenames) if (key in change) change[key] = 'Change';
    return { cursor: String(cursor), at: Date.parse(String(at)), response: asDelivery(response, responseKey, change) };
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
      return journal(request, admission, async () => {
        const admitted = await admit(parts, admission);
        const ran = await run(request, admitted.caller, variables);
        const { raw: completed, introspect } = ran;
        // A null that nothing may take in is the whole answer (GraphQL §6.4.4).
        if (!completed) {
          const response = answerResponse(request, null, finishErrors(ran.errors, null), NOTHING_SAID);
          return { admitted, response, withheld: [], disclosures: () => NOTHING_DISCLOSED };
        }
        const raw = introspect ? { ...completed, ...introspect(views(principal.audience), variables) } : completed;
        return { admitted, ...finished(request, admitted.caller, { ...ran, raw }) };
      });
    },
    async readChanges(asked) {
      const { request, query } = asked;
      const now = parts.clock.now();
      const { headers, requestId } = request;
      const principal = await completeAnew(parts.registryFor, request.principal);
      const { operation, names } = query;
      const { fragments } = factsOf(request, documents);
      const given = { ...request.variables, [names.after]: asked.after, [names.first]: asked.first };
      const variables = coercedVariables(composed.schema, operation, given);
      const admission = {
        principal,
        ...headers,
        requestId,
        now,
        today: shanghaiToday(now),
        schema: composed.schema,
        operation,
        fragments,
        variables,
      };
      let answer: Omit<ChangesAnswer, 'logFor'> | undefined;
      let answering: Answering | undefined;
      await journal(request, admission, async () => {
        const admitted = await admittedFor(parts, admission, asked);
        const ran = await run({ ...request, operation }, admitted.caller, variables);
        const page = pageIn(ran, query);
        const whole = finished(request, admitted.caller, { ...ran, raw: page.raw });
        const events = page.nodes.map((node, index) => eventOf(request, admitted.caller, { ran, query, node, index }));
        const { caller } = admitted;
        const { profile, subjectId, voucherUse } = caller;
        const counted = profile.voucher && voucherUse !== undefined ? { id: profile.voucher.id, use: voucherUse } : undefined;
        const { endCursor, hasMore, resync } = page;
        const place = placeIn(ran);
        answer = {
          events,
          endCursor,
          hasMore,
          resync,
          place,
          begun: { subjectId, counted },
          sharedBy: sharedBy(caller, asked, variables),
          caller,
        };
        answering = { admitted, ...whole, isNothing: events.length === 0 };
        return answering;
      });
      if (!answer || !answering) throw new Error('the journal did not run what it was given');
      const shared = answering;
      return { ...answer, logFor: (receiver) => journal.record(request, { ...admission, ...receiver }, shared) };
    },
  };
}

/** A subscription is admitted once; what follows goes on under the use that was counted then, with every other check anew. */
async function admittedFor(parts: FederatedParts, admission: AdmissionRequest, { begun }: ChangesRequest): Promise<Admitted> {
  if (!begun) return admit(parts, { ...admission, beginsStream: true });
  const caller = await readmit(parts, admission, { ...begun, revealed: [] });
  const { schema, operation, fragments, variables } = admission;
  return { caller, asked: askedOf(schema, parts.policy, operation, fragments, variables) };
}

type Data = Record<string, unknown>;

/** An operation that has run: what the subgraphs answered, joined and completed, not yet in the client's shape. */
interface Ran extends Pick<Prepared, 'marks' | 'introspect' | 'shape'> {
  readonly raw: Data | undefined;
  readonly errors: readonly GraphQLError[];
  readonly remarks: readonly PlacedRemarks[];
}

/** @throws DOWNSTREAM_SERVICE_ERROR, or with what the feed itself refused */
function pageIn({ raw, errors }: Ran, { responseKey }: ChangesQuery) {
  const page = raw?.[responseKey] as Data | null | undefined;
  if (!raw || !page) throw errors[0] ?? new HubError('DOWNSTREAM_SERVICE_ERROR', 'the change feed did not answer');
  const { nodes, endCursor, hasMore, resync } = page;
  return {
    raw,
    nodes: nodes as readonly Data[],
    endCursor: String(endCursor),
    hasMore: hasMore === true,
    resync: typeof resync === 'string' ? resync : null,
  };
}

/** Where the feed stands behind this page: equal for all that stand there. */
function placeIn({ remarks }: Ran): string | undefined {
  return remarks.find(({ place }) => place !== undefined)?.place;
}

/** The delivery of one change: its places begin at the change, not at the page. */
function asDelivery(response: EngineResponse, responseKey: string, change: Data): EngineResponse {
  const within = <P extends string | number>(path: readonly P[]): readonly P[] =>
    path[0] === responseKey && path[1] === 'nodes' ? [path[0], ...path.slice(3)] : path;
  const { extensions, errors } = response;
  const placed = Object.entries(extensions ?? {}).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.map((entry: { readonly path: readonly string[] }) => ({ ...entry, path: within(entry.path) })) : value,
  ]);
  return {
    data: { [responseKey]: change },
    ...(errors && {
      errors: errors.map(
        (error) => new GraphQLError(error.message, { path: error.path && within(error.path), extensions: error.extensions }),
      ),
    }),
    ...(extensions && { extensions: Object.fromEntries(placed) }),
  };
}

/** The same error in a page of this one change. */
function placedFirst(error: GraphQLError): GraphQLError {
  const [root, nodes, , ...rest] = error.path ?? [];
  const path = [root, nodes, 0, ...rest].filter((step) => step !== undefined);
  return new GraphQLError(error.message, { path, extensions: error.extensions });
}

/** Who may be answered the same: equal operations, variables, profiles and bound parameters; a department's own rows and a voucher's are shared with nobody. */
function sharedBy(
  { profile, profileKey, principal, subjectId, requestId }: Caller,
  { request, query, begun }: ChangesRequest,
  variables: Data,
): string {
  const { [query.names.after]: _after, [query.names.first]: _first, ...asked } = variables;
  const { exp: _exp, tokenDigest: _digest, ...person } = principal;
  // Of a supervision system everybody reads the same, but the account of each member of staff is looked at by itself.
  const own = profile.audience === 'SUPERVISION' ? (principal.staffId ?? null) : [person, subjectId];
  const use = profile.voucher ? (begun?.counted?.use ?? requestId) : null;
  return JSON.stringify([request.documentHash, request.operation.name?.value ?? '', asked, request.headers.withheld, profileKey, own, use]);
}

const NOTHING_SAID: Said = { withheld: [], annotations: [], narrowed: [] };
const NOTHING_DISCLOSED: Disclosures = { disclosed: [], granted: new Set() };

function incomplete(): GraphQLError {
  return new GraphQLError('a subgraph left out what may not be null', { extensions: { code: 'DOWNSTREAM_SERVICE_ERROR' } });
}

/** A field of the interface that is closed for the type of this row alone is fetched for the others, and its subgraph withholds it as well. */
function onceEach(removed: readonly WithheldEntry[], said: readonly WithheldEntry[]): readonly WithheldEntry[] {
  if (removed.length === 0) return said;
  if (said.length === 0) return removed;
  const byPlace = new Map<string, WithheldEntry>();
  for (const entry of [...removed, ...said]) {
    const key = JSON.stringify([entry.path, entry.coordinate, entry.effect, entry.reason]);
    if (!byPlace.has(key)) byPlace.set(key, entry);
  }
  return [...byPlace.values()];
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

/** Coordinates that no row could allow, and types of which there is no row, compiled once for a profile; profiles that close the same share plans. */
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
    for (const type of policy.catalogue.types) if (access.accessOf(caller, type).entitlements.length === 0) set.add(type.name);
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

/** Calls a subgraph, keeps what it says beside its data, and never lets a raw fault through. */
async function sendFetch(subgraphs: ReadonlyMap<string, CallSubgraph>, fetch: PlannedFetch, context: CallContext): Promise<Fetched> {
  const { caller, remarks } = context;
  const { serviceName, query, operationName, variables, path } = fetch;
  const call = subgraphs.get(serviceName);
  if (!call) throw new Error(`there is no subgraph ${serviceName}`);
  const result = await call({ query, operationName, variables, caller }).catch((cause: unknown) => {
    if (cause instanceof HubError) throw new GraphQLError(cause.message, { extensions: { code: cause.code } });
    throw new GraphQLError(`the subgraph ${serviceName} did not answer`, {
      extensions: { code: 'DOWNSTREAM_SERVICE_ERROR', serviceName },
      originalError: cause instanceof Error ? cause : null,
    });
  });
  remarks.push({ prefix: path.map(String), ...pick(result.remarks) });
  const { revealed = [] } = result.remarks;
  if (revealed.length > 0) context.caller = { ...caller, revealed: [...(caller.revealed ?? []), ...revealed] };
  const errors = result.errors?.map((error) => new GraphQLError(error.message, { path: error.path, extensions: { code: error.code } }));
  return { data: result.data, errors };
}

function pick({ revealed: _revealed, ...remarks }: SubgraphRemarks): SubgraphRemarks {
  return remarks;
}
