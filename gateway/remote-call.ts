import { OTHER_POLICY, type SignStatement, statementOf } from '../auth/access-statement.ts';
import { HubError } from '../schema/errors.ts';
import type { CallSubgraph, SubgraphAnswer, SubgraphCall } from './call.ts';
import { BREAKER_LIMITS, createCircuitBreaker } from './circuit-breaker.ts';
import { openConnections, type Reply, type SubgraphTls, Unreachable } from './subgraph-connections.ts';
import { readAnswer, STATEMENT_HEADER } from './subgraph-wire.ts';

export interface RemoteOptions {
  readonly name: string;
  readonly url: URL;
  /** Signs a statement for one fetch. */
  readonly sign: SignStatement;
  /** Hash of the policy that the gateway plans by. */
  readonly policy: string;
  /** Milliseconds that a fetch may take, its second attempt included. */
  readonly timeout: number;
  readonly tls?: SubgraphTls | undefined;
  /** Told when the subgraph has another policy. */
  readonly onOtherPolicy?: (() => void) | undefined;
  readonly breaker?: { readonly failures: number; readonly pause: number } | undefined;
  readonly log: (line: Record<string, unknown>) => void;
}

export interface RemoteSubgraph {
  readonly call: CallSubgraph;
  /** Ends connections that nobody uses. */
  close(): void;
}

const SUBGRAPH_PATH = '/graphql';

/** A subgraph that another process serves, called over HTTP with an access statement. */
export function remoteSubgraph(options: RemoteOptions): RemoteSubgraph {
  const { name, url, sign, policy, timeout, tls, onOtherPolicy, breaker = BREAKER_LIMITS, log } = options;
  const connections = openConnections(url, timeout, tls);
  let problem = '';
  const path = url.pathname === '/' ? SUBGRAPH_PATH : url.pathname;
  const circuit = createCircuitBreaker({
    ...breaker,
    onChange: (isOpen) =>
      log(
        isOpen
          ? { level: 'warn', event: 'subgraph-left-out', subgraph: name, problem }
          : { level: 'info', event: 'subgraph-back', subgraph: name },
      ),
  });

  const attempt = async ({ call, body, isQuery }: Fetch, deadline: number) => {
    const statement = await sign(statementOf(call.caller, { policy, body }), { subgraph: name, path, body });
    const headers = {
      'content-type': 'application/json',
      'hub-request-id': call.caller.requestId,
      [STATEMENT_HEADER]: statement,
    };
    // A connection that was kept may be closed at the other end just now, and a mutation is not sent a second time.
    return connections.exchange({ path, headers, body, mayReuse: isQuery, deadline });
  };
  const once = async (fetch: Fetch, deadline: number): Promise<SubgraphAnswer> => {
    if (!circuit.admits()) throw new Unreachable(`${name} has not answered of late and is left out for a moment`);
    try {
      const answer = readReply(name, await attempt(fetch, deadline));
      circuit.succeeded();
      return answer;
    } catch (error) {
      if (error instanceof OtherPolicy) onOtherPolicy?.();
      if (error instanceof Unreachable) {
        problem = problemOf(error);
        circuit.failed();
      } else circuit.succeeded();
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
    close: () => connections.close(),
  };
}

interface Fetch {
  readonly call: SubgraphCall;
  readonly body: string;
  readonly isQuery: boolean;
}

class OtherPolicy extends Error {}

/** The code by which the runtime names what went wrong, such as a certificate that is not trusted. */
function problemOf({ message, cause }: Unreachable): string {
  return typeof cause === 'object' && cause !== null && 'code' in cause ? `${message}: ${String(cause.code)}` : message;
}

/** @throws HubError where the subgraph stopped the request, Unreachable where there is no answer, Error where the statement was refused */
function readReply(name: string, { status, text }: Reply): SubgraphAnswer {
  const answer = read(name, text);
  if (!('stopped' in answer)) return answer;
  const { code, message } = answer.stopped;
  if (code === 'UNAUTHENTICATED' && message === OTHER_POLICY) throw new OtherPolicy(`${name} has another policy`);
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
