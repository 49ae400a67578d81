import { connect, createServer, type Socket } from 'node:net';

/** Stands before several servers, and gives each request to the next of them. */
export interface TurnTakingProxy {
  readonly port: number;
  close(): Promise<void>;
}

/** Forwards bytes as they are, so that what is no good HTTP reaches a server too; a request after an answer on one connection goes to the next server as well. */
export async function startTurnTakingProxy(targets: readonly number[]): Promise<TurnTakingProxy> {
  const open = new Set<Socket>();
  const keep = (socket: Socket) => {
    open.add(socket);
    return socket.on('error', () => socket.destroy()).on('close', () => open.delete(socket));
  };
  let turn = 0;
  const connectNext = () => {
    const target = targets[turn++ % targets.length] ?? 0;
    return keep(connect({ port: target, host: '127.0.0.1', allowHalfOpen: true, noDelay: true }));
  };
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => forward(keep(client), connectNext));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('the proxy has no port');
  return {
    port: address.port,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}

/** What comes after a last answer, such as the rest of a body that was too long or the frames of a WebSocket, belongs to it. */
type State = 'asked' | 'answered' | 'answered for the last time';

function forward(client: Socket, connectNext: () => Socket): void {
  let server: Socket | undefined;
  let state: State = 'asked';
  const takeTurn = (): Socket => {
    const next = connectNext();
    server?.end();
    state = 'asked';
    next.on('data', (bytes) => {
      if (next !== server) return;
      if (state === 'asked') state = stateAfter(bytes.toString('latin1'));
      client.write(bytes);
    });
    next.on('end', () => next === server && client.end());
    next.on('close', () => next === server && client.destroySoon());
    return next;
  };
  client.on('data', (bytes) => {
    if (!server || state === 'answered') server = takeTurn();
    if (!server.destroyed) server.write(bytes);
  });
  client.on('end', () => server?.end());
  client.on('close', () => server?.destroy());
}

function stateAfter(head: string): State {
  if (/^HTTP\/1\.1 101 |^connection: close\r$/im.test(head)) return 'answered for the last time';
  return /^HTTP\/1\.1 1\d\d /.test(head) ? 'asked' : 'answered';
}
