import { type FragmentDefinitionNode, type GraphQLError, type GraphQLSchema, Kind, visit } from 'graphql';
import { type AdmissionParts, admit, admitToExplain } from '../auth/admission.ts';
import type { Caller } from '../auth/caller.ts';
import { explain } from '../auth/explain.ts';
import { BUSINESS_AUDIENCES } from '../auth/matrix.ts';
import { obligationsOf } from '../auth/obligations.ts';
import { shanghaiToday } from '../schema/calendar-date.ts';
import { HubError } from '../schema/errors.ts';
import { createJournal, type JournalParts } from './access-journal.ts';
import { answerResponse } from './answer-response.ts';
import type { SubgraphRemarks } from './call.ts';
import { coercedVariables } from './coerced-variables.ts';
import type { Engine, EngineRequest, EngineResponse } from './engine.ts';
import { finishAuthorised, finishDisclosed, finishRemarks } from './finish.ts';
import { introspectionOf } from './introspection.ts';
import { createViews } from './views.ts';

/** One subgraph as its own door sees it. */
export interface LoneSubgraph {
  readonly name: string;
  readonly schema: GraphQLSchema;
  execute(request: Pick<EngineRequest, 'document' | 'operation' | 'variables'> & { readonly caller: Caller }): Promise<{
    readonly data?: Record<string, unknown> | null | undefined;
    readonly errors?: readonly GraphQLError[] | undefined;
    readonly remarks: SubgraphRemarks & { readonly entities: readonly string[] };
  }>;
}

const NO_MARKS = { typename: '', exists: '', id: '' };

/** A subgraph behind its own door: the same checks, limits and answers as at the gateway. Only the gateway may read the service's SDL. */
export function createSubgraphEngine(
  parts: AdmissionParts & Pick<JournalParts, 'accessLog'> & { readonly subgraph: LoneSubgraph; readonly clock: { now(): Date } },
): Engine {
  const { subgraph } = parts;
  const allow = new Map([...parts.policy.allow, ['Query._entities', BUSINESS_AUDIENCES] as const]);
  const policy = { ...parts.policy, allow };
  const journal = createJournal({ ...parts, policy, channel: subgraph.name });
  const views = createViews(subgraph.schema, policy);
  return {
    schema: subgraph.schema,
    async execute(request): Promise<EngineResponse> {
      const now = parts.clock.now();
      const fragments = fragmentsOf(request);
      checkRepresentations(request);
      const variables = coercedVariables(subgraph.schema, request.operation, request.variables);
      const { principal, headers, requestId, operation } = request;
      const admission = {
        principal,
        ...headers,
        requestId,
        now,
        today: shanghaiToday(now),
        schema: subgraph.schema,
        operation,
        fragments,
        variables,
      };
      if (headers.explain) {
        const { caller, asked } = await admitToExplain({ ...parts, policy }, admission);
        return { data: null, extensions: { explain: explain(policy, parts.access, caller, asked) } };
      }
      return journal(request, admission, async () => {
        const admitted = await admit({ ...parts, policy }, admission);
        const { caller } = admitted;
        const {
          data: executed,
          errors,
          remarks,
        } = await subgraph.execute({
          document: request.document,
          operation,
          variables: request.variables,
          caller,
        });
        const introspect = executed && introspectionOf(operation, fragments);
        const data = introspect ? { ...executed, ...introspect(views(principal.audience), variables) } : executed;
        const withPaths = remarks.withheld.map((entry) =>
          entry.entity === undefined ? entry : { ...entry, path: ['_entities', '@', ...entry.path], entity: undefined },
        );
        const annotated = remarks.annotations.map((entry) =>
          entry.entity === undefined ? entry : { ...entry, path: ['_entities', '@', ...entry.path], entity: undefined },
        );
        const placed = [{ ...remarks, withheld: withPaths, annotations: annotated, prefix: [] }];
        const said = finishRemarks(placed, data ?? {}, data ?? {}, NO_MARKS);
        const obligations = obligationsOf(caller, finishAuthorised(placed, data ?? {}, NO_MARKS));
        const response = answerResponse(request, data ?? null, errors ?? [], { ...said, obligations });
        return { admitted, response, withheld: said.withheld, disclosures: () => finishDisclosed(placed, data ?? {}, NO_MARKS) };
      });
    },
  };
}

/** An end user's token may name entities by their key alone. */
function checkRepresentations({ document, variables }: EngineRequest): void {
  visit(document, {
    Field(node) {
      if (node.name.value !== '_entities') return;
      const [argument] = node.arguments ?? [];
      const given = argument?.value.kind === Kind.VARIABLE ? variables[argument.value.name.value] : undefined;
      if (
        !Array.isArray(given) ||
        !given.every(
          (entry) => typeof entry === 'object' && entry !== null && Object.keys(entry).every((key) => key === '__typename' || key === 'id'),
        )
      ) {
        throw new HubError('BAD_USER_INPUT', 'representations come through a variable and hold __typename and id, nothing else');
      }
    },
  });
}

function fragmentsOf({ document }: EngineRequest): ReadonlyMap<string, FragmentDefinitionNode> {
  return new Map(
    document.definitions.flatMap((node) => (node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node] as const] : [])),
  );
}
