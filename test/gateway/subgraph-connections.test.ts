import { createServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createSocketServer, type Server as SocketServer } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type Connections, openConnections } from '../../gateway/subgraph-connections.ts';

const CONNECTIONS = 128;
const LONG = 60_000;

let server: SocketServer;
let connections: Connections;
afterEach(async () => {
  connections.close();
  await new Promise((resolve) => server.close(resolve));
});

async function listening<Kind extends SocketServer>(opened: Kind): Promise<Kind> {
  server = opened;
  await new Promise<void>((resolve) => opened.listen(0, '127.0.0.1', resolve));
  return opened;
}
const portOf = (opened: SocketServer) => (opened.address() as AddressInfo).port;
const ask = (name: string, patience = LONG, mayReuse = true) =>
  connections.exchange({ path: `/${name}`, headers: {}, body: '{}', mayReuse, deadline: performance.now() + patience });

describe('connections to a subgraph', () => {
  it('are so many at once, and what waits for one until its deadline is not sent any more', async () => {
    const seen: string[] = [];
    const held: ServerResponse[] = [];
    let full = () => {};
    const filled = new Promise<void>((resolve) => {
      full = resolve;
    });
    const http: Server = createServer((request, response) => {
      seen.push(request.url ?? '');
      if (request.url !== '/held') return void response.end('answered');
      held.push(response);
      if (held.length === CONNECTIONS) full();
    });
    await listening(http);
    connections = openConnections(new URL(`http://127.0.0.1:${portOf(http)}`), LONG);
    const running = Array.from({ length: CONNECTIONS }, () => ask('held'));
    await filled;
    await expect(ask('late', 20)).rejects.toMatchObject({ isLate: true });
    const next = ask('next');
    for (const response of held) response.end('held');
    expect((await Promise.all(running)).every(({ text }) => text === 'held')).toBe(true);
    expect(await next).toEqual({ status: 200, text: 'answered' });
    expect(seen.filter((path) => path !== '/held')).toEqual(['/next']);
  });

  it.each([true, false])('are given up at the deadline where the other end never begins to speak TLS (kept: %s)', async (mayReuse) => {
    const silent = await listening(createSocketServer((socket) => socket.on('error', () => {}).resume()));
    connections = openConnections(new URL(`https://127.0.0.1:${portOf(silent)}`), 200);
    await expect(ask('x', 100, mayReuse)).rejects.toMatchObject({ isLate: true, message: 'there was no answer in time' });
  });

  it('take no answer that does not end', async () => {
    const http = await listening(
      createServer((_request, response) => {
        const piece = Buffer.alloc(8_388_608, 'x');
        const more = () => response.write(piece, (error) => error || more());
        more();
      }),
    );
    connections = openConnections(new URL(`http://127.0.0.1:${portOf(http)}`), LONG);
    await expect(ask('x')).rejects.toMatchObject({ isLate: false, message: 'the connection failed' });
  }, 30_000);
});
