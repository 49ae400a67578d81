import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readSubgraphTls } from '../../cli/subgraph-tls.ts';
import { createAuthority } from '../support/certificates.ts';
import { penalty } from '../support/fixtures.ts';
import { askAt, startHub } from '../support/hub.ts';
import { dropStore } from '../support/test-store.ts';
import { openParts, type Parts } from './parts.ts';

const departments = createAuthority('Departments');
const gateways = createAuthority('Gateways');
const strangers = createAuthority('Departments');
const QUERY = '{ penalties { totalCount } listEntries { totalCount } }';

let dataDir: string;
let plain: Parts;
let secured: Parts;
const addresses = new Map<string, string>();
const fileOf = (name: string) => join(dataDir, name);
/** How a gateway is set up that everything is right with. */
const right = () => ({
  HUB_SUBGRAPH_CA: fileOf('departments.pem'),
  HUB_SUBGRAPH_CERT: fileOf('gateway.pem'),
  HUB_SUBGRAPH_KEY: fileOf('gateway.key'),
});

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'hub-tls-'));
  const hub = await startHub({ dataDir });
  await hub.load('PENALTY', [penalty()]);
  await hub.close();
  const [server, client, stranger] = [
    departments.issue('records', { hosts: ['127.0.0.1'] }),
    gateways.issue('gateway'),
    strangers.issue('gateway'),
  ];
  const files = {
    'departments.pem': departments.cert,
    'gateways.pem': gateways.cert,
    'strangers.pem': strangers.cert,
    'records.pem': server.cert,
    'records.key': server.key,
    'gateway.pem': client.cert,
    'gateway.key': client.key,
    'stranger.pem': stranger.cert,
    'stranger.key': stranger.key,
  };
  for (const [name, text] of Object.entries(files)) await writeFile(fileOf(name), text);
  plain = await openParts(dataDir);
  secured = await openParts(dataDir, {
    HUB_TLS_CERT: fileOf('records.pem'),
    HUB_TLS_KEY: fileOf('records.key'),
    HUB_TLS_CLIENT_CA: fileOf('gateways.pem'),
    HUB_ALLOWED_HOSTS: '127.0.0.1,localhost',
  });
  for (const name of plain.names) addresses.set(name, (await (name === 'records' ? secured : plain).subgraph(name)).url);
}, 120_000);
afterAll(async () => {
  await secured?.close();
  await plain?.close();
  await dropStore(dataDir);
  await rm(dataDir, { recursive: true, force: true });
}, 60_000);

describe('between a gateway and a subgraph that asks for certificates', () => {
  it('everything is answered when each trusts the other', async () => {
    const { serving } = await plain.gateway(addresses, right());
    expect((await askAt(serving.url, QUERY)).body).toMatchObject({
      data: { penalties: { totalCount: 1 }, listEntries: { totalCount: 0 } },
    });
    await serving.close();
  }, 120_000);

  it.each<[string, () => Readonly<Record<string, string>>, string, RegExp]>([
    ['trusts another authority', () => ({ ...right(), HUB_SUBGRAPH_CA: fileOf('strangers.pem') }), '127.0.0.1', /CERT|SIGNATURE/],
    ['trusts those of the runtime alone', () => ({ ...right(), HUB_SUBGRAPH_CA: '' }), '127.0.0.1', /CERT|SIGNATURE/],
    ['shows no certificate', () => ({ HUB_SUBGRAPH_CA: fileOf('departments.pem') }), '127.0.0.1', /: \w+/],
    [
      'shows one of another authority',
      () => ({ ...right(), HUB_SUBGRAPH_CERT: fileOf('stranger.pem'), HUB_SUBGRAPH_KEY: fileOf('stranger.key') }),
      '127.0.0.1',
      /: \w+/,
    ],
    ['calls it by a name that it has no certificate for', right, 'localhost', /ALTNAME/],
  ])(
    'nothing but the fields of the subgraph is missing when the gateway %s',
    async (_what, env, host, problem) => {
      const elsewhere = new Map([...addresses].map(([name, url]) => [name, name === 'records' ? url.replace('127.0.0.1', host) : url]));
      const { serving, lines } = await plain.gateway(elsewhere, env());
      for (let round = 0; round < 5; round += 1) {
        const { status, body } = await askAt(serving.url, QUERY);
        expect([status, body.data]).toEqual([200, { penalties: null, listEntries: { totalCount: 0 } }]);
        expect(body.errors).toEqual([expect.objectContaining({ extensions: expect.objectContaining({ subgraph: 'records' }) })]);
        expect(JSON.stringify(body)).not.toMatch(/certificate|CERT|TLS|SSL|ALTNAME|authority/i);
      }
      expect(lines).toContainEqual(
        expect.objectContaining({ event: 'subgraph-left-out', subgraph: 'records', problem: expect.stringMatching(problem) }),
      );
      await serving.close();
    },
    120_000,
  );
});

describe('the certificates of a gateway', () => {
  it.each<[string, () => Readonly<Record<string, string>>, string]>([
    ['a certificate without its key', () => ({ HUB_SUBGRAPH_CERT: fileOf('gateway.pem') }), 'HUB_SUBGRAPH_KEY'],
    ['the key of another', () => ({ ...right(), HUB_SUBGRAPH_KEY: fileOf('records.key') }), 'HUB_SUBGRAPH_KEY'],
    ['no certificate', () => ({ HUB_SUBGRAPH_CA: fileOf('gateway.key') }), 'HUB_SUBGRAPH_CA'],
    ['a file that is not there', () => ({ HUB_SUBGRAPH_CA: fileOf('none.pem') }), 'HUB_SUBGRAPH_CA'],
  ])('are refused at the start where there is %s', (_what, env, variable) => {
    expect(() => readSubgraphTls(env())).toThrow(variable);
  });
});
