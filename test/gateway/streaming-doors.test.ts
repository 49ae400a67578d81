import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { buildSchema } from 'graphql';
import { WebSocket } from 'ws';
import type { DoorOptions } from '../../gateway/door.ts';
import type { ChangesAnswer, Engine } from '../../gateway/engine.ts';
import { trustDocuments } from '../../gateway/trusted-documents.ts';
import { type Delivery, follow, overEvents, socketClient } from '../support/live-stream.ts';
import { AGENCY, openTinyDoor, type TinyDoor, tinyEngine, verifyTiny } from './tiny-door.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

let door: TinyDoor;
const sockets: WebSocket[] = [];
/** Messages that nobody has looked at yet. */
const inboxes = new WeakMap<WebSocket, Delivery[]>();
const open = async (options: Partial<DoorOptions> = {}) => {
  door = await openTinyDoor(options);
};
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate();
  await door.close();
});

const connectTo = (options: { headers?: Record<string, string>; protocol?: string; path?: string } = {}) => {
  const { headers = {}, protocol = 'graphql-transport-ws', path = '/graphql' } = options;
  const socket = new WebSocket(`ws://127.0.0.1:${door.port}${path}`, protocol, { headers });
  sockets.push(socket);
  const inbox: Delivery[] = [];
  inboxes.set(socket, inbox);
  socket.on('message', (bytes) => inbox.push(JSON.parse(String(bytes))));
  return socket;
};
const closeOf = async (socket: WebSocket): Promise<{ code: number; reason: string }> => {
  const [code, reason] = await once(socket, 'close');
  return { code, reason: String(reason) };
};
/** Sends a message and waits for one. */
const say = (socket: WebSocket, message: unknown) => socket.send(typeof message === 'string' ? message : JSON.stringify(message));
const heard = async (socket: WebSocket): Promise<Delivery> => {
  const inbox = inboxes.get(socket);
  if (inbox?.length === 0) await once(socket, 'message');
  return inbox?.shift();
};
const initialised = async (params?: object) => {
  const socket = connectTo();
  await once(socket, 'open');
  say(socket, { type: 'connection_init', ...(params && { payload: params }) });
  expect((await heard(socket)).type).toBe('connection_ack');
  return socket;
};
const ask = async (socket: WebSocket, payload: object, id = '1') => {
  say(socket, { id, type: 'subscribe', payload });
  return heard(socket);
};
/** What an upgrade that is refused is answered with. */
const refusalOf = async (options: Parameters<typeof connectTo>[0]) => {
  const socket = connectTo(options);
  socket.on('error', () => {});
  const [request, response] = await once(socket, 'unexpected-response');
  let body = '';
  for await (const chunk of response) body += chunk;
  request.destroy();
  return { status: response.statusCode, code: JSON.parse(body).errors[0].extensions.code, requestId: response.headers['hub-request-id'] };
};

