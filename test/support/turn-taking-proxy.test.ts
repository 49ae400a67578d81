import { once } from 'node:events';
import { Agent, createServer, request, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTurnTakingProxy, type TurnTakingProxy } from './turn-taking-proxy.ts';

let servers: readonly Server[];
let proxy: TurnTakingProxy;
beforeAll(async () => {
  servers = await Promise.all(['first', 'second'].map(startServer));
  proxy = await startTurnTakingProxy(servers.map((server) => (server.address() as AddressInfo).port));
});
afterAll(async () => {
  await proxy.close();
  for (const server of servers) server.close();
});

/** Answers with its name and how much it was sent, and repeats whatever comes on a connection that is upgraded. */
async function startServer(name: string): Promise<Server> {
  const server = createServer(async (asked, answer) => {
    let length = 0;
    for await (const chunk of asked) {
      length += chunk.length;
    }
    answer.end(`${name} ${length}`);
  });
  server.on('upgrade', (_asked, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n');
    socket.on('end', () => socket.destroy()).pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

async function ask(agent: Agent | false, chunks: readonly string[] = []): Promise<string> {
  const asking = request({ port: proxy.port, host: '127.0.0.1', agent, method: 'POST' });
  for (const chunk of chunks) {
    asking.write(chunk);
    await new Promise(setImmediate);
  }
  asking.end();
  const [answer] = await once(asking, 'response');
  let text = '';
  for await (const chunk of answer) text += chunk;
  return text;
}

describe('the proxy before workers', () => {
  it.each([
    ['one connection', new Agent({ keepAlive: true, maxSockets: 1 })],
    ['connections of their own', false as const],
  ])('gives requests on %s to one server after the other', async (_on, agent) => {
    const answers = [];
    for (let count = 0; count < 6; count++) answers.push(await ask(agent));
    if (agent) agent.destroy();
    expect(new Set(answers.filter((_, index) => index % 2 === 0)).size).toBe(1);
    expect(new Set(answers)).toEqual(new Set(['first 0', 'second 0']));
    expect(answers[0]).not.toBe(answers[1]);
  });

  it('leaves a body that comes in pieces with one server', async () => {
    expect(await ask(false, ['a'.repeat(100), 'b'.repeat(100), 'c'.repeat(100)])).toMatch(/^(first|second) 300$/);
  });

  it('leaves a connection that speaks another protocol with one server', async () => {
    const socket = connect(proxy.port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n');
    await once(socket, 'data');
    for (const word of ['one', 'two', 'three']) {
      socket.write(word);
      const [echoed] = await once(socket, 'data');
      expect(String(echoed)).toBe(word);
    }
    socket.destroy();
  });

  it('lets what is no HTTP reach a server, and its refusal come back', async () => {
    const socket = connect(proxy.port, '127.0.0.1');
    socket.end('no request\r\n\r\n');
    let text = '';
    for await (const chunk of socket) text += chunk;
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
  });
});
