import { connect, createServer, type Socket } from 'node:net';

/** Stands between a client and a server on this machine. */
export interface StallingProxy {
  readonly port: number;
  /** From here on what arrives is kept back in both directions, on connections that are open and on new ones. */
  stall(): void;
  /** Keeps back what the server says on open connections; what the client says arrives. */
  silence(): void;
  /** Forwards what was kept back, and everything after it. */
  resume(): void;
  /** Breaks every connection; new ones are forwarded. */
  sever(): void;
  /** Breaks every connection, and new ones as soon as they are made, until it is told to resume. */
  cut(): void;
  /** From here on what the server says arrives so many milliseconds later. */
  delay(milliseconds: number): void;
  close(): Promise<void>;
}

export async function startStallingProxy(target: number): Promise<StallingProxy> {
  const open = new Set<Socket>();
  const answering = new Set<Socket>();
  let stalled = false;
  let isCut = false;
  let lateBy = 0;
  const keep = (socket: Socket) => {
    open.add(socket);
    // A broken connection is what the test is about, whichever side broke it.
    socket
      .on('error', () => socket.destroy())
      .on('close', () => {
        open.delete(socket);
        answering.delete(socket);
      });
    if (stalled) socket.pause();
  };
  const server = createServer((client) => {
    if (isCut) return void client.destroy();
    const onward = connect(target, '127.0.0.1');
    answering.add(onward);
    for (const [from, to] of [
      [client, onward],
      [onward, client],
    ] as const) {
      const inTime = (step: () => void) => {
        if (from === onward && lateBy > 0) setTimeout(step, lateBy);
        else step();
      };
      from.on('data', (bytes) => inTime(() => !to.destroyed && to.write(bytes)));
      from.on('close', () => inTime(() => to.destroy()));
      keep(from);
    }
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('the proxy has no port');
  const sever = () => {
    stalled = false;
    for (const socket of open) socket.destroy();
  };
  return {
    port: address.port,
    stall() {
      stalled = true;
      for (const socket of open) socket.pause();
    },
    silence() {
      for (const socket of answering) socket.pause();
    },
    resume() {
      stalled = false;
      isCut = false;
      for (const socket of open) socket.resume();
    },
    sever,
    cut() {
      isCut = true;
      sever();
    },
    delay(milliseconds) {
      lateBy = milliseconds;
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      sever();
      await closed;
    },
  };
}
