import { connect, Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Limits } from '../../gateway/door.ts';
import type { Engine, EngineResponse } from '../../gateway/engine.ts';
import { bodyOf, exchange, openTinyDoor, type TinyDoor, tinyEngine } from './tiny-door.ts';

const originalConnect = Socket.prototype.connect;
const destinations = new Set<string>();
beforeAll(() => {
  Socket.prototype.connect = function (this: Socket, ...args: unknown[]) {
    const [options] = args.flat();
    destinations.add(typeof options === 'object' && options !== null && 'host' in options ? String(options.host) : 'localhost');
    return Reflect.apply(originalConnect, this, args);
  };
});
afterAll(() => {
  Socket.prototype.connect = originalConnect;
});

let door: TinyDoor;
const open = async (options: Parameters<typeof openTinyDoor>[0] = {}) => {
  await door.close();
  door = await openTinyDoor(options);
};
beforeEach(async () => {
  door = await openTinyDoor();
});
afterEach(() => door.close());

const answering = (execute: Engine['execute']): Engine => ({ schema: tinyEngine.schema, execute });
const codesOf = async (response: Response) => (await bodyOf(response)).errors?.map(({ extensions }) => extensions.code);
const requestLines = () => door.lines.filter(({ event }) => event === 'request');

describe('the rate', () => {
  let now = 0;
  const limited = () =>
    open({
      clock: { now: () => new Date(now) },
      limits: { publicRate: { perSecond: 1, burst: 2 }, clientRate: { perSecond: 1, burst: 3 } },
    });
  const statuses = async (count: number, headers: Record<string, string> = {}) => {
    const seen: number[] = [];
    for (let index = 0; index < count; index++) seen.push((await door.post({ query: '{ greeting }' }, headers)).status);
    return seen;
  };

  it('of the public and of each client is limited apart', async () => {
    await limited();
    expect(await statuses(3)).toEqual([200, 200, 429]);
    expect(await statuses(4, { authorization: 'Bearer agency' })).toEqual([200, 200, 200, 429]);
  });

  it('recovers with time, and Retry-After says when', async () => {
    await limited();
    await statuses(2);
    const refused = await door.post({ query: '{ greeting }' });
    expect([refused.headers.get('retry-after'), await codesOf(refused)]).toEqual(['1', ['RATE_LIMITED']]);
    now += 1_000;
    expect(await statuses(2)).toEqual([200, 429]);
  });

  it('is counted before the document is read', async () => {
    await limited();
    await statuses(2);
    expect(await codesOf(await door.post({ query: '{' }))).toEqual(['RATE_LIMITED']);
  });
});

