import { type FormattedExecutionResult, OperationTypeNode } from 'graphql';
import { HubError } from '../schema/errors.ts';
import { answerError, formatAnswered, isCoercionFault, type ReportFailure } from './answered-error.ts';
import type { ChangeStreams, Delivery } from './change-streams.ts';
import type { Engine, EngineRequest, EngineResponse } from './engine.ts';
import type { GraphqlParams } from './http-request.ts';
import { type Asked, type OperationParts, readOperation } from './read-operation.ts';
import { noteErrors, type RequestEntry } from './request-log.ts';
import { askedText, type TrustedDocuments } from './trusted-documents.ts';

interface StreamedParts {
  /** What answers at this moment. */
  readonly present: () => OperationParts & { readonly engine: Engine };
  readonly streams: ChangeStreams;
  readonly trusted?: TrustedDocuments | undefined;
}

export interface AskedStream extends Omit<Asked, 'text' | 'params'> {
  readonly params: GraphqlParams;
}

/** Begins an operation of a client that was admitted: a subscription as it goes on, a query as a stream of one. The first failure is thrown: trust, parsing, limits, validation. */
export type BeginOperation = (
  asked: AskedStream,
  options: { readonly after?: string | undefined; readonly stop: AbortSignal },
) => { readonly request: EngineRequest; readonly deliveries: AsyncGenerator<Delivery, void> };

export function streamOperations({ present, streams, trusted }: StreamedParts): BeginOperation {
  return (asked, options) => {
    const { engine, ...parts } = present();
    const text = askedText(asked.params, trusted);
    const request = readOperation(parts, { ...asked, text }, (kind) => allow(kind, asked.headers.explain));
    const isSubscription = request.operation.operation === OperationTypeNode.SUBSCRIPTION;
    return { request, deliveries: isSubscription ? streams.open(request, options) : once(engine, request) };
  };
}

function allow(kind: RequestEntry['kind'], explains: boolean): void {
  // A client whose connection ends could not tell whether what it asked for was done.
  if (kind === OperationTypeNode.MUTATION) throw new HubError('BAD_USER_INPUT', 'mutations are answered by POST /graphql');
  if (kind === OperationTypeNode.SUBSCRIPTION && explains)
    throw new HubError('BAD_USER_INPUT', 'a subscription is not explained: ask for the explanation of the query `changes`');
}

async function* once(engine: Engine, request: EngineRequest): AsyncGenerator<Delivery, void> {
  yield { cursor: undefined, response: await engine.execute(request) };
}

/** A response as it leaves the hub. */
export function formatResponse(
  { data, errors, extensions }: EngineResponse,
  { entry, report }: { readonly entry: RequestEntry; readonly report: ReportFailure },
): FormattedExecutionResult {
  if (!errors || errors.length === 0) return { data, ...(extensions && { extensions }) };
  const answered = errors.map((error) => answerError(error, report));
  noteErrors(entry, answered);
  const formatted = answered.map(formatAnswered);
  if (data === null && errors.every(isCoercionFault)) return { errors: formatted };
  return { data, errors: formatted, ...(extensions && { extensions }) };
}
