import type { DocumentNode, GraphQLError, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import type { Principal } from '../auth/principal.ts';

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

/** What stands behind a door: the federated graph at the gateway, one subgraph at its own door. */
export interface Engine {
  /** Against which operations are validated: the same for every audience. */
  readonly schema: GraphQLSchema;
  /** Answers, or throws a HubError that stops the request before anything is run (answered with the error's HTTP status, without `data`). */
  execute(request: EngineRequest): Promise<EngineResponse>;
}
