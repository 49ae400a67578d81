import { createClient as createSseClient } from 'graphql-sse';
import { type Client, createClient } from 'graphql-ws';
import { WebSocket } from 'ws';

/** What a client is handed, in order, and how it ended. */
export interface LiveStream {
  /** The next delivery; rejects with what the stream ended with when it has none. */
  next(): Promise<Delivery>;
  /** How it ended: undefined when it was completed. */
  readonly ended: Promise<unknown>;
  close(): void;
}
// biome-ignore lint/suspicious/noExplicitAny: a test reads whatever the hub delivers
export type Delivery = any;

interface Sink {
  next(value: unknown): void;
  error(error: unknown): void;
  complete(): void;
}

/** Follows what `subscribe` hands to a sink. */
export function follow(subscribe: (sink: Sink) => () => void): LiveStream {
  const arrived: Delivery[] = [];
  const waiting: { resolve(value: Delivery): void; reject(error: unknown): void }[] = [];
  let end: { readonly error: unknown } | undefined;
  let tellEnd: (error: unknown) => void = () => {};
  const ended = new Promise<unknown>((resolve) => {
    tellEnd = resolve;
  });
  const finish = (error: unknown) => {
    end ??= { error };
    tellEnd(error);
    for (const { reject } of waiting.splice(0)) reject(error);
  };
  const close = subscribe({
    next(value) {
      const first = waiting.shift();
      if (first) first.resolve(value);
      else arrived.push(value);
    },
    error: finish,
    complete: () => finish(undefined),
  });
  return {
    next() {
      if (arrived.length > 0) return Promise.resolve(arrived.shift());
      if (end) return Promise.reject(end.error);
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
    },
    ended,
    close,
  };
}

export interface Subscribing {
  readonly params?: Readonly<Record<string, unknown>>;
  readonly variables?: Readonly<Record<string, unknown>>;
}

/** The client of graphql-ws on a socket of its own, which does not come back by itself. */
export function socketClient(url: string, connectionParams: Readonly<Record<string, unknown>> = {}): Client {
  return createClient({ url: `${url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket, connectionParams, retryAttempts: 0 });
}

export function overSocket(url: string, query: string, { params, variables }: Subscribing = {}): LiveStream {
  const client = socketClient(url, params);
  const stream = follow((sink) => client.subscribe({ query, variables: { ...variables } }, sink));
  const close = () => {
    stream.close();
    // What kept the socket from opening was told by the stream.
    void Promise.resolve(client.dispose()).catch(() => undefined);
  };
  return { ...stream, close };
}

/** The client of graphql-sse, with one connection for each operation. */
export function overEvents(url: string, query: string, { params, variables }: Subscribing = {}): LiveStream {
  const headers = Object.fromEntries(Object.entries(params ?? {}).map(([name, value]) => [name, String(value)]));
  const client = createSseClient({ url: `${url}/graphql/stream`, headers, retryAttempts: 0 });
  return follow((sink) => client.subscribe({ query, variables: { ...variables } }, sink));
}
