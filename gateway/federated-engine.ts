import { createHash } from 'node:crypto';
import { operationFromDocument, type Schema } from '@apollo/federation-internals';
import { type QueryPlan, QueryPlanner } from '@apollo/query-planner';
import { type DocumentNode, type FragmentDefinitionNode, GraphQLError, Kind, print, visit } from 'graphql';
import { type AdmissionParts, admit, admitToExplain } from '../auth/admission.ts';
import type { Caller } from '../auth/caller.ts';
import { explain } from '../auth/explain.ts';
import { obligationsOf } from '../auth/obligations.ts';
import { shanghaiToday } from '../schema/calendar-date.ts';
import { HubError } from '../schema/errors.ts';
import { createJournal, type JournalParts } from './access-journal.ts';
import { answerResponse, type Said } from './answer-response.ts';
import { boundedCache } from './bounded-cache.ts';
import type { CallSubgraph, SubgraphRemarks } from './call.ts';
import { coercedVariables } from './coerced-variables.ts';
import { compileCompletion } from './complete.ts';
import type { Composed } from './compose.ts';
import type { Engine, EngineRequest } from './engine.ts';
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
        const { caller } = admitted;
        const { marks, plan, complete, introspect, shape } = await prepare(request, caller, variables);
        const context: CallContext = { caller, remarks: [] };
        const send = (fetch: PlannedFetch) => sendFetch(parts.subgraphs, fetch, context);
        const { data: joined, errors } = await runPlan({ plan, schema: supergraphSchema, variables, send });
        const completed = complete(joined);
        // A null that nothing may take in is the whole answer (GraphQL §6.4.4).
        if (!completed) {
          const response = answerResponse(request, null, finishErrors(errors.length > 0 ? errors : [incomplete()], null), NOTHING_SAID);
          return { admitted, response, withheld: [], disclosures: () => NOTHING_DISCLOSED };
        }
        const raw = introspect ? { ...completed, ...introspect(views(principal.audience), variables) } : completed;
        const { data, removed, standing } = shape(raw);
        const said = finishRemarks(context.remarks, raw, data, marks);
        const withheld = onceEach([...removed.flatMap((entry) => withheldEntry(parts, caller, entry)), ...said.withheld]);
        const obligations = obligationsOf(caller, finishAuthorised(context.remarks, raw, marks, standing));
        const response = answerResponse(request, data, finishErrors(errors, data), { ...said, withheld, obligations });
        const disclosures = () => {
          const stands = standing();
          const { disclosed, granted } = finishDisclosed(context.remarks, raw, marks);
          return { disclosed, granted: new Set([...granted].filter((coordinate) => stands.has(coordinate))) };
        };
        return { admitted, response, withheld, disclosures };
      });
    },
  };
}

const NOTHING_SAID: Said = { withheld: [], annotations: [], narrowed: [] };
const NOTHING_DISCLOSED: Disclosures = { disclosed: [], granted: new Set() };

function incomplete(): GraphQLError {
  return new GraphQLError('a subgraph left out what may not be null', { extensions: { code: 'DOWNSTREAM_SERVICE_ERROR' } });
}

/** A field of the interface that is closed for the type of this row alone is fetched for the others, and its subgraph withholds it as well. */
function onceEach(entries: readonly WithheldEntry[]): readonly WithheldEntry[] {
  const byPlace = new Map<string, WithheldEntry>();
  for (const entry of entries) {
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

function pick({ withheld, annotations, narrowed, disclosed, granted, authorised }: SubgraphRemarks): SubgraphRemarks {
  return { withheld, annotations, narrowed, disclosed, granted, authorised };
}
