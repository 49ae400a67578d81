import type { SubscribePayload } from 'graphql-ws';
import type { WebSocket } from 'ws';
import type { ReportFailure } from './answered-error.ts';
import type { HubHeaders } from './engine.ts';
import type { RequestEntry } from './request-log.ts';

/** One connection: who asks, and how, is settled by `connection_init`. */
export interface Session {
  readonly socket: WebSocket;
  readonly address: string | undefined;
  readonly running: Map<SubscribePayload, Running>;
  /** The token is looked at anew for each operation, with what the registry says by then. */
  caller: { readonly authorization: string | undefined; readonly headers: HubHeaders } | undefined;
  isAlive: boolean;
  forgetExpiry: () => void;
}

/** One operation of a connection. */
export interface Running {
  readonly entry: RequestEntry;
  readonly report: ReportFailure;
  readonly stop: AbortController;
  readonly started: number;
}

/** Its streams end first: what they still had to tell would be told to nobody. */
export function endSession({ socket, running }: Session, { code, reason }: { readonly code: number; readonly reason: string }): void {
  for (const { stop } of running.values()) stop.abort();
  socket.close(code, reason);
}

/** A connection that has something to read is given the time of a slow reader instead. */
export function pingOrEnd(session: Session): void {
  const { socket } = session;
  if (socket.readyState !== socket.OPEN || socket.bufferedAmount > 0) return;
  if (!session.isAlive) {
    socket.terminate();
    return;
  }
  session.isAlive = false;
  socket.ping();
}

/** Resolves when the text was handed on, or nobody is there any more; whoever reads nothing for too long is cut off. */
export function sendWithin(
  socket: WebSocket,
  text: string,
  { bodyBytes, slowMs }: { readonly bodyBytes: number; readonly slowMs: number },
): Promise<void> {
  return new Promise((resolve) => {
    if (socket.readyState !== socket.OPEN) return resolve();
    const stuck = setTimeout(() => socket.terminate(), 2 * slowMs);
    // Whoever asks without reading the answers is not heard any more until it has.
    if (socket.bufferedAmount > bodyBytes) socket.pause();
    socket.send(text, () => {
      clearTimeout(stuck);
      if (socket.isPaused && socket.bufferedAmount <= bodyBytes) socket.resume();
      resolve();
    });
  });
}

/** The client's end of an operation is heard at once, not with the next delivery. */
export function endingWith<T>(stop: AbortController, generator: AsyncGenerator<T, void>): AsyncGenerator<T, void> {
  const end = generator.return.bind(generator);
  return Object.assign(generator, {
    return(value: undefined) {
      stop.abort();
      return end(value);
    },
  });
}
