import {
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  getOperationAST,
  Kind,
  type OperationDefinitionNode,
  parse,
  validate,
} from 'graphql';
import type { TakenStatement, VerifyStatement } from '../auth/access-statement.ts';
import { type AdmissionParts, readmit } from '../auth/admission.ts';
import { AUDIENCES } from '../auth/principal.ts';
import { shanghaiToday } from '../schema/calendar-date.ts';
import { HubError } from '../schema/errors.ts';
import { boundedCache } from './bounded-cache.ts';
import { coercedVariables } from './coerced-variables.ts';
import type { Exchange } from './graphql-endpoint.ts';
import { type Answer, JSON_TYPE, Refusal } from './http-answer.ts';
import { type GraphqlParams, HTTP_LIMITS, parseBody, readBytes } from './http-request.ts';
import { noteErrors } from './request-log.ts';
import { subgraphAnswer } from './subgraph-answer.ts';
import type { LoneSubgraph } from './subgraph-engine.ts';
import { printAnswer, STATEMENT_HEADER } from './subgraph-wire.ts';

interface StatementEndpointParts extends AdmissionParts {
  readonly subgraph: LoneSubgraph;
  readonly verify: VerifyStatement;
  /** Returns the incident under which a defect was reported. */
  readonly report: (error: unknown) => string;
}

interface Fetch {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
}

/** Representations of a whole answer's entities are longer than what a client asks. */
const BODY_BYTES = 16_777_216;
const DOCUMENTS = 2000;

/** Answers the fetches of a gateway at `/graphql`, each with its access statement: the same decisions as for the caller's own token, and no second entry in the access log. */
export function createStatementEndpoint({
  subgraph,
  verify,
  report,
  ...parts
}: StatementEndpointParts): (exchange: Exchange) => Promise<Answer> {
  // A row that another subgraph refers to is looked up for every audience; what each sees of it is decided there.
  const allow = new Map([...parts.policy.allow, ['Query._entities', AUDIENCES] as const]);
  const admission = { ...parts, policy: { ...parts.policy, allow } };
  const fetches = boundedCache<Fetch>(DOCUMENTS);

  const fetchOf = ({ query = '', operationName }: GraphqlParams): Fetch => {
    const key = `${operationName ?? ''} ${query}`;
    const known = fetches.get(key) ?? readFetch(subgraph.schema, query, operationName);
    fetches.set(key, known);
    return known;
  };
  const execute = async (fetch: Fetch, variables: GraphqlParams['variables'], statement: TakenStatement) => {
    const { subjectId, voucher, revealed, isMine: _isMine, ...request } = statement;
    const coerced = coercedVariables(subgraph.schema, fetch.operation, variables);
    const asked = { ...request, ...fetch, today: shanghaiToday(request.now), withheld: 'extensions', schema: subgraph.schema } as const;
    const caller = await readmit(admission, { ...asked, variables: coerced }, { subjectId, counted: voucher, revealed });
    return subgraphAnswer(await subgraph.execute({ ...fetch, variables, caller }), report);
  };

  return async ({ request, entry }) => {
    if (request.method !== 'POST')
      throw new Refusal('BAD_USER_INPUT', 'a fetch is sent by POST', { status: 405, headers: { allow: 'POST' } });
    const given = request.headers[STATEMENT_HEADER];
    if (typeof given !== 'string' || request.headers.authorization !== undefined)
      throw new HubError('UNAUTHENTICATED', 'a fetch comes with one access statement and no token');
    const take = await verify(given, request.url ?? '');
    const body = await readBytes(request, BODY_BYTES);
    const statement = take(body);
    entry.audience = statement.principal.audience;
    const params = parseBody(body, HTTP_LIMITS);
    const fetch = fetchOf(params);
    entry.kind = fetch.operation.operation;
    const answer = await once(statement.isMine, fetch, () => execute(fetch, params.variables, statement));
    if (answer.errors) noteErrors(entry, answer.errors);
    return { status: 200, contentType: JSON_TYPE, body: printAnswer(answer), isForGateway: true };
  };
}

/** What only reads need not wait, as long as nobody hears of it. */
async function once<T>(isMine: Promise<void>, { operation }: Fetch, execute: () => Promise<T>): Promise<T> {
  const reading = operation.operation === 'query' ? execute() : undefined;
  reading?.catch(() => {});
  await isMine;
  return reading ?? execute();
}

function readFetch(schema: GraphQLSchema, query: string, operationName: string | undefined): Fetch {
  const document = parse(query, { noLocation: true });
  const [fault] = validate(schema, document, undefined, { hideSuggestions: true });
  if (fault) throw new HubError('BAD_USER_INPUT', 'the fetch does not fit the schema of this subgraph', { cause: fault });
  const operation = getOperationAST(document, operationName);
  if (!operation) throw new HubError('BAD_USER_INPUT', 'the operation to run is not in the document');
  const fragments = document.definitions.flatMap((node) =>
    node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node] as const] : [],
  );
  return { document, operation, fragments: new Map(fragments) };
}
