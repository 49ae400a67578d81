import { Client, type Dispatcher, Pool } from 'undici';

export interface Delivery {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** May go over a connection that was kept, which the other end may be closing just now. */
  readonly mayReuse: boolean;
  /** Milliseconds of `performance.now()`. */
  readonly deadline: number;
}

export interface Reply {
  readonly status: number;
  readonly text: string;
}

/** Connections to one subgraph. */
export interface Connections {
  /** One request and its whole reply, by the deadline. @throws Unreachable */
  exchange(delivery: Delivery): Promise<Reply>;
  /** Ends connections that nobody uses, and the others when they are done. */
  close(): void;
}

/** For addresses with https, in PEM: whose certificates a subgraph may show, and the one that it is shown. */
export interface SubgraphTls {
  /** Those that the runtime trusts unless told. */
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** The subgraph gave no answer of its own. */
export class Unreachable extends Error {
  readonly isLate: boolean;
  constructor(message: string, { isLate = false, cause }: { isLate?: boolean; cause?: unknown } = {}) {
    super(message, { cause });
    this.isLate = isLate;
  }
}

const ANSWER_BYTES = 67_108_864;
const CONNECTIONS = 128;

/** Opens connections when they are needed, each of which waits at most `timeout` milliseconds for the other end. */
export function openConnections({ origin }: URL, timeout: number, tls: SubgraphTls = {}): Connections {
  // The deadline is for all of an exchange: a limit on each part of it would be a second timer.
  const options = { headersTimeout: 0, bodyTimeout: 0, maxResponseSize: ANSWER_BYTES, connect: { ...tls, timeout } };
  const kept = new Pool(origin, { ...options, connections: CONNECTIONS });
  return {
    exchange(delivery) {
      if (delivery.mayReuse) return exchange(kept, delivery);
      const fresh = new Client(origin, options);
      const reply = exchange(fresh, delivery);
      fresh.close(done);
      return reply;
    },
    close: () => kept.close(done),
  };
}

function done(): void {}

function exchange(connections: Dispatcher, { path, headers, body, mayReuse, deadline }: Delivery): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const request = { method: 'POST', path, headers, body, reset: !mayReuse } as const;
    connections.dispatch(request, new ReplyHandler(resolve, reject, deadline));
  });
}

class ReplyHandler implements Dispatcher.DispatchHandler {
  readonly #resolve: (reply: Reply) => void;
  readonly #reject: (error: Unreachable) => void;
  readonly #timer: NodeJS.Timeout;
  readonly #chunks: Buffer[] = [];
  #controller: Dispatcher.DispatchController | undefined;
  #isLate = false;
  #status = 0;

  constructor(resolve: (reply: Reply) => void, reject: (error: Unreachable) => void, deadline: number) {
    this.#resolve = resolve;
    this.#reject = reject;
    this.#timer = setTimeout(() => this.#giveUp(), Math.max(0, deadline - performance.now()));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // Its turn came after the deadline: it is not sent any more.
    if (this.#isLate) controller.abort(new Error('the time is up'));
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number): void {
    this.#status = status;
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    clearTimeout(this.#timer);
    const [first, ...others] = this.#chunks;
    const bytes = first && others.length === 0 ? first : Buffer.concat(this.#chunks);
    this.#resolve({ status: this.#status, text: bytes.toString('utf8') });
  }

  onResponseError(_controller: Dispatcher.DispatchController, cause: Error): void {
    clearTimeout(this.#timer);
    this.#reject(new Unreachable('the connection failed', { cause }));
  }

  #giveUp(): void {
    this.#isLate = true;
    this.#reject(new Unreachable('there was no answer in time', { isLate: true }));
    this.#controller?.abort(new Error('the time is up'));
  }
}
