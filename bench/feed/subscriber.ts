import { WebSocket } from 'ws';

/** A reader of the feed over `graphql-transport-ws`, as thin as it can be: what it costs would be counted with the hub. */
export interface Subscriber {
  readonly socket: WebSocket;
  /** The code with which the connection ended. */
  readonly ended: Promise<number>;
}

export interface Subscribing {
  /** `http://host:port/graphql`. */
  readonly url: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
  /** Told of the payload of every delivery. */
  // biome-ignore lint/suspicious/noExplicitAny: what the hub delivers is foreign data
  readonly onNext: (payload: any) => void;
  /** Told of what should not happen. */
  readonly onFault: (what: string) => void;
}

/** Resolves when the hub has acknowledged the connection and the subscription was sent. */
export function openSubscriber({ url, params, query, variables, onNext, onFault }: Subscribing): Promise<Subscriber> {
  const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws', { perMessageDeflate: false });
  const ended = new Promise<number>((resolve) => socket.once('close', resolve));
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    ended.then((code) => reject(new Error(`the connection ended with ${code}`)));
    socket.once('open', () => socket.send(JSON.stringify({ type: 'connection_init', payload: params })));
    socket.on('message', (bytes: Buffer) => {
      const message = JSON.parse(bytes.toString());
      if (message.type === 'next') return onNext(message.payload);
      if (message.type !== 'connection_ack') return onFault(bytes.toString());
      socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query, variables } }));
      resolve({ socket, ended });
    });
  });
}