describe('a WebSocket', () => {
  it('is answered a query as POST is, with the token of connectionParams in whatever case', async () => {
    await open();
    const socket = await initialised({ AUTHORIZATION: 'Bearer agency', 'hub-Purpose': 'LICENSING' });
    expect(await ask(socket, { query: '{ greeting(name: "甲") }' })).toEqual({
      id: '1',
      type: 'next',
      payload: { data: { greeting: 'hello 甲' } },
    });
    expect((await heard(socket)).type).toBe('complete');
    expect(door.asked[0]?.principal).toEqual(AGENCY);
    expect(door.asked[0]?.headers).toMatchObject({ purpose: 'LICENSING', withheld: 'extensions' });
  });

  it.each([
    ['without connection_init in time', [], 4408, /./],
    ['that asks before it', [{ id: '1', type: 'subscribe', payload: { query: '{ greeting }' } }], 4401, /./],
    ['with a token that cannot be read', [{ type: 'connection_init', payload: { Authorization: 'Bearer x' } }], 4401, /^UNAUTHENTICATED: /],
    ['with a purpose that is no code', [{ type: 'connection_init', payload: { 'Hub-Purpose': '许可' } }], 4400, /^BAD_USER_INPUT: /],
    ['with a token that is no text', [{ type: 'connection_init', payload: { authorization: 1 } }], 4400, /^BAD_USER_INPUT: /],
    ['with two tokens', [{ type: 'connection_init', payload: { authorization: 'a', Authorization: 'b' } }], 4400, /^BAD_USER_INPUT: /],
    ['that sends what cannot be read', ['{'], 4400, /./],
    ['that sends a tower of brackets', ['['.repeat(40)], 4400, /^BAD_USER_INPUT: /],
    ['that sends too much', [' '.repeat(3000)], 1009, /^/],
  ] as const)('%s is closed', async (_how, messages, code, reason) => {
    await open({ limits: { initTime: 100, bodyBytes: 2048 } });
    const socket = connectTo();
    await once(socket, 'open');
    for (const message of messages) say(socket, message);
    const closed = await closeOf(socket);
    expect(closed.code).toBe(code);
    expect(closed.reason).toMatch(reason);
  });

  it('of another protocol is closed', async () => {
    await open();
    const socket = new WebSocket(`ws://127.0.0.1:${door.port}/graphql`);
    sockets.push(socket);
    expect((await closeOf(socket)).code).toBe(4406);
  });

  it.each([
    ['from a page of another site', { headers: { origin: 'https://elsewhere.example' } }, 403, 'FORBIDDEN'],
    ['for another host', { headers: { host: 'elsewhere.example' } }, 403, 'FORBIDDEN'],
    ['at another path', { path: '/graphql/stream' }, 404, 'NOT_FOUND'],
    ['with a token in its head', { headers: { authorization: 'Bearer agency' } }, 400, 'BAD_USER_INPUT'],
  ])('is refused %s', async (_how, options, status, code) => {
    await open();
    expect(await refusalOf(options)).toEqual({ status, code, requestId: expect.stringMatching(/^[\w-]{36}$/) });
  });

  it('is taken from a page of the own site and of one that is allowed', async () => {
    await open({ allowedOrigins: ['https://allowed.example'] });
    for (const origin of [`http://127.0.0.1:${door.port}`, 'https://allowed.example'])
      await once(connectTo({ headers: { origin } }), 'open');
  });

  it('is counted when it is opened and for each operation', async () => {
    await open({ limits: { publicRate: { perSecond: 0.001, burst: 4 } } });
    const socket = await initialised();
    expect((await ask(socket, { query: '{ greeting }' })).type).toBe('next');
    expect((await heard(socket)).type).toBe('complete');
    expect((await ask(socket, { query: '{ greeting }' }, '2')).type).toBe('next');
    expect((await heard(socket)).type).toBe('complete');
    expect((await ask(socket, { query: '{ greeting }' }, '3')).payload[0].extensions.code).toBe('RATE_LIMITED');
    expect(await refusalOf({})).toMatchObject({ status: 429, code: 'RATE_LIMITED' });
  });

  it.each([
    ['a mutation', { query: 'mutation { rename(name: "x") }' }, 'BAD_USER_INPUT'],
    ['what is no GraphQL', { query: '{' }, 'GRAPHQL_PARSE_FAILED'],
    ['an unknown field', { query: '{ nothing }' }, 'GRAPHQL_VALIDATION_FAILED'],
    ['variables that do not fit', { query: 'query ($of: [Int!]!) { count(of: $of) }', variables: { of: 'x' } }, 'BAD_USER_INPUT'],
    ['too much', { query: '{ subjects(first: 201) { totalCount } }' }, 'LIMIT_EXCEEDED'],
    ['a subscription where no feed is read', { query: 'subscription { tick }' }, 'BAD_USER_INPUT'],
  ])('is told why it is refused %s, and stays', async (_what, payload, code) => {
    await open();
    const socket = await initialised();
    const { type, payload: told } = await ask(socket, payload);
    expect((type === 'error' ? told : told.errors)[0].extensions.code).toBe(code);
    expect(socket.readyState).toBe(socket.OPEN);
  });

  it('is told that a subscription cannot be explained', async () => {
    await open();
    const { payload } = await ask(await initialised({ 'Hub-Explain': 'true' }), { query: 'subscription { tick }' });
    expect(payload[0]).toMatchObject({ message: expect.stringContaining('explained'), extensions: { code: 'BAD_USER_INPUT' } });
  });

  it('is told of a fault of the hub by its incident alone', async () => {
    await open();
    const { payload } = await ask(await initialised(), { query: '{ driverFault }' });
    expect(payload.errors[0]).toMatchObject({ message: 'internal error', extensions: { code: 'INTERNAL_SERVER_ERROR' } });
    expect(door.lines.find(({ event }) => event === 'incident')?.incident).toBe(payload.errors[0].extensions.incident);
  });

  it('is answered trusted documents alone where they are required, by text or hash', async () => {
    const trusted = trustDocuments({ required: true });
    trusted.load(JSON.stringify({ [sha256('{ greeting }')]: '{ greeting }' }), tinyEngine.schema);
    await open({ trusted });
    const socket = await initialised();
    const persistedQuery = { version: 1, sha256Hash: sha256('{ greeting }') };
    const named = await ask(socket, { query: '', extensions: { persistedQuery } });
    expect(named.payload).toEqual({ data: { greeting: 'hello world' } });
    expect((await heard(socket)).type).toBe('complete');
    expect((await ask(socket, { query: '{ greeting }' }, '2')).type).toBe('next');
    expect((await heard(socket)).type).toBe('complete');
    expect((await ask(socket, { query: '{ conflict }' }, '3')).payload[0].extensions.code).toBe('BAD_USER_INPUT');
    const events = overEvents(`http://127.0.0.1:${door.port}`, '{ conflict }');
    expect((await events.next()).errors[0].extensions.code).toBe('BAD_USER_INPUT');
  });

  it('ends with the token, by the clock of the hub', async () => {
    let now = new Date('2026-03-02T08:00:00Z');
    const exp = now.getTime() / 1000 + 60;
    await open({ clock: { now: () => now }, verify: async (given) => ({ ...(await verifyTiny(given)), exp }) });
    const socket = await initialised({ authorization: 'Bearer agency' });
    now = new Date(now.getTime() + 61_000);
    expect(await closeOf(socket)).toEqual({ code: 4403, reason: 'UNAUTHENTICATED: the token has expired' });
  });

  it('is ended with 1001 when the hub closes', async () => {
    await open();
    const socket = await initialised();
    const closed = closeOf(socket);
    await door.close();
    expect((await closed).code).toBe(1001);
  });

  it('that does not answer a ping is cut off', async () => {
    await open({ limits: { pingTime: 50 } });
    const silent = new WebSocket(`ws://127.0.0.1:${door.port}/graphql`, 'graphql-transport-ws', { autoPong: false });
    sockets.push(silent);
    expect((await closeOf(silent)).code).toBe(1006);
    const alive = await initialised();
    for (let pings = 0; pings < 3; pings++) await once(alive, 'ping');
    expect(alive.readyState).toBe(alive.OPEN);
  });

  it('runs so many operations at once and no more', async () => {
    await open({ engine: feedOf({ bytes: 10, ends: true }), limits: { operations: 2 } });
    const socket = await initialised();
    for (const id of ['1', '2']) expect((await ask(socket, { query: SUBSCRIPTION }, id)).type).toBe('next');
    expect((await ask(socket, { query: SUBSCRIPTION }, '3')).payload[0].extensions.code).toBe('LIMIT_EXCEEDED');
    say(socket, { id: '1', type: 'complete' });
    await until(() => door.printMetrics().includes('hub_feed_subscribers 1\n'));
    expect((await ask(socket, { query: SUBSCRIPTION }, '4')).type).toBe('next');
  });
});

