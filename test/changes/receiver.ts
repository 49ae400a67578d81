import { once } from 'node:events';
import {
  createServer as createPlainServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Certified } from '../support/certificates.ts';

export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  // Tests say what they expect of it.
  // biome-ignore lint/suspicious/noExplicitAny: what was delivered is read as it is
  readonly event: any;
}
/** Answers one request; without ending the response it is never answered. */
export type Respond = (received: Received, response: ServerResponse) => void;

/** One address of a receiver. */
export interface Inbox {
  readonly url: string;
  readonly received: readonly Received[];
  respond: Respond;
  /** Resolves when so many were received in all. */
  until(count: number): Promise<void>;
}
export interface Receiver {
  readonly port: number;
  inbox(respond?: Respond): Inbox;
  close(): Promise<void>;
}

export const answer =
  (status: number, headers: Readonly<Record<string, string>> = {}): Respond =>
  (_received, response) =>
    void response.writeHead(status, headers).end('ok');

/** A real receiver of webhooks on loopback, with https where it has a certificate. */
export async function startReceiver(certified?: Certified): Promise<Receiver> {
  const inboxes = new Map<string, (received: Received, response: ServerResponse) => void>();
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString('utf8');
    const take = inboxes.get(request.url ?? '');
    if (!take) return response.writeHead(404).end();
    return take({ headers: request.headers, text, event: text === '' ? undefined : JSON.parse(text) }, response);
  };
  const listener = (request: IncomingMessage, response: ServerResponse) => void handle(request, response).catch(() => response.destroy());
  const server: Server = certified ? createServer(certified, listener) : createPlainServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    inbox(respond = answer(204)) {
      const path = `/inbox/${inboxes.size + 1}`;
      const received: Received[] = [];
      const waiting = new Set<() => void>();
      const inbox: Inbox = {
        url: `${certified ? 'https' : 'http'}://127.0.0.1:${port}${path}`,
        received,
        respond,
        until: (count) =>
          new Promise((resolve) => {
            const look = () => {
              if (received.length < count) return;
              waiting.delete(look);
              resolve();
            };
            waiting.add(look);
            look();
          }),
      };
      inboxes.set(path, (one, response) => {
        received.push(one);
        inbox.respond(one, response);
        for (const look of [...waiting]) look();
      });
      return inbox;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
