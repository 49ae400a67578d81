import { once } from 'node:events';
import { afterEach, describe, expect, it } from '@jest/globals';
import { buildSchema } from 'graphql';
import { WebSocket } from 'ws';
import type { Principal } from '../../auth/principal.ts';
import type { ChangesAnswer, Engine } from '../../gateway/engine.ts';
import { type ClientStreams, openStreamLag, printClientLags } from '../../gateway/feed-lag.ts';
import { follow, socketClient } from '../support/live-stream.ts';
import { AGENCY, openTinyDoor, type TinyDoor, tinyEngine } from './tiny-door.ts';

const BEGIN = Date.parse('2026-03-02T08:00:00Z');
const second = (seconds: number) => new Date(BEGIN + seconds * 1000);

describe('the lag of clients', () => {
  const clients: ClientStreams = new Map();
  const open = (principal: Partial<Principal>, waiting?: number) => {
    const { lag, close } = openStreamLag(clients, { audience: 'AGENCY', ...principal });
    lag.waitingSince = waiting === undefined ? undefined : second(waiting).getTime();
    return close;
  };
  const told = (name: 'lag_seconds' | 'streams', now = second(60)) =>
    printClientLags(clients, now).flatMap((line) => {
      const [, client, value] = new RegExp(`^hub_feed_client_${name}\\{client="(.*)"\\} (.*)$`).exec(line) ?? [];
      return client === undefined ? [] : [[client, Number(value)]];
    });
  afterEach(() => clients.clear());

  it('is that of the slowest stream of each', () => {
    open({ orgUscc: 'A' }, 50);
    open({ orgUscc: 'A' }, 20);
    open({ orgUscc: 'A' });
    open({ audience: 'SUPERVISION', clientId: 'sup-1' });
    expect(told('lag_seconds')).toEqual([
      ['A', 40],
      ['sup-1', 0],
    ]);
    expect(told('streams')).toEqual([
      ['A', 3],
      ['sup-1', 1],
    ]);
  });

  it('is told of nobody whose streams have ended', () => {
    const close = open({ orgUscc: 'A' }, 50);
    open({ orgUscc: 'B' });
    close();
    expect(told('streams')).toEqual([['B', 1]]);
  });

  it('names no person: the public and subjects are one each, and a number that stands for a client is masked', () => {
    open({ audience: 'PUBLIC' });
    open({ audience: 'SUBJECT', sub: 'x', subjectId: 's-1', subjectName: '陈英伟', clientId: 'portal' });
    open({ audience: 'SUBJECT', sub: 'y', subjectIdNumber: '411599196706275684' });
    open({ audience: 'SUPERVISION', clientId: '411599196706275684' });
    const text = printClientLags(clients, second(60)).join('\n');
    expect(told('streams').slice(0, 2)).toEqual([
      ['PUBLIC', 1],
      ['SUBJECT', 2],
    ]);
    for (const personal of ['411599196706275684', '陈英伟', 's-1', 'portal']) expect(text).not.toContain(personal);
  });

  it('is told of the hundred that lag most, and of all others together', () => {
    for (let index = 0; index < 130; index++) open({ orgUscc: `org-${index}` }, index % 50);
    const lags = told('lag_seconds');
    expect(lags).toHaveLength(101);
    const named = lags.slice(0, 100).map(([, seconds]) => Number(seconds));
    const [rest, seconds] = lags[100] ?? [];
    expect(rest).toBe('other');
    expect(Math.min(...named)).toBeGreaterThanOrEqual(Number(seconds));
    expect(told('streams').reduce((sum, [, count]) => sum + Number(count), 0)).toBe(130);
  });

  it('keeps whatever stands in a name within its label', () => {
    open({ audience: 'SUPERVISION', clientId: 'a"b\\c\nd' });
    expect(printClientLags(clients, second(60))).toContain('hub_feed_client_streams{client="a\\"b\\\\c d"} 1');
  });
});

const SUBSCRIPTION = 'subscription { changes { ... on Change { id text } } }';
const schema = buildSchema(`
  type Query { changes(after: Cursor, first: Int): ChangePage }
  type ChangePage { nodes: [Change!]!  endCursor: Cursor!  hasMore: Boolean!  resync: String }
  type Subscription { changes(after: Cursor): ChangeDelivery! }
  union ChangeDelivery = Change | Lagged | Resync
  type Change { id: ID!  cursor: Cursor!  at: String!  text: String }
  type Lagged { resumeFrom: Cursor! }
  type Resync { reason: String!  cursor: Cursor! }
  scalar Cursor
`);
/** Tells this many changes, one a second. */
function feedOf(count: number): Engine {
  return {
    schema,
    execute: tinyEngine.execute,
    async readChanges({ after: cursor, query: { responseKey } }) {
      const from = Number(cursor ?? 0);
      const answer: Omit<ChangesAnswer, 'caller'> = {
        events: Array.from({ length: count - from }, (_, index) => ({
          cursor: String(from + index + 1),
          at: second(from + index).getTime(),
          response: { data: { [responseKey]: { id: String(from + index + 1), text: 'x'.repeat(500_000) } } },
        })),
        endCursor: String(count),
        hasMore: false,
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

describe('a stream', () => {
  let door: TinyDoor;
  const closing: (() => void)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0)) close();
    await door.close();
  });
  const printed = (name: string) =>
    Number(new RegExp(`^hub_feed_client_${name}\\{client="${AGENCY.orgUscc}"\\} (.*)$`, 'm').exec(door.printMetrics())?.[1]);

  it('lags by what its receiver does not take, beside another of the same client that takes everything', async () => {
    door = await openTinyDoor({ engine: feedOf(60), clock: { now: () => second(100) } });
    const client = socketClient(`http://127.0.0.1:${door.port}`, { Authorization: 'Bearer agency' });
    const reading = follow((sink) => client.subscribe({ query: SUBSCRIPTION }, sink));
    closing.push(() => void client.dispose());
    for (let count = 0; count < 60; count++) await reading.next();
    const settled = performance.now() + 10_000;
    while (printed('lag_seconds') > 0 && performance.now() < settled) await new Promise((resolve) => setTimeout(resolve, 10));
    expect([printed('lag_seconds'), printed('streams')]).toEqual([0, 1]);

    const stuck = new WebSocket(`ws://127.0.0.1:${door.port}/graphql`, 'graphql-transport-ws');
    closing.push(() => stuck.terminate());
    await once(stuck, 'open');
    stuck.send(JSON.stringify({ type: 'connection_init', payload: { Authorization: 'Bearer agency' } }));
    await once(stuck, 'message');
    stuck.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: SUBSCRIPTION } }));
    await once(stuck, 'message');
    stuck.pause();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(printed('streams')).toBe(2);
    expect(printed('lag_seconds')).toBeGreaterThan(40);
    expect(printed('lag_seconds')).toBeLessThanOrEqual(100);
  });
});
