import { getOperationAST } from 'graphql';
import type { Principal } from '../auth/principal.ts';
import { HubError } from '../schema/errors.ts';
import type { EngineRequest, HubHeaders } from './engine.ts';
import type { GraphqlParams } from './http-request.ts';
import type { KnownDocuments } from './known-documents.ts';
import type { CountObjects } from './object-limits.ts';
import { clientKey } from './rate-limit.ts';
import type { RequestEntry } from './request-log.ts';

export interface OperationParts {
  readonly documents: Pick<KnownDocuments, 'read'>;
  readonly countObjects: CountObjects;
}

/** What a request comes to before its document is read. */
export interface Asked {
  readonly text: string;
  readonly params: Pick<GraphqlParams, 'operationName' | 'variables'>;
  readonly principal: Principal;
  readonly headers: HubHeaders;
  readonly address: string | undefined;
  readonly entry: RequestEntry;
}

/** The operation, parsed, inside the limits, valid and answered at this entrance: `allow` throws for one that is not. @throws as `KnownDocuments.read`, BAD_USER_INPUT, RATE_LIMITED */
export function readOperation(
  { documents, countObjects }: OperationParts,
  { text, params: { operationName, variables }, principal, headers, address, entry }: Asked,
  allow: (kind: RequestEntry['kind']) => void,
): EngineRequest {
  const { document, hash, signature } = documents.read(text, operationName, variables);
  entry.signature = signature;
  const operation = getOperationAST(document, operationName);
  if (!operation) throw new HubError('BAD_USER_INPUT', 'the document has no such operation, or several and none is named');
  entry.kind = operation.operation;
  entry.operationName = operation.name?.value;
  allow(entry.kind);
  countObjects(clientKey(principal, address), document, operation, variables);
  return { requestId: entry.requestId, principal, headers, document, operation, documentHash: hash, signature, variables };
}