describe('what is written down', () => {
  it('is one line a request, without values, tokens or addresses', async () => {
    const query = 'query Find($n: String) { greeting(name: $n) subject(id: "11010519491231002X") { id } }';
    await door.post(
      { query, variables: { n: '张三' } },
      { authorization: 'Bearer agency', 'hub-request-id': 'client-7', 'hub-purpose': 'LICENSING' },
    );
    expect(requestLines()).toEqual([
      {
        event: 'request',
        time: '2026-03-02T08:00:00.000Z',
        requestId: door.asked[0]?.requestId,
        clientRequestId: 'client-7',
        audience: 'AGENCY',
        kind: 'query',
        operationName: 'Find',
        operation: expect.stringMatching(/^[0-9a-f]{32}$/),
        status: 200,
        codes: [],
        durationMs: expect.any(Number),
        bytes: expect.any(Number),
      },
    ]);
    expect(JSON.stringify(door.lines)).not.toMatch(/11010519491231002X|张三|127\.0\.0\.1|official-1|11440000MB2C00001X|Bearer/);
  });

  it('keeps no name and no id that could be a number of somebody', async () => {
    await door.post({ query: 'query P11010519491231002X { greeting }' }, { 'hub-request-id': '11010519491231002X' });
    expect(requestLines()[0]).toMatchObject({ operationName: undefined, clientRequestId: undefined });
  });

  it('tells requests that were stopped, with their code', async () => {
    await door.post('{', {});
    await door.post({ query: '{ nothing }' });
    expect(requestLines().map(({ status, codes }) => [status, codes])).toEqual([
      [400, ['BAD_USER_INPUT']],
      [400, ['GRAPHQL_VALIDATION_FAILED']],
    ]);
  });

  it('is counted for Prometheus on a port of its own, by audience, kind and code only', async () => {
    await open({ metricsPort: 0 });
    await door.post({ query: 'mutation { rename(name: "张三") }' }, { authorization: 'Bearer agency' });
    await door.post({ query: '{ conflict }' });
    const metrics = await fetch(`http://127.0.0.1:${door.metricsPort}/metrics`);
    const text = await metrics.text();
    expect(metrics.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(text.split('\n')).toEqual(
      expect.arrayContaining([
        'hub_requests_total{audience="AGENCY",operation="mutation",code="OK"} 1',
        'hub_requests_total{audience="PUBLIC",operation="query",code="CONFLICT"} 1',
        'hub_request_duration_seconds_bucket{le="+Inf"} 2',
        'hub_request_duration_seconds_count 2',
      ]),
    );
    expect(text).not.toMatch(/11440000|张三|official/);
    expect((await fetch(`http://127.0.0.1:${door.port}/metrics`)).status).toBe(404);
  });
});

describe('health', () => {
  it.each([
    ['ready', async () => true, 200],
    ['not ready', async () => false, 503],
    ['not ready when asking fails', () => Promise.reject(new Error('the store did not answer')), 503],
  ])('is %s or not, and nothing else', async (_what, ready, status) => {
    await open({ ready });
    const response = await fetch(`http://127.0.0.1:${door.port}/readyz`);
    expect([response.status, await response.text()]).toEqual([status, `{"ready":${status === 200}}`]);
  });

  it('includes that the process answers', async () => {
    expect((await fetch(`http://127.0.0.1:${door.port}/healthz`)).status).toBe(200);
    expect(requestLines()).toEqual([]);
  });
});

describe('the page to write queries in', () => {
  const browse = () => fetch(door.url, { headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } });

  it('names no other address, keeps no token and runs under a strict policy', async () => {
    await open({ ide: true });
    const response = await browse();
    const page = await response.text();
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(response.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'; connect-src 'self';/,
    );
    expect(response.headers.get('content-security-policy')).not.toContain('unsafe');
    expect(page).not.toMatch(/https?:|\/\/[a-z]|localStorage|sessionStorage|cookie|innerHTML|\son[a-z]+="/);
    expect(page).toContain('查询语句');
  });

  it('is not there unless it is switched on', async () => {
    expect((await fetch(door.url, { headers: { accept: 'text/html' } })).status).toBe(406);
    expect((await browse()).headers.get('content-type')).toContain('application/json');
  });
});

describe('closing', () => {
  const openBlocked = async (limits: Partial<Limits> = {}) => {
    const begun = Promise.withResolvers<void>();
    const end = Promise.withResolvers<EngineResponse>();
    const execute = () => {
      begun.resolve();
      return end.promise;
    };
    await open({ engine: answering(execute), limits });
    const running = door.post({ query: '{ greeting }' });
    await begun.promise;
    return { running, finish: () => end.resolve({ data: { greeting: 'late' } }) };
  };

  it('lets running requests finish, takes no new ones, and ends idle connections', async () => {
    const { running, finish } = await openBlocked();
    const idle = exchange(door.port, 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await fetch(`http://127.0.0.1:${door.port}/healthz`);
    const closed = door.close();
    expect(await idle).toContain('200 OK');
    await expect(fetch(`http://127.0.0.1:${door.port}/healthz`)).rejects.toThrow();
    finish();
    const answer = await running;
    expect([answer.headers.get('connection'), await answer.json()]).toEqual(['close', { data: { greeting: 'late' } }]);
    await closed;
  });

  it('does not wait for ever', async () => {
    const { running } = await openBlocked({ drainTime: 50 });
    await Promise.all([door.close(), expect(running).rejects.toThrow()]);
  });
});

describe('the process', () => {
  it('has connected to nothing but itself', async () => {
    await open({ ide: true, metricsPort: 0 });
    await door.post({ query: '{ greeting }' });
    await new Promise((resolve) => connect(door.port, '127.0.0.1').on('connect', resolve).end());
    expect([...destinations].filter((host) => !['127.0.0.1', 'localhost', '::1'].includes(host))).toEqual([]);
    expect(destinations.size).toBeGreaterThan(0);
  });
});
