import type { IncomingMessage } from 'node:http';
import { OperationTypeNode } from 'graphql';
import type { Principal } from '../auth/principal.ts';
import { ERRORS, HubError } from '../schema/errors.ts';
import { type AnsweredError, answerError, answerFault, formatAnswered, type ReportFailure } from './answered-error.ts';
import type { Apollo } from './apollo.ts';
import { type Answer, HTML_TYPE, JSON_TYPE, Refusal } from './http-answer.ts';
import { type HttpLimits, readBody, readHubHeaders, readSearch, searchOf } from './http-request.ts';
import { IDE_PAGE } from './ide.ts';
import { InvalidDocument } from './known-documents.ts';
import { chooseType } from './media-type.ts';
import type { AdmitRequest } from './rate-limit.ts';
import { type OperationParts, readOperation } from './read-operation.ts';
import { noteErrors, type RequestEntry } from './request-log.ts';
import { askedText, type TrustedDocuments } from './trusted-documents.ts';

/** One request on its way; what is found out about it is written down here. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly entry: RequestEntry;
  readonly report: ReportFailure;
  contentType: string;
  /** From here on a fault is one of the operation, not of the HTTP request. */
  isWellFormed: boolean;
}

interface EndpointOptions extends OperationParts {
  readonly apollo: Apollo;
  readonly verify: (authorization: string | undefined) => Promise<Principal>;
  readonly admit: AdmitRequest;
  readonly trusted?: TrustedDocuments | undefined;
  readonly limits: HttpLimits;
  readonly ide: boolean;
}

/** Answers `/graphql`. The first failure is the answer: form of the request, token, rate, trust, parsing, limits, validation, engine. */
export function createEndpoint(options: EndpointOptions): (exchange: Exchange) => Promise<Answer> {
  const { apollo, verify, admit, trusted, limits } = options;
  const ide = options.ide && !trusted?.required;

  const allowOver = (method: string | undefined) => (kind: RequestEntry['kind']) => {
    if (kind === OperationTypeNode.SUBSCRIPTION)
      throw new HubError('BAD_USER_INPUT', 'subscriptions are answered over WebSocket and at /graphql/stream');
    if (method === 'GET' && kind === OperationTypeNode.MUTATION) throw notAllowed('POST');
  };

  const answer = async (exchange: Exchange): Promise<Answer> => {
    const { request, entry, report } = exchange;
    const headers = readHubHeaders(request.headers);
    const params = request.method === 'GET' ? readSearch(searchOf(request)) : await readBody(request, limits);
    const principal = await verify(request.headers.authorization);
    entry.audience = principal.audience;
    const address = request.socket.remoteAddress;
    admit(principal, address);
    exchange.isWellFormed = true;
    const text = askedText(params, trusted);
    const operation = readOperation(options, { text, params, principal, headers, address, entry }, allowOver(request.method));
    return apollo.answer({ text, params, report, entry, request: operation }, exchange.contentType);
  };

  return async (exchange) => {
    const { method, headers } = exchange.request;
    if (method !== 'GET' && method !== 'POST') throw notAllowed('GET, POST');
    exchange.contentType = chooseType(headers.accept, ide && method === 'GET');
    if (exchange.contentType === HTML_TYPE) return IDE_PAGE;
    const given = await answer(exchange).catch((error: unknown) => refuse(error, exchange));
    // With the legacy type a client learns of a fault of the operation from the body (GraphQL over HTTP §6.4.1).
    return given.status === 400 && exchange.isWellFormed && exchange.contentType === JSON_TYPE ? { ...given, status: 200 } : given;
  };
}

/** The answer to a request that is stopped. */
export function refuse(error: unknown, { entry, report, contentType }: Pick<Exchange, 'entry' | 'report' | 'contentType'>): Answer {
  const errors = errorsOf(error, report);
  noteErrors(entry, errors);
  const body = JSON.stringify({ errors: errors.map(formatAnswered) });
  return { contentType, body, ...statusOf(error, errors) };
}

/** What a client is told of whatever stopped its request: each fault of a document, or the one error. */
export function errorsOf(error: unknown, report: ReportFailure): readonly AnsweredError[] {
  return error instanceof InvalidDocument ? error.faults.map((fault) => answerFault(error.code, fault)) : [answerError(error, report)];
}

function statusOf(error: unknown, [first]: readonly AnsweredError[]): Pick<Answer, 'status' | 'headers'> {
  if (error instanceof Refusal) return { status: error.status, headers: error.headers };
  const status = ERRORS[first?.code ?? 'INTERNAL_SERVER_ERROR'].status;
  return { status, headers: status === 401 ? { 'www-authenticate': 'Bearer' } : undefined };
}

export function notAllowed(methods: string): Refusal {
  return new Refusal('BAD_USER_INPUT', `only ${methods} can be answered here`, { status: 405, headers: { allow: methods } });
}
