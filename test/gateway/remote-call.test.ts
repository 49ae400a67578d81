import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Caller } from '../../auth/caller.ts';
import { type RemoteSubgraph, remoteSubgraph } from '../../gateway/remote-call.ts';

const CALLER: Caller = {
  principal: { audience: 'PUBLIC' },
  profile: { audience: 'PUBLIC', authLevel: 1, ownSources: [], grants: [] },
  profileKey: '',
  requestId: 'request-1',
  today: '2026-11-24',
  now: new Date('2026-11-24T04:00:00Z'),
  params: { today: '2026-11-24' },
};
const REMARKS = { withheld: [], annotations: [], narrowed: [], disclosed: [], granted: ['A.b'], authorised: [], revealed: [] };
const WHOLE = JSON.stringify({ data: { ok: true }, extensions: { hub: REMARKS } });
const STOPPED = (code: string) => JSON.stringify({ errors: [{ message: 'no', extensions: { code } }] });

/** What the other side does with one request. */
type Reply = (request: IncomingMessage, response: ServerResponse) => void;
const answers =
  (status: number, text: string): Reply =>
  (request, response) => {
    request.resume();
    request.on('end', () => response.writeHead(status, { 'content-type': 'application/json' }).end(text));
  };
const hangsUp: Reply = (request) => void request.socket.destroy();
const staysSilent: Reply = () => {};
const breaksOff: Reply = (_request, response) => {
  response.writeHead(200, { 'content-length': 1_000 });
  response.write('{');
  setImmediate(() => response.destroy());
};

let server: Server;
let remote: RemoteSubgraph;
afterEach(async () => {
  remote.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** A subgraph that replies to each request in turn, the last way for ever. */
async function subgraphThat(...replies: readonly Reply[]) {
  const statements: unknown[] = [];
  const connections = new Set<unknown>();
  server = createServer((request, response) => {
    connections.add(request.socket);
    statements.push(request.headers['hub-statement']);
    (replies[Math.min(statements.length, replies.length) - 1] ?? staysSilent)(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  let signed = 0;
  remote = remoteSubgraph({
    name: 'records',
    url: new URL(`http://127.0.0.1:${port}`),
    sign: async () => {
      signed += 1;
      return `statement-${signed}`;
    },
    policy: 'p',
    timeout: 300,
    breaker: { failures: 3, pause: 60_000 },
    log: () => {},
  });
  const call = (query = '{ ok }') => remote.call({ query, variables: {}, caller: CALLER });
  return { statements, connections, call };
}

describe('a call of a remote subgraph', () => {
  it('hands on the data and what the subgraph says about it', async () => {
    const { call, statements } = await subgraphThat(answers(200, WHOLE));
    expect(await call()).toEqual({ data: { ok: true }, errors: undefined, remarks: { ...REMARKS, granted: new Set(['A.b']) } });
    expect(statements).toEqual(['statement-1']);
  });

  it.each([
    ['hangs up', hangsUp],
    ['breaks off', breaksOff],
    ['is not ready', answers(503, 'busy')],
    ['answers with something else', answers(200, '<html>')],
    ['answers without what belongs to an answer', answers(200, '{"data":{"ok":true}}')],
  ])('is made once more, with a statement of its own, when the subgraph %s', async (_what, reply) => {
    const { call, statements } = await subgraphThat(reply, answers(200, WHOLE));
    expect((await call()).data).toEqual({ ok: true });
    expect(statements).toEqual(['statement-1', 'statement-2']);
  });

  it('is not made a third time', async () => {
    const { call, statements } = await subgraphThat(hangsUp);
    await expect(call()).rejects.toThrow('the connection failed');
    expect(statements).toHaveLength(2);
  });

  it.each(['mutation { ok }', '\n  mutation Op__records__0($a: Int) { ok(a: $a) }'])('is never repeated for %j', async (query) => {
    const { call, statements } = await subgraphThat(hangsUp, answers(200, WHOLE));
    await expect(call(query)).rejects.toThrow('the connection failed');
    expect(statements).toHaveLength(1);
  });

  it('goes over a connection that was kept, and a mutation over one of its own', async () => {
    const { call, connections } = await subgraphThat(answers(200, WHOLE));
    for (let round = 0; round < 5; round += 1) await call();
    const kept = connections.size;
    // One that has just answered is not free at once.
    expect(kept).toBeLessThan(3);
    await call('mutation { ok }');
    await call('mutation { ok }');
    expect(connections.size).toBe(kept + 2);
    await call();
    expect(connections.size).toBe(kept + 2);
  });

  it('takes an answer that comes in pieces, within characters too', async () => {
    const whole = Buffer.from(JSON.stringify({ data: { name: '浉河区' }, extensions: { hub: REMARKS } }));
    const { call } = await subgraphThat((_request, response) => {
      const place = whole.indexOf('河') + 1;
      response.write(whole.subarray(0, place));
      setImmediate(() => response.end(whole.subarray(place)));
    });
    expect((await call()).data).toEqual({ name: '浉河区' });
  });

  it('ends by its deadline and is not repeated then', async () => {
    const { call, statements } = await subgraphThat(staysSilent);
    const began = performance.now();
    await expect(call()).rejects.toThrow('there was no answer in time');
    expect([statements.length, performance.now() - began < 2_000]).toEqual([1, true]);
  });

  it.each(['FORBIDDEN', 'PURPOSE_REQUIRED', 'VOUCHER_INVALID'])('that is stopped for %s is an error of that code', async (code) => {
    const { call, statements } = await subgraphThat(answers(403, STOPPED(code)));
    await expect(call()).rejects.toMatchObject({ code, message: 'no' });
    expect(statements).toHaveLength(1);
  });

  it('whose statement is refused is a fault of the hub, not of its caller', async () => {
    const { call, statements } = await subgraphThat(answers(401, STOPPED('UNAUTHENTICATED')));
    const error = await call().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ message: 'records has refused the access statement: no' });
    expect(error).not.toHaveProperty('code');
    expect(statements).toHaveLength(1);
  });

  it('is not made any more after failures one after another', async () => {
    const { call, statements } = await subgraphThat(hangsUp);
    for (let round = 0; round < 4; round += 1) await expect(call()).rejects.toThrow();
    await expect(call()).rejects.toThrow('left out for a moment');
    expect(statements).toHaveLength(3);
  });
});
