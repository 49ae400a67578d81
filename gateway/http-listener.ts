import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, Server as SocketServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Answer, SECURITY_HEADERS } from './http-answer.ts';

/** Times in milliseconds. */
export interface ListenerLimits {
  readonly headerBytes: number;
  readonly headerTime: number;
  /** Until the last byte of a request has come. */
  readonly requestTime: number;
  readonly keepAliveTime: number;
  readonly connections: number;
  /** What running requests get after the listener stops accepting. */
  readonly drainTime: number;
}
export const LISTENER_LIMITS: ListenerLimits = {
  headerBytes: 16_384,
  headerTime: 10_000,
  requestTime: 30_000,
  keepAliveTime: 5_000,
  connections: 10_000,
  drainTime: 10_000,
};

/** In PEM. */
export interface TlsMaterial {
  /** The listener's own certificate, then those that lead from it to a root. */
  readonly cert: string;
  readonly key: string;
  /** With it, whoever connects has to show a certificate that one of these has signed. */
  readonly clientCa?: string | undefined;
}

export interface Listener {
  readonly address: string;
  readonly port: number;
  /** For connections from now on; those that are open stay so. */
  renewTls(tls: TlsMaterial): void;
  /** Stops accepting, ends idle connections, lets running requests finish. */
  close(): Promise<void>;
  /** Like `close`, but an idle connection stays until it has asked once more or was silent for `keepAliveTime`: what is on its way meanwhile is answered. */
  drain(): Promise<void>;
}

interface ListenerOptions {
  readonly host: string;
  readonly port: number;
  readonly limits: ListenerLimits;
  /** Without it the listener speaks HTTP. */
  readonly tls?: TlsMaterial | undefined;
  /** Never rejects. */
  readonly handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  /** Takes connections that ask to be WebSockets, and ends them before the listener can close; without it they are requests as any other. */
  readonly upgrade?: ((request: IncomingMessage, socket: Duplex, head: Buffer) => void) | undefined;
}

/** A year; browsers heed it for names, not for addresses. */
const ONLY_TLS = 'max-age=31536000';

export async function listen({ host, port, limits, tls, handle, upgrade }: ListenerOptions): Promise<Listener> {
  const running = new Set<ServerResponse>();
  const options = {
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headerTime,
    requestTimeout: limits.requestTime,
    keepAliveTimeout: limits.keepAliveTime,
    connectionsCheckingInterval: Math.min(1_000, Math.ceil(limits.headerTime / 4)),
    requireHostHeader: true,
    shouldUpgradeCallback: ({ headers }: IncomingMessage) => upgrade !== undefined && headers.upgrade?.toLowerCase() === 'websocket',
  };
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    if (!server.listening) response.setHeader('connection', 'close');
    if (tls) response.setHeader('strict-transport-security', ONLY_TLS);
    running.add(response);
    void handle(request, response).then(() => running.delete(response));
  };
  const secure =
    tls && createSecureServer({ ...options, ...contextOf(tls), ...demandOf(tls), handshakeTimeout: limits.headerTime }, answer);
  const server = secure ?? createServer(options, answer);
  server.maxConnections = limits.connections;
  server.on('clientError', refuseUnreadable);
  if (upgrade) server.on('upgrade', upgrade);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const { address, port: bound } = boundTo(server.address());

  const end = async (close: (ended: () => void) => void): Promise<void> => {
    for (const response of running) if (!response.headersSent) response.setHeader('connection', 'close');
    const patience = setTimeout(() => server.closeAllConnections(), limits.drainTime);
    await new Promise<void>(close);
    clearTimeout(patience);
  };
  return {
    address,
    port: bound,
    renewTls: (renewed) => secure?.setSecureContext(contextOf(renewed)),
    close: () => end((ended) => server.close(ended)),
    // The HTTP server's own `close` would end idle connections, on which a client may be sending at this moment.
    drain: () => end((ended) => SocketServer.prototype.close.call(server, ended)),
  };
}

/** Sends an answer with what every answer carries. Returns the length of its body in bytes. */
export function send(response: ServerResponse, requestId: string, { status, contentType, body, headers, isForGateway }: Answer): number {
  // Encoded here: node:http would join a text with the headers, and encode it a second time after measuring it.
  const bytes = Buffer.from(body);
  sendHead(response, requestId, { status, contentType, isForGateway, headers: { 'content-length': String(bytes.length), ...headers } });
  response.end(bytes);
  return bytes.length;
}

/** The head of an answer whose body follows. */
export function sendHead(
  response: ServerResponse,
  requestId: string,
  { status, contentType, headers, isForGateway }: Omit<Answer, 'body'>,
): void {
  response.writeHead(status, {
    ...(isForGateway ? {} : SECURITY_HEADERS),
    'content-type': contentType,
    'hub-request-id': requestId,
    ...headers,
  });
}

/** Answers a connection that asked to be a WebSocket and stays none. */
export function refuseUpgrade(socket: Duplex, requestId: string, { status, contentType, body, headers }: Answer): void {
  const bytes = Buffer.from(body);
  const fields = {
    ...SECURITY_HEADERS,
    'content-type': contentType,
    'content-length': bytes.length,
    'hub-request-id': requestId,
    connection: 'close',
    ...headers,
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.on('error', () => socket.destroy());
  socket.end(Buffer.concat([Buffer.from(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n`), bytes]));
}

function contextOf({ cert, key, clientCa }: TlsMaterial) {
  return { cert, key, minVersion: 'TLSv1.2', ...(clientCa === undefined ? {} : { ca: clientCa }) } as const;
}

function demandOf({ clientCa }: TlsMaterial) {
  return clientCa === undefined ? {} : { requestCert: true, rejectUnauthorized: true };
}

function boundTo(address: string | AddressInfo | null): AddressInfo {
  if (address === null || typeof address === 'string') throw new Error('the listener is bound to no port');
  return address;
}

const UNREADABLE = new Map([
  ['HPE_HEADER_OVERFLOW', '431 Request Header Fields Too Large'],
  ['ERR_HTTP_REQUEST_TIMEOUT', '408 Request Timeout'],
]);

/** Bytes that never became a request. */
function refuseUnreadable(error: Error & { code?: string }, socket: Duplex): void {
  // Where TLS has failed nothing can be read on the other side.
  if (!socket.writable || !/^(?:HPE|ERR_HTTP)_/.test(error.code ?? '')) {
    socket.destroy();
    return;
  }
  const status = UNREADABLE.get(error.code ?? '') ?? '400 Bad Request';
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\nHub-Request-Id: ${randomUUID()}\r\n\r\n`);
}
