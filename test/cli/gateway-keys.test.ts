import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createStatementSigner, createStatementVerifier, type Statement } from '../../auth/access-statement.ts';
import { gatewayKeySource, openGatewayKeys, rotateGatewayKey } from '../../cli/gateway-keys.ts';

const MINUTE = 60_000;
const BINDING = { subgraph: 'records', path: '/graphql', body: '{}' };
let dataDir: string;
let now = new Date('2026-11-24T04:00:00Z');
const clock = { now: () => now };
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'hub-'));
});
afterEach(() => rm(dataDir, { recursive: true }));

const later = (ms: number) => {
  now = new Date(now.getTime() + ms);
};
const statement = (): Statement => ({ principal: { audience: 'PUBLIC' }, revealed: [], policy: 'p', requestId: 'r', now });
const published = async (): Promise<readonly string[]> =>
  JSON.parse(await readFile(join(dataDir, 'gateway-jwks.json'), 'utf8')).keys.map(({ kid }: { kid: string }) => kid);

describe('the keys of a gateway', () => {
  it('are made at first use and found again', () => {
    const { kid } = openGatewayKeys(dataDir, clock)();
    expect(openGatewayKeys(dataDir, clock)().kid).toBe(kid);
  });

  it('rotate: the next one is published at once and signs a quarter of an hour later', async () => {
    const key = openGatewayKeys(dataDir, clock);
    const first = key().kid;
    later(60 * MINUTE);
    const next = rotateGatewayKey(dataDir, now);
    expect(await published()).toEqual([first, next]);
    later(14 * MINUTE);
    expect(key().kid).toBe(first);
    later(MINUTE);
    expect(key().kid).toBe(next);
  });

  it('are dropped when their last statement has ended', async () => {
    const first = openGatewayKeys(dataDir, clock)().kid;
    const second = rotateGatewayKey(dataDir, now);
    later(15 * MINUTE);
    const third = rotateGatewayKey(dataDir, now);
    expect(await published()).toEqual([first, second, third]);
    later(MINUTE);
    const fourth = rotateGatewayKey(dataDir, now);
    expect(await published()).toEqual([second, third, fourth]);
  });

  it('are all believed by a subgraph that was there before the gateway', async () => {
    const keys = gatewayKeySource(dataDir, {}, { clock });
    const once = { claim: async () => true };
    const verify = createStatementVerifier({ subgraph: 'records', keys, policy: 'p', once, clock });
    const taken = async (text: string) => (await verify(text, '/graphql'))(Buffer.from('{}')).requestId;
    const key = openGatewayKeys(dataDir, clock);
    const sign = createStatementSigner(key, clock);
    expect(await taken(await sign(statement(), BINDING))).toBe('r');
    const before = key();
    rotateGatewayKey(dataDir, now);
    later(15 * MINUTE);
    expect(key().kid).not.toBe(before.kid);
    expect(await taken(await sign(statement(), BINDING))).toBe('r');
    expect(await taken(await createStatementSigner(() => before, clock)(statement(), BINDING))).toBe('r');
  });

  it('are read from where HUB_GATEWAY_JWKS says, which has to be there', () => {
    expect(() => gatewayKeySource(dataDir, { HUB_GATEWAY_JWKS: join(dataDir, 'none.json') }, { clock })).toThrow('HUB_GATEWAY_JWKS');
    expect(() => gatewayKeySource(dataDir, { HUB_GATEWAY_JWKS: 'http://127.0.0.1/jwks' }, { clock })).toThrow('https');
  });
});
