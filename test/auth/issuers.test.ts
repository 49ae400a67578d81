import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type IssuerOptions, openIssuers, readIssuerFile } from '../../auth/issuers.ts';
import { assertDevelopmentKeyAllowed, openTokenIssuers, readTokenSettings } from '../../auth/token-settings.ts';

const MARKET = '11411502MB0TE5T878';
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const folder = mkdtempSync(join(tmpdir(), 'hub-issuers-'));
afterAll(() => rmSync(folder, { recursive: true }));

const rsa = (modulusLength: number) => generateKeyPairSync('rsa', { modulusLength });
const ec = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve });
const jwk = (key: KeyObject, more: object = {}) => ({ ...key.export({ format: 'jwk' }), ...more });
const first = jwk(ec('P-256').publicKey, { kid: 'first' });
const second = jwk(rsa(2048).publicKey, { kid: 'second' });
const write = (name: string, content: unknown) => {
  const file = join(folder, name);
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
};
const keysFile = write('keys.json', { keys: [first] });

let now: number;
let problems: string[];
beforeEach(() => {
  now = Date.parse('2026-03-02T02:00:00Z');
  problems = [];
});
const options = (more: Partial<IssuerOptions> = {}): IssuerOptions => ({
  clock: { now: () => new Date(now) },
  report: (problem) => problems.push(problem),
  ...more,
});
function openKeys(jwks: string, more?: Partial<IssuerOptions>) {
  const keys = openIssuers([{ iss: 'idp', jwks, audiences: ['AGENCY'] }], options(more)).get('idp')?.keys;
  if (!keys) throw new Error('there is no such issuer');
  return {
    current: async () => (await keys.current()).map(({ kid }) => kid),
    renewed: async () => (await keys.renewed()).map(({ kid }) => kid),
  };
}

describe('the file of issuers', () => {
  it('is read with its paths relative to it', () => {
    const file = write('issuers.json', {
      issuers: [
        { iss: 'a', jwks: 'keys.json', audiences: ['AGENCY', 'OPERATOR'], organisations: [MARKET] },
        { iss: 'b', jwks: 'https://idp.example/jwks', audiences: ['SUBJECT'] },
      ],
    });
    expect(readIssuerFile(file)).toEqual([
      { iss: 'a', jwks: keysFile, audiences: ['AGENCY', 'OPERATOR'], organisations: [MARKET] },
      { iss: 'b', jwks: 'https://idp.example/jwks', audiences: ['SUBJECT'] },
    ]);
  });

  const good = { iss: 'a', jwks: 'keys.json', audiences: ['AGENCY'] };
  it.each([
    ['that is not JSON', '{'],
    ['that is a list', [good]],
    ['without issuers', { issuers: [] }],
    ['with something beside the issuers', { issuers: [good], issuer: good }],
    ['with one issuer twice', { issuers: [good, good] }],
    ['with an issuer without iss', { issuers: [{ ...good, iss: '' }] }],
    ['with an issuer without keys', { issuers: [{ ...good, jwks: undefined }] }],
    ['with an issuer without audiences', { issuers: [{ ...good, audiences: [] }] }],
    ['with an issuer for an unknown audience', { issuers: [{ ...good, audiences: ['AGENCY', 'KING'] }] }],
    ['with an issuer for the public', { issuers: [{ ...good, audiences: ['PUBLIC'] }] }],
    ['with an issuer for no organisation', { issuers: [{ ...good, organisations: [] }] }],
    ['with an organisation that is no code', { issuers: [{ ...good, organisations: ['market'] }] }],
    ['with a misspelt restriction', { issuers: [{ ...good, organizations: [MARKET] }] }],
    ['with keys over plain http', { issuers: [{ ...good, jwks: 'http://idp.example/jwks' }] }],
    ['with keys at another kind of address', { issuers: [{ ...good, jwks: 'file:///etc/keys.json' }] }],
    ['with a password in the address', { issuers: [{ ...good, jwks: 'https://me:secret@idp.example/jwks' }] }],
  ])('is refused %s', (_what, content) => {
    expect(() => readIssuerFile(write('bad.json', content))).toThrow(/bad\.json/);
  });
});