const SUBSCRIPTION = 'subscription { changes { ... on Change { id text } ... on Lagged { resumeFrom } } }';
const feedSchema = buildSchema(`
  type Query { changes(after: Cursor, first: Int): ChangePage }
  type ChangePage { nodes: [Change!]!  endCursor: Cursor!  hasMore: Boolean!  resync: String }
  type Subscription { changes(after: Cursor): ChangeDelivery! }
  union ChangeDelivery = Change | Lagged | Resync
  type Change { id: ID!  cursor: Cursor!  at: String!  text: String }
  type Lagged { resumeFrom: Cursor! }
  type Resync { reason: String!  cursor: Cursor! }
  scalar Cursor
`);
let read = 0;
/** A feed of changes of this size that never ends, or that has told one and waits. */
function feedOf({ bytes, ends = false }: { readonly bytes: number; readonly ends?: boolean }): Engine {
  read = 0;
  const text = 'x'.repeat(bytes);
  return {
    schema: feedSchema,
    execute: tinyEngine.execute,
    async readChanges({ after, first, query: { responseKey } }) {
      const from = Number(after ?? 0);
      const count = !ends ? Math.min(first, 5) : from === 0 ? 1 : 0;
      read += count;
      const events = Array.from({ length: count }, (_, index) => ({
        cursor: String(from + index + 1),
        at: 0,
        response: { data: { [responseKey]: { id: String(from + index + 1), text } } },
      }));
      const answer: Omit<ChangesAnswer, 'caller'> = {
        events,
        endCursor: String(from + count),
        hasMore: !ends,
        resync: null,
        place: undefined,
        begun: { subjectId: undefined, counted: undefined },
        sharedBy: 'one',
        logFor: async () => {},
      };
      return answer as ChangesAnswer;
    },
  };
}
const until = async (holds: () => boolean) => {
  const deadline = performance.now() + 10_000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error('it did not come to pass');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};
