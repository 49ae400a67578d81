import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { type Binding, createStatementSigner, createStatementVerifier, type Statement } from '../../auth/access-statement.ts';

const NOW = new Date('2026-11-24T04:00:00Z');
const clock = { now: () => NOW };
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const set = [{ kid: 'k', publicKey, algorithms: ['ES256'] as const }];
const keys = { current: async () => set, renewed: async () => set };
/** As if no other process was there. */
const alone = { claim: async () => true };
const verify = createStatementVerifier({ subgraph: 'records', keys, policy: 'p', once: alone, clock });
const sign = createStatementSigner(() => ({ kid: 'k', privateKey }), clock);

const BINDING: Binding = { subgraph: 'records', path: '/graphql', body: '{}' };
const statement = (requestId = 'r'): Statement => ({ principal: { audience: 'PUBLIC' }, revealed: [], policy: 'p', requestId, now: NOW });
const taken = async (text: string) => (await verify(text, '/graphql'))(Buffer.from('{}')).requestId;
const signatureOf = (text: string) => text.split('~')[0];

describe('statements of one turn', () => {
  it('share a signature, and each is taken once', async () => {
    const [one = '', other = ''] = await Promise.all([sign(statement('one'), BINDING), sign(statement('other'), BINDING)]);
    expect(signatureOf(one)).toBe(signatureOf(other));
    expect([await taken(one), await taken(other)]).toEqual(['one', 'other']);
    await expect(taken(one)).rejects.toThrow('was used before');
  });

  it('share none with those of the next turn', async () => {
    expect(signatureOf(await sign(statement(), BINDING))).not.toBe(signatureOf(await sign(statement(), BINDING)));
  });

  it('get several signatures when they are too many for one header', async () => {
    const signed = await Promise.all(Array.from({ length: 70 }, (_, index) => sign(statement(`${index}`), BINDING)));
    expect(new Set(signed.map(signatureOf)).size).toBe(3);
    expect(await Promise.all(signed.map(taken))).toEqual(signed.map((_, index) => `${index}`));
    expect(Math.max(...signed.map(({ length }) => length))).toBeLessThan(4_000);
  });

  it('all fail where there is no key to sign them with', async () => {
    const signWithout = createStatementSigner(() => {
      throw new Error('no key');
    }, clock);
    const outcomes = await Promise.allSettled([signWithout(statement(), BINDING), signWithout(statement(), BINDING)]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });
});

describe('a signature', () => {
  // One in 128 has an integer that is shorter than the others.
  it('is valid however long its integers are', async () => {
    for (let round = 0; round < 1_000; round += 1) expect(await taken(await sign(statement(), BINDING))).toBe('r');
  });
});