describe('a key set', () => {
  it.each([
    ['is short', jwk(rsa(1024).publicKey)],
    ['is on another curve', jwk(ec('P-384').publicKey)],
    ['is of another kind', jwk(generateKeyPairSync('ed25519').publicKey)],
    ['is a shared secret', { kty: 'oct', k: 'c2VjcmV0' }],
    ['is for encryption', { ...second, use: 'enc' }],
    ['may only sign', { ...second, key_ops: ['sign'] }],
    ['is for another algorithm', { ...second, alg: 'RS512' }],
    ['is for an algorithm of another kind', { ...second, alg: 'ES256' }],
    ['is private', jwk(ec('P-256').privateKey)],
    ['has a kid that is a number', { ...second, kid: 2 }],
    ['is incomplete', { kty: 'RSA', n: second }],
    ['is no object', 'key'],
  ])('is used without a key that %s', async (_what, key) => {
    expect(await openKeys(write('mixed.json', { keys: [first, key] })).current()).toEqual(['first']);
    expect(problems).toEqual([expect.stringMatching(/^keys of idp: key 2 is not used/)]);
    expect(() => openKeys(write('unusable.json', { keys: [key] }))).toThrow('no key that may be used');
  });
});

describe('keys in a file', () => {
  it('have to be there at the start', () => {
    expect(() => openKeys(join(folder, 'missing.json'))).toThrow('missing.json');
  });

  it('change with the file', async () => {
    const file = write('rotating.json', { keys: [first] });
    const keys = openKeys(file);
    expect(await keys.current()).toEqual(['first']);
    write('rotating.json', { keys: [first, second] });
    expect(await keys.current()).toEqual(['first', 'second']);
    write('rotating.json', { keys: [] });
    expect(await keys.current()).toEqual([]);
  });

  it.each([
    ['cannot be parsed', (file: string) => writeFileSync(file, '{"keys":')],
    ['is gone', (file: string) => unlinkSync(file)],
  ])('stay for a day when the file %s', async (_what, damage) => {
    const file = write('damaged.json', { keys: [first] });
    const keys = openKeys(file);
    damage(file);
    now += 24 * HOUR;
    expect(await keys.current()).toEqual(['first']);
    now += 1;
    expect(await keys.current()).toEqual([]);
    expect(problems).toHaveLength(1);
    write('damaged.json', { keys: [second] });
    expect(await keys.current()).toEqual(['second']);
  });

  it('come back with the very file that was away for more than a day', async () => {
    const file = write('away.json', { keys: [first] });
    const keys = openKeys(file);
    renameSync(file, `${file}.away`);
    now += 25 * HOUR;
    expect(await keys.current()).toEqual([]);
    renameSync(`${file}.away`, file);
    expect(await keys.current()).toEqual(['first']);
  });
});

