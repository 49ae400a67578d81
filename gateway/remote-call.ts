import { Agent, type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps, Agent as SecureAgent } from 'node:https';
import type { Binding, Statement } from '../auth/access-statement.ts';
import { statementOf } from '../auth/access-statement.ts';
import { HubError } from '../schema/errors.ts';
import type { CallSubgraph, SubgraphAnswer, SubgraphCall } from './call.ts';
import { BREAKER_LIMITS, createCircuitBreaker } from './circuit-breaker.ts';
import { readAnswer, STATEMENT_HEADER } from './subgraph-wire.ts';

export interface RemoteOptions {
  readonly name: string;
  readonly url: URL;
  /** Signs a statement for one fetch. */
  readonly sign: (statement: Statement, binding: Binding) => string;
  /** Hash of the policy that the gateway plans by. */
  readonly policy: string;
  /** Milliseconds that a fetch may take, its second attempt included. */
  readonly timeout: number;
  readonly breaker?: { readonly failures: number; readonly pause: number } | undefined;
  readonly log: (line: Record<string, unknown>) => void;
}

export interface RemoteSubgraph {
  readonly call: CallSubgraph;
  /** Ends connections that nobody uses. */
  close(): void;
}

const SUBGRAPH_PATH = '/graphql';
const ANSWER_BYTES = 67_108_864;
const CONNECTIONS = 128;

/** A subgraph that another process serves, called over HTTP with an access statement. */
export function remoteSubgraph({ name, url, sign, policy, timeout, breaker = BREAKER_LIMITS, log }: RemoteOptions): RemoteSubgraph {
  const isSecure = url.protocol === 'https:';
  const connections = { keepAlive: true, maxSockets: CONNECTIONS };
  const agent = isSecure ? new SecureAgent(connections) : new Agent(connections);
  const path = url.pathname === '/' ? SUBGRAPH_PATH : url.pathname;
  const circuit = createCircuitBreaker({
    ...breaker,
    onChange: (isOpen) => log({ level: isOpen ? 'warn' : 'info', event: isOpen ? 'subgraph-left-out' : 'subgraph-back', subgraph: name }),
  });

  const attempt = ({ call, body, isQuery }: Fetch, deadline: number) => {
    const statement = sign(statementOf(call.caller, { policy, body }), { subgraph: name, path, body });
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      'hub-request-id': call.caller.requestId,
      [STATEMENT_HEADER]: statement,
    };
    const open = isSecure ? requestHttps : requestHttp;
    // A connection that was kept may be closed at the other end just now, and a mutation is not sent a second time.
    const options = { method: 'POST', path, headers, agent: isQuery ? agent : false } as const;
    return exchange(open(url, options), body, deadline);
  };
  const once = async (fetch: Fetch, deadline: number): Promise<SubgraphAnswer> => {
    if (!circuit.admits()) throw new Unreachable(`${name} has not answered of late and is left out for a moment`);
    try {
      const answer = readReply(name, await attempt(fetch, deadline));
      circuit.succeeded();
      return answer;
    } catch (error) {
      if (error instanceof Unreachable) circuit.failed();
      else circuit.succeeded();
      throw error;
    }
  };

  return {
    async call(call) {
      const { query, operationName, variables } = call;
      const isQuery = !/^\s*mutation\b/.test(query);
      const fetch = { call, isQuery, body: JSON.stringify({ query, operationName, variables }) };
      const deadline = performance.now() + timeout;
      try {
        return await once(fetch, deadline);
      } catch (error) {
        const isWorthIt = isQuery && error instanceof Unreachable && !error.isLate && performance.now() < deadline;
        if (!isWorthIt) throw error;
        return once(fetch, deadline);
      }
    },
    close: () => agent.destroy(),
  };
}

interface Fetch {
  readonly call: SubgraphCall;
  readonly body: string;
  readonly isQuery: boolean;
}
interface Reply {
  readonly status: number;
  readonly text: string;
}

/** The subgraph gave no answer of its own. */
class Unreachable extends Error {
  readonly isLate: boolean;
  constructor(message: string, { isLate = false, cause }: { isLate?: boolean; cause?: unknown } = {}) {
    super(message, { cause });
    this.isLate = isLate;
  }
}

/** @throws HubError where the subgraph stopped the request, Unreachable where there is no answer, Error where the statement was refused */
function readReply(name: string, { status, text }: Reply): SubgraphAnswer {
  const answer = read(name, text);
  if (!('stopped' in answer)) return answer;
  const { code, message } = answer.stopped;
  if (code === 'UNAUTHENTICATED') throw new Error(`${name} has refused the access statement: ${message}`);
  if (code === 'STORE_UNAVAILABLE') throw new HubError(code, message);
  if (status >= 500 || code === 'DOWNSTREAM_SERVICE_ERROR') throw new Unreachable(`${name} answered with status ${status}: ${message}`);
  throw new HubError(code, message);
}

function read(name: string, text: string): ReturnType<typeof readAnswer> {
  try {
    return readAnswer(text);
  } catch (cause) {
    throw new Unreachable(`${name} answered with something else than a response`, { cause });
  }
}

/** One request and its whole reply, by the deadline. @throws Unreachable */
function exchange(request: ClientRequest, body: string, deadline: number): Promise<Reply> {
  return new Promise((resolve, reject) => {
    let isLate = false;
    const giveUp = () => {
      isLate = true;
      request.destroy(new Error('the time is up'));
    };
    const timer = setTimeout(giveUp, Math.max(0, deadline - performance.now()));
    const fail = (cause: Error) => {
      clearTimeout(timer);
      reject(new Unreachable(isLate ? 'there was no answer in time' : 'the connection failed', { isLate, cause }));
    };
    request.on('error', fail);
    request.on('response', (response) => {
      collect(response).then((text) => {
        clearTimeout(timer);
        resolve({ status: response.statusCode ?? 0, text });
      }, fail);
    });
    request.end(body);
  });
}

function collect(response: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > ANSWER_BYTES) response.destroy(new Error(`an answer may have at most ${ANSWER_BYTES} bytes`));
      else chunks.push(chunk);
    });
    response.on('error', reject);
    response.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    response.on('close', () => {
      if (!response.complete) reject(new Error('the answer ended early'));
    });
  });
}
