import type { DocumentNode, GraphQLError, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import type { Caller } from '../auth/caller.ts';
import type { Principal } from '../auth/principal.ts';
import type { ChangesQuery } from './subscription-query.ts';

/** What a client says beside its operation (`Hub-*` headers). */
export interface HubHeaders {
  readonly purpose?: string | undefined;
  readonly matter?: string | undefined;
  readonly voucher?: string | undefined;
  readonly withheld: 'extensions' | 'errors' | 'reject';
  readonly explain: boolean;
}

/** One operation, parsed, inside the limits and valid for the schema; its variables as the client sent them. */
export interface EngineRequest {
  readonly requestId: string;
  readonly principal: Principal;
  readonly headers: HubHeaders;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  /** Hash of the document's text. */
  readonly documentHash: string;
  /** Hash of the document without its literals. */
  readonly signature: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

export interface EngineResponse {
  readonly data: Record<string, unknown> | null;
  readonly errors?: readonly GraphQLError[] | undefined;
  readonly extensions?: Readonly<Record<string, unknown>> | undefined;
}

/** One reading of the change feed for a subscription. */
export interface ChangesRequest {
  /** Its operation is the query of `query`. */
  readonly request: EngineRequest;
  readonly query: ChangesQuery;
  readonly after: string | null;
  readonly first: number;
  /** The subscription has begun: it goes on under what was found out then. */
  readonly begun?: BegunSubscription | undefined;
}
export interface BegunSubscription {
  readonly subjectId: string | undefined;
  /** The one use of the voucher that the subscription counts as. */
  readonly counted: { readonly id: string; readonly use: string } | undefined;
}

export interface ChangeEvent {
  readonly cursor: string;
  /** When the change came to be seen, in milliseconds since 1970. */
  readonly at: number;
  readonly response: EngineResponse;
}

export interface ChangesAnswer {
  readonly events: readonly ChangeEvent[];
  readonly endCursor: string;
  readonly hasMore: boolean;
  readonly resync: string | null;
  /** Where the feed stands behind it, if that is the end: two answers that stand there can be gone on with by either cursor. */
  readonly place: string | undefined;
  readonly begun: BegunSubscription;
  /** Who has it shares what is answered (disclosure design, section 3). */
  readonly sharedBy: string;
  readonly caller: Caller;
  /** The same answer leaves to another receiver: resolves when its own entry in the access log is durable. */
  readonly logFor: (receiver: Pick<EngineRequest, 'principal' | 'requestId'>) => Promise<void>;
}

/** What stands behind a door: the federated graph at the gateway, one subgraph at its own door. */
export interface Engine {
  /** Against which operations are validated: the same for every audience. */
  readonly schema: GraphQLSchema;
  /** Answers, or throws a HubError that stops the request before anything is run (answered with the error's HTTP status, without `data`). */
  execute(request: EngineRequest): Promise<EngineResponse>;
  /** Reads the change feed for a subscription; an engine without it answers none. Throws as `execute`, and DOWNSTREAM_SERVICE_ERROR when the feed does not answer. */
  readChanges?(request: ChangesRequest): Promise<ChangesAnswer>;
}
