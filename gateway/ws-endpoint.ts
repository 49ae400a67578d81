import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ExecutionResult, FormattedExecutionResult, GraphQLError, GraphQLFormattedError } from 'graphql';
import { handleProtocols, makeServer, type SubscribePayload } from 'graphql-ws';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Clock } from '../auth/issuers.ts';
import { NOBODY, type Principal } from '../auth/principal.ts';
import { ERRORS, HubError } from '../schema/errors.ts';
import { AnsweredError, formatAnswered } from './answered-error.ts';
import type { Engine } from './engine.ts';
import type { ExpiryWatch } from './expiry-watch.ts';
import { errorsOf, refuse } from './graphql-endpoint.ts';
import { JSON_TYPE, notFound, Refusal } from './http-answer.ts';
import { refuseUpgrade } from './http-listener.ts';
import { checkParams, type HttpLimits, isDeeper, pathOf, readHubHeaders, refuseAmbiguous } from './http-request.ts';
import type { Metrics } from './metrics.ts';
import type { AdmitRequest } from './rate-limit.ts';
import { incidentLine, newEntry, noteErrors, requestLine } from './request-log.ts';
import type { GuardSite } from './site-guard.ts';
import { type BeginOperation, formatResponse } from './streamed-operations.ts';
import { closingOf, headersOf } from './ws-params.ts';
import { endingWith, endSession, pingOrEnd, type Running, type Session, sendWithin } from './ws-session.ts';

/** Times in milliseconds. */
export interface SocketLimits {
  /** Until `connection_init` has come. */
  readonly initTime: number;
  /** A connection is asked this often whether it is alive. */
  readonly pingTime: number;
  /** Of one connection, at once. */
  readonly operations: number;
}
export const SOCKET_LIMITS: SocketLimits = { initTime: 10_000, pingTime: 12_000, operations: 50 };

interface SocketParts {
  /** The schema that is answered at this moment, for the library; what is asked is read by `begin`. */
  readonly engine: () => Engine;
  readonly begin: BeginOperation;
  readonly guard: GuardSite;
  readonly verify: (authorization: string | undefined) => Promise<Principal>;
  readonly admit: AdmitRequest;
  readonly expiries: ExpiryWatch;
  readonly metrics: Metrics;
  readonly log: (line: Record<string, unknown>) => void;
  readonly clock: Clock;
  readonly limits: SocketLimits & HttpLimits & { readonly slowMs: number; readonly drainTime: number };
}

export interface SocketEndpoint {
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Ends every connection so that its client comes back, and takes no more. */
  close(): Promise<void>;
}

const GOING_AWAY = { code: 1001, reason: 'the hub is closing' };
const TOKEN_ENDED = { code: 4403, reason: 'UNAUTHENTICATED: the token has expired' };