/** Resolves when nothing more is read for a while. */
const settled = async () => {
  for (let before = -1; before !== read; ) {
    before = read;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return read;
};
const subscribers = (count: number) => () => door.printMetrics().includes(`hub_feed_subscribers ${count}\n`);

describe('a reader that stops reading', () => {
  it('over WebSocket is read no more for, and is told that it lagged when it goes on', async () => {
    await open({ engine: feedOf({ bytes: 500_000 }), limits: { slowMs: 800 } });
    const socket = await initialised();
    say(socket, { id: '1', type: 'subscribe', payload: { query: SUBSCRIPTION } });
    await heard(socket);
    socket.pause();
    const most = await settled();
    expect(most).toBeLessThan(60);
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(read).toBe(most);
    const told: Delivery[] = [];
    const completed = new Promise<void>((resolve) => {
      socket.on('message', (bytes) => {
        const message = JSON.parse(String(bytes));
        if (message.type === 'complete') resolve();
        else told.push(message.payload.data.changes);
      });
    });
    socket.resume();
    await completed;
    const [last, before] = told.reverse();
    expect(last).toEqual({ resumeFrom: before.id });
    expect(socket.readyState).toBe(socket.OPEN);
  });

  it('over WebSocket is cut off when it never goes on', async () => {
    await open({ engine: feedOf({ bytes: 500_000 }), limits: { slowMs: 300 } });
    const socket = await initialised();
    say(socket, { id: '1', type: 'subscribe', payload: { query: SUBSCRIPTION } });
    await heard(socket);
    socket.pause();
    await until(subscribers(0));
  });

  it('over server-sent events is read no more for, and is cut off', async () => {
    await open({ engine: feedOf({ bytes: 500_000 }), limits: { slowMs: 300 } });
    const socket: Socket = connect(door.port, '127.0.0.1');
    const query = encodeURIComponent(SUBSCRIPTION);
    socket.write(`GET /graphql/stream?query=${query} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n`);
    await once(socket, 'data');
    socket.pause();
    await until(subscribers(1));
    expect(await settled()).toBeLessThan(60);
    await until(subscribers(0));
    socket.destroy();
  });
});

describe('server-sent events', () => {
  const stream = (init: RequestInit & { search?: string } = {}) => fetch(`${door.url}/stream${init.search ?? ''}`, init);
  const post = (query: string, headers: Record<string, string> = {}) =>
    stream({
      method: 'POST',
      headers: { accept: 'text/event-stream', 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query }),
    });

  it('answer a query with one event and say that it was all', async () => {
    await open();
    const response = await post('{ greeting }');
    expect(response.headers.get('hub-request-id')).toMatch(/^[\w-]{36}$/);
    expect(await response.text()).toBe(':\n\nevent: next\ndata: {"data":{"greeting":"hello world"}}\n\nevent: complete\ndata:\n\n');
  });

  it.each([
    ['another method', { method: 'PUT' }, 405],
    ['another type of answer', { headers: { accept: 'application/json' } }, 406],
    [
      'a token that cannot be read',
      { headers: { accept: 'text/event-stream', authorization: 'Bearer x' }, search: '?query={greeting}' },
      401,
    ],
    ['two operations in one cursor', { headers: { accept: '*/*', 'last-event-id': 'a b' }, search: '?query={greeting}' }, 400],
    ['a page of another site', { headers: { accept: '*/*', origin: 'https://elsewhere.example' }, search: '?query={greeting}' }, 403],
  ])('are not begun for %s', async (_what, init, status) => {
    await open();
    expect((await stream(init)).status).toBe(status);
  });

  it('may be read by a page of an allowed site', async () => {
    await open({ allowedOrigins: ['https://allowed.example'] });
    const response = await post('{ greeting }', { origin: 'https://allowed.example' });
    expect(response.headers.get('access-control-allow-origin')).toBe('https://allowed.example');
    await response.body?.cancel();
  });

  it('tell within the stream what stops an operation', async () => {
    await open();
    const text = await (await post('mutation { rename(name: "x") }')).text();
    expect(text).toMatch(/event: next\ndata: \{"errors":\[\{.*"code":"BAD_USER_INPUT".*\n\nevent: complete/);
  });

  it('show that they stand, and are ended so that their client comes back when the hub closes', async () => {
    await open({ engine: feedOf({ bytes: 10, ends: true }), limits: { heartbeatTime: 20 } });
    const response = await post(SUBSCRIPTION);
    await until(subscribers(1));
    const whole = response.text();
    await new Promise((resolve) => setTimeout(resolve, 100));
    await door.close();
    const text = await whole;
    expect(text).toMatch(/^:\n\nevent: next\nid: 1\ndata: .*\n\n(?::\n\n)+$/);
    await open();
  });

  it('go on under the engine that follows', async () => {
    await open({ engine: feedOf({ bytes: 10, ends: true }), limits: { lookMs: 20 } });
    const events = overEvents(`http://127.0.0.1:${door.port}`, SUBSCRIPTION);
    expect((await events.next()).data.changes.id).toBe('1');
    const { schema, execute, readChanges } = feedOf({ bytes: 5 });
    await door.renewEngine({ schema, execute, ...(readChanges && { readChanges }) });
    expect((await events.next()).data.changes).toEqual({ id: '2', text: 'xxxxx' });
    events.close();
  });

  it('and sockets that a client leaves cost nothing more', async () => {
    await open({ engine: feedOf({ bytes: 10, ends: true }) });
    const events = overEvents(`http://127.0.0.1:${door.port}`, SUBSCRIPTION);
    const client = socketClient(`http://127.0.0.1:${door.port}`);
    const overWire = follow((sink) => client.subscribe({ query: SUBSCRIPTION }, sink));
    await Promise.all([events.next(), overWire.next()]);
    expect(subscribers(2)()).toBe(true);
    events.close();
    overWire.close();
    await until(subscribers(0));
    await client.dispose();
  });
});