describe('keys at an address', () => {
  let server: Server;
  let asked: number;
  let answer: RequestListener;
  const ADDRESS = 'https://idp.example/jwks';
  const serve =
    (...keys: object[]): RequestListener =>
    (_request, response) =>
      response.end(JSON.stringify({ keys }));
  const overLoopback: typeof fetch = (_address, init) => fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`, init);

  beforeEach(async () => {
    asked = 0;
    answer = serve(first);
    server = createServer((request, response) => {
      asked += 1;
      answer(request, response);
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  });

  it('are asked for once by many', async () => {
    const keys = openKeys(ADDRESS, { fetch: overLoopback });
    expect(asked).toBe(0);
    expect(await Promise.all([keys.current(), keys.current(), keys.renewed()])).toEqual([['first'], ['first'], ['first']]);
    expect(asked).toBe(1);
  });

  it('are asked for again after ten minutes', async () => {
    const keys = openKeys(ADDRESS, { fetch: overLoopback });
    await keys.current();
    answer = serve(second);
    now += 10 * MINUTE - 1;
    expect(await keys.current()).toEqual(['first']);
    now += 1;
    expect(await keys.current()).toEqual(['second']);
  });

  it('are asked for again for an unknown key, but once a minute', async () => {
    const keys = openKeys(ADDRESS, { fetch: overLoopback });
    await keys.current();
    answer = serve(first, second);
    expect(await keys.renewed()).toEqual(['first']);
    now += MINUTE;
    expect(await keys.renewed()).toEqual(['first', 'second']);
    expect(await keys.renewed()).toEqual(['first', 'second']);
    expect(asked).toBe(2);
  });

  it.each<[string, RequestListener]>([
    [
      'sends elsewhere',
      (request, response) =>
        request.url === '/jwks' ? response.writeHead(302, { location: '/keys' }).end() : response.end(JSON.stringify({ keys: [first] })),
    ],
    ['answers with an error', (_request, response) => response.writeHead(500).end(JSON.stringify({ keys: [first] }))],
    [
      'answers with more than 256 KB',
      (_request, response) => response.end(JSON.stringify({ keys: [first], padding: 'x'.repeat(256 * 1024) })),
    ],
    ['never answers', () => undefined],
    ['never ends its answer', (_request, response) => response.write('{"keys":')],
    ['hangs up', (request) => request.socket.destroy()],
    ['answers with something else', (_request, response) => response.end('<html></html>')],
  ])('are not there when it %s, and asked for again a minute later', async (_what, wrong) => {
    answer = wrong;
    const keys = openKeys(ADDRESS, { fetch: overLoopback, timeout: 200 });
    expect(await keys.current()).toEqual([]);
    expect(await keys.current()).toEqual([]);
    expect({ asked, problems }).toEqual({ asked: 1, problems: [expect.stringMatching(/^keys of idp: /)] });
    answer = serve(first);
    now += MINUTE;
    expect(await keys.current()).toEqual(['first']);
  });

  it('stay for a day while it fails', async () => {
    const keys = openKeys(ADDRESS, { fetch: overLoopback });
    await keys.current();
    answer = (_request, response) => response.writeHead(503).end();
    now += 24 * HOUR;
    expect(await keys.current()).toEqual(['first']);
    now += 1;
    expect(await keys.current()).toEqual([]);
  });

  it('keep nobody waiting once it has failed', async () => {
    const keys = openKeys(ADDRESS, { fetch: overLoopback, timeout: HOUR });
    await keys.current();
    answer = (_request, response) => response.writeHead(503).end();
    now += 10 * MINUTE;
    await keys.current();
    const reached = new Promise<void>((resolve) => {
      answer = () => resolve();
    });
    now += MINUTE;
    expect(await keys.current()).toEqual(['first']);
    await reached;
  });
});

describe('the settings of tokens', () => {
  const short = { HUB_JWKS: keysFile, HUB_ISSUER: 'idp', HUB_AUDIENCES: 'AGENCY, OPERATOR' };

  it.each([
    ['nothing: the development key and an optional registry', {}, { issuers: [], registry: 'optional' }],
    ['a required registry with the development key', { HUB_REGISTRY: 'required' }, { issuers: [], registry: 'required' }],
    [
      'one issuer in short form',
      short,
      { issuers: [{ iss: 'idp', jwks: keysFile, audiences: ['AGENCY', 'OPERATOR'] }], registry: 'required' },
    ],
    ['an optional registry with an issuer', { ...short, HUB_REGISTRY: 'optional' }, { registry: 'optional' }],
    [
      'a file of issuers',
      { HUB_ISSUERS: write('one.json', { issuers: [{ iss: 'a', jwks: 'keys.json', audiences: ['AGENCY'] }] }) },
      { issuers: [{ iss: 'a' }], registry: 'required' },
    ],
  ])('come from the environment: %s', (_what, env, settings) => {
    expect(readTokenSettings(env)).toMatchObject(settings);
  });

  it.each([
    ['keys without an issuer', { ...short, HUB_ISSUER: '' }],
    ['keys without audiences', { ...short, HUB_AUDIENCES: undefined }],
    ['audiences without keys', { HUB_AUDIENCES: 'AGENCY' }],
    ['an unknown audience', { ...short, HUB_AUDIENCES: 'AGENCY,KING' }],
    ['a file beside the short form', { ...short, HUB_ISSUERS: keysFile }],
    ['an unknown use of the registry', { HUB_REGISTRY: 'perhaps' }],
  ])('are refused with %s', (_what, env) => {
    expect(() => readTokenSettings(env)).toThrow(/HUB_/);
  });

  it('trust the development key only where no issuer is configured', () => {
    const data = join(folder, 'data');
    expect([...openTokenIssuers(readTokenSettings(short), data, options()).keys()]).toEqual(['idp']);
    expect([...openTokenIssuers(readTokenSettings({}), data, options()).keys()]).toEqual(['hub-dev']);
  });

  it.each([
    [false, true, 'loopback'],
    [true, false, 'store'],
    [false, false, 'loopback'],
  ])('do not allow the development key with loopback %s and the embedded store %s', (loopback, embedded, reason) => {
    expect(() => assertDevelopmentKeyAllowed({ loopback, embedded })).toThrow(reason);
  });

  it('allow the development key on loopback with the embedded store', () => {
    expect(() => assertDevelopmentKeyAllowed({ loopback: true, embedded: true })).not.toThrow();
  });
});