/** Answers `graphql-transport-ws` at `/graphql`: subscriptions and queries. */
export function openSocketEndpoint(parts: SocketParts): SocketEndpoint {
  const { engine, begin, guard, verify, admit, expiries, metrics, log, clock, limits } = parts;
  const sessions = new Set<Session>();
  const sockets = new WebSocketServer({ noServer: true, maxPayload: limits.bodyBytes, perMessageDeflate: false, handleProtocols });
  let isOpen = true;

  const start = (session: Session, payload: SubscribePayload): Running => {
    const entry = newEntry({});
    const report = (error: unknown, incident: string) => log(incidentLine(error, incident, entry.requestId));
    const running = { entry, report, stop: new AbortController(), started: performance.now() };
    session.running.set(payload, running);
    metrics.begin();
    return running;
  };
  const finish = ({ running }: Session, payload: SubscribePayload) => {
    const ended = running.get(payload);
    if (!ended || !running.delete(payload)) return;
    const { entry, started } = ended;
    const [code] = entry.codes;
    entry.status = code === undefined ? 200 : ERRORS[code].status;
    // How long a subscription stood says nothing of how fast the hub answers.
    const durationMs = performance.now() - started;
    metrics.end(entry.kind === 'subscription' ? entry : { ...entry, durationMs });
    log(requestLine({ ...entry, durationMs }, clock.now()));
  };
  const refused = ({ entry, report }: Running, error: unknown): readonly AnsweredError[] => {
    const errors = errorsOf(error, report);
    noteErrors(entry, errors);
    return errors;
  };

  async function* answers(running: Running, deliveries: ReturnType<BeginOperation>['deliveries']) {
    try {
      for await (const { response } of deliveries) yield formatResponse(response, running);
    } catch (error) {
      throw refused(running, error)[0];
    }
  }

  const server = makeServer<Record<string, unknown> | undefined, Session>({
    connectionInitWaitTimeout: limits.initTime,
    async onConnect({ connectionParams = {}, extra: session }) {
      try {
        const given = headersOf(connectionParams);
        const headers = readHubHeaders(given);
        const principal = await verify(given.authorization);
        admit(principal, session.address);
        if (session.socket.readyState !== session.socket.OPEN) return false;
        session.caller = { authorization: given.authorization, headers };
        session.forgetExpiry = expiries.watch(principal.exp, () => endSession(session, TOKEN_ENDED));
        return true;
      } catch (error) {
        const [answered] = errorsOf(error, (cause, incident) => log(incidentLine(cause, incident)));
        if (answered) endSession(session, closingOf(answered));
        return false;
      }
    },
    async onSubscribe({ extra: session }, _id, payload) {
      const running = start(session, payload);
      const { entry, stop } = running;
      try {
        if (!session.caller) throw new HubError('UNAUTHENTICATED', 'the connection was not initialised');
        const { authorization, headers } = session.caller;
        const principal = await verify(authorization);
        const { address } = session;
        entry.audience = principal.audience;
        admit(principal, address);
        if (session.running.size > limits.operations)
          throw new HubError('LIMIT_EXCEEDED', `one connection may run at most ${limits.operations} operations at once`);
        const params = paramsOf(payload);
        const { request, deliveries } = begin({ params, principal, headers, address, entry }, { stop: stop.signal });
        entry.durationMs = performance.now() - running.started;
        return {
          schema: engine().schema,
          document: request.document,
          operationName: params.operationName,
          contextValue: endingWith(stop, answers(running, deliveries)),
        };
      } catch (error) {
        const errors = refused(running, error);
        finish(session, payload);
        return errors;
      }
    },
    // What is run was begun with the checks.
    subscribe: ({ contextValue }) => contextValue as AsyncGenerator<ExecutionResult, void>,
    execute: ({ contextValue }) => contextValue as AsyncGenerator<ExecutionResult, void>,
    onNext: (_context, _id, _payload, _args, result) => result as FormattedExecutionResult,
    onError: (_context, _id, _payload, errors) => errors.map(formatted),
    onComplete: ({ extra: session }, _id, payload) => finish(session, payload),
  });

  const accept = (socket: WebSocket, request: IncomingMessage) => {
    const address = request.socket.remoteAddress;
    const session: Session = { socket, address, running: new Map(), caller: undefined, isAlive: true, forgetExpiry: () => {} };
    sessions.add(session);
    const closed = server.opened(
      {
        protocol: socket.protocol,
        send: (text) => sendWithin(socket, text, limits),
        close: (code, reason) => socket.close(code, reason),
        onMessage: (take) => {
          socket.on('message', (bytes: Buffer, isBinary) => {
            // A connection that is being ended is asked nothing more.
            if (socket.readyState !== socket.OPEN) return;
            if (isBinary || isDeeper(bytes, limits.jsonDepth)) return socket.close(4400, 'BAD_USER_INPUT: the message cannot be read');
            take(bytes.toString()).catch((error: unknown) => {
              const [answered] = errorsOf(error, (cause, incident) => log(incidentLine(cause, incident)));
              if (answered) endSession(session, closingOf(answered));
            });
          });
        },
      },
      session,
    );
    socket.on('pong', () => {
      session.isAlive = true;
    });
    // What is wrong with a frame has closed the connection already.
    socket.on('error', () => {});
    socket.once('close', (code, reason) => {
      sessions.delete(session);
      session.forgetExpiry();
      for (const { stop } of session.running.values()) stop.abort();
      Promise.resolve(closed(code, String(reason))).catch(() => undefined);
    });
  };

  const pinging = setInterval(() => {
    for (const session of sessions) pingOrEnd(session);
  }, limits.pingTime).unref();

  return {
    upgrade(request, socket, head) {
      try {
        refuseAmbiguous(request);
        guard(request.headers);
        if (pathOf(request) !== '/graphql') throw notFound();
        if (request.headers.authorization !== undefined)
          throw new Refusal('BAD_USER_INPUT', 'over WebSocket the token stands in connectionParams');
        admit(NOBODY, request.socket.remoteAddress);
        if (!isOpen) throw new Refusal('STORE_UNAVAILABLE', 'the hub is closing');
      } catch (error) {
        const entry = newEntry(request.headers);
        const report = (cause: unknown, incident: string) => log(incidentLine(cause, incident, entry.requestId));
        const answer = refuse(error, { entry, report, contentType: JSON_TYPE });
        refuseUpgrade(socket, entry.requestId, answer);
        return log(requestLine({ ...entry, status: answer.status, bytes: answer.body.length }, clock.now()));
      }
      sockets.handleUpgrade(request, socket, head, accept);
    },
    async close() {
      isOpen = false;
      clearInterval(pinging);
      const patience = setTimeout(() => {
        for (const { socket } of sessions) socket.terminate();
      }, limits.drainTime);
      await Promise.all(
        [...sessions].map((session) => {
          const closed = new Promise((resolve) => session.socket.once('close', resolve));
          endSession(session, GOING_AWAY);
          return closed;
        }),
      );
      clearTimeout(patience);
    },
  };
}

function paramsOf({ query, operationName, variables, extensions, ...more }: SubscribePayload & { readonly documentId?: unknown }) {
  // The protocol asks for a text; a document that is named by its hash has an empty one.
  return checkParams({ query: query === '' ? undefined : query, documentId: more.documentId, operationName, variables, extensions });
}

function formatted(error: GraphQLError): GraphQLFormattedError {
  const { originalError } = error;
  if (error instanceof AnsweredError) return formatAnswered(error);
  if (originalError instanceof AnsweredError) return formatAnswered(originalError);
  return formatAnswered(new AnsweredError('INTERNAL_SERVER_ERROR', 'internal error'));
}
