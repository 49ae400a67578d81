import { constants, createHmac, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runHub } from '../support/command.ts';
import { COMPANY, HOUSING, MARKET, OTHER_COMPANY, penalty, TAX } from '../support/fixtures.ts';
import { type Answer, type Asking, startHub, type TestHub } from '../support/hub.ts';

const START = Date.parse('2026-10-08T02:00:00Z');
const NOW = START / 1000;
let now = START;
const clock = { now: () => new Date(now) };
/** A qualified body whose papers have run out. */
const EXPIRED_BODY = '91411502MA4TE5T21A';

let hub: TestHub;
let recordId: string;
let key: { readonly kid: string; readonly privateKey: KeyObject };
beforeAll(async () => {
  hub = await startHub({ clock });
  hub.token('OPERATOR');
  const jwk = JSON.parse(await readFile(join(hub.dataDir, 'keys/dev-key.json'), 'utf8'));
  key = { kid: jwk.kid, privateKey: createPrivateKey({ key: jwk, format: 'jwk' }) };
  const [row] = await hub.load('PENALTY', [penalty()]);
  recordId = String(row?.id);
  const registry = await Promise.all([
    hub.load('DEPARTMENT', [
      { uscc: MARKET, name: '浉河区市场监督管理局', orgNature: 'STATE_ORGAN', level: 'COUNTY', regionCode: '411502', status: 'ACTIVE' },
      { uscc: HOUSING, name: '浉河区住房和城乡建设局', status: 'SUSPENDED' },
      { uscc: TAX, name: '浉河区税务局', status: 'CEASED' },
    ]),
    hub.load('SERVICE_BODY', [
      { orgUscc: COMPANY, name: '诚信征信有限公司', regionCode: '411502', qualificationNo: 'Q-1', status: 'ACTIVE', validTo: '2027-01-01' },
      { orgUscc: OTHER_COMPANY, name: '停业征信有限公司', status: 'SUSPENDED' },
      { orgUscc: EXPIRED_BODY, name: '过期征信有限公司', status: 'ACTIVE', validTo: '2026-10-07' },
    ]),
    hub.load('CLIENT', [
      { clientId: 'sup-1', audience: 'SUPERVISION', regionCode: '411502', status: 'ACTIVE' },
      { clientId: 'sup-2', audience: 'SUPERVISION', regionCode: '411502', status: 'SUSPENDED' },
      { clientId: 'bank-1', audience: 'FINANCE', orgUscc: COMPANY, status: 'ACTIVE' },
    ]),
    hub.load('STAFF', [
      { staffId: 'clerk-1', orgUscc: MARKET, status: 'ACTIVE' },
      { staffId: 'clerk-2', orgUscc: MARKET, status: 'SUSPENDED' },
      { staffId: 'clerk-3', orgUscc: COMPANY, status: 'CEASED' },
    ]),
  ]);
  expect(registry.flat().flatMap(({ reasons }) => reasons)).toEqual([]);
}, 60_000);
afterAll(() => hub.close());

const encode = (part: unknown) => Buffer.from(JSON.stringify(part)).toString('base64url');
const SIGNERS: Readonly<Record<string, (data: Buffer, key: KeyObject) => Buffer>> = {
  ES256: (data, signing) => sign('sha256', data, { key: signing, dsaEncoding: 'ieee-p1363' }),
  RS256: (data, signing) => sign('sha256', data, signing),
  PS256: (data, signing) => sign('sha256', data, { key: signing, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }),
  HS256: (data, signing) =>
    createHmac('sha256', createPublicKey(signing).export({ type: 'spki', format: 'pem' }))
      .update(data)
      .digest(),
  none: () => Buffer.alloc(0),
};
interface Signing {
  readonly alg?: string;
  /** What the header claims, where that is something else. */
  readonly claimedAlg?: string;
  readonly kid?: unknown;
  readonly by?: KeyObject;
  readonly header?: object;
}
const CLAIMS = { iss: 'hub-dev', aud: 'credit-hub', sub: 'clerk', iat: NOW, exp: NOW + 600, audience: 'AGENCY', orgUscc: MARKET };
function forge(claims: object, { alg = 'ES256', claimedAlg = alg, kid = key.kid, by = key.privateKey, header = {} }: Signing = {}): string {
  const signed = `${encode({ typ: 'JWT', alg: claimedAlg, kid, ...header })}.${encode(claims)}`;
  return `${signed}.${(SIGNERS[alg] ?? (() => Buffer.alloc(0)))(Buffer.from(signed), by).toString('base64url')}`;
}
const without = (...names: readonly string[]) => Object.fromEntries(Object.entries(CLAIMS).filter(([name]) => !names.includes(name)));
const attacker = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const attackerRsa = generateKeyPairSync('rsa', { modulusLength: 2048 });

const WITHDRAW = 'mutation ($id: ID!) { withdrawRecord(recordId: $id, documentRef: "x", reason: "x") { id } }';
const attempt = (at: TestHub, authorization: string): Promise<Answer> =>
  at.ask(WITHDRAW, { variables: { id: recordId }, headers: { authorization } });
const codesOf = ({ body }: Answer): readonly string[] =>
  (body.errors ?? []).map(({ extensions }: { extensions: { code: string } }) => extensions.code);
async function expectRefused(answer: Answer, status: number, code: string) {
  expect(answer.status).toBe(status);
  expect(answer.body).toEqual({ errors: [{ message: expect.any(String), extensions: { code } }] });
  const { body } = await hub.ask(`{ record(id: "${recordId}") { publicityStatus } }`);
  expect(body.data.record).toEqual({ publicityStatus: 'PUBLISHED' });
}

describe('a token that is in order', () => {
  it('is taken for what it says', async () => {
    const { body } = await hub.ask('{ me { audience organisation staff level region } }', {
      token: forge({ ...CLAIMS, staffId: 'clerk-1', level: 'COUNTY', regionCode: '411502' }),
    });
    expect(body.data.me).toEqual({ audience: 'AGENCY', organisation: MARKET, staff: 'clerk-1', level: 'COUNTY', region: '411502' });
  });

  it('has its level and region from the registry where it does not state them', async () => {
    const { body } = await hub.ask('{ me { level region } }', { token: forge(CLAIMS) });
    expect(body.data.me).toEqual({ level: 'COUNTY', region: '411502' });
  });

  it('ends when it expires, however often it was used before', async () => {
    const token = forge({ ...CLAIMS, exp: NOW + 30 });
    expect((await hub.ask('{ me { audience } }', { token })).status).toBe(200);
    now = START + 30_000;
    expect((await hub.ask('{ me { audience } }', { token })).status).toBe(401);
    now = START;
  });
});

describe('a token with anything wrong', () => {
  const jwkOf = (signing: KeyObject) => createPublicKey(signing).export({ format: 'jwk' });
  const broken: readonly (readonly [string, () => string])[] = [
    ['no signature and no algorithm', () => forge(CLAIMS, { alg: 'none' })],
    ['no algorithm and a signature', () => forge(CLAIMS, { claimedAlg: 'none' })],
    ['an algorithm written otherwise', () => forge(CLAIMS, { claimedAlg: 'NONE' })],
    ['the public key as a secret', () => forge(CLAIMS, { alg: 'HS256' })],
    ['another algorithm than the key’s', () => forge(CLAIMS, { claimedAlg: 'RS256' })],
    ['an RSA key of its own', () => forge(CLAIMS, { alg: 'RS256', by: attackerRsa.privateKey })],
    ['a key of its own under the hub’s name', () => forge(CLAIMS, { by: attacker.privateKey })],
    ['a key of its own in the header', () => forge(CLAIMS, { by: attacker.privateKey, header: { jwk: jwkOf(attacker.privateKey) } })],
    [
      'an address of its own keys in the header',
      () => forge(CLAIMS, { by: attacker.privateKey, header: { jku: 'https://evil.example/keys', x5u: 'https://evil.example/cert' } }),
    ],
    ['a key that is not there', () => forge(CLAIMS, { kid: 'other' })],
    ['a path for a key', () => forge(CLAIMS, { kid: '../../dev/null' })],
    ['a list for a key', () => forge(CLAIMS, { kid: [key.kid] })],
    ['an extension that it demands', () => forge(CLAIMS, { header: { crit: ['b64'], b64: false } })],
    ['an end in the past', () => forge({ ...CLAIMS, exp: NOW - 1 })],
    ['no end', () => forge(without('exp'))],
    ['an end in milliseconds', () => forge({ ...CLAIMS, exp: START + 600_000 })],
    ['an end that is a text', () => forge({ ...CLAIMS, exp: String(NOW + 600) })],
    ['a beginning in the future', () => forge({ ...CLAIMS, nbf: NOW + 120 })],
    ['an issue in the future', () => forge({ ...CLAIMS, iat: NOW + 120 })],
    ['another service in aud', () => forge({ ...CLAIMS, aud: 'other-service' })],
    ['no aud', () => forge(without('aud'))],
    ['aud inside a longer name', () => forge({ ...CLAIMS, aud: 'credit-hub.evil.example' })],
    ['another issuer', () => forge({ ...CLAIMS, iss: 'https://evil.example' })],
    ['no issuer', () => forge(without('iss'))],
    ['no holder', () => forge(without('sub'))],
    ['no audience', () => forge(without('audience'))],
    ['an audience that does not exist', () => forge({ ...CLAIMS, audience: 'ROOT' })],
    ['the audience of who has no token', () => forge({ ...CLAIMS, audience: 'PUBLIC' })],
    ['two audiences', () => forge({ ...CLAIMS, audience: ['AGENCY', 'OPERATOR'] })],
    ['no organisation for a department', () => forge(without('orgUscc'))],
    ['an organisation that is a pattern', () => forge({ ...CLAIMS, orgUscc: { $ne: '' } })],
    ['two subjects', () => forge({ ...without('orgUscc'), audience: 'SUBJECT', subjectId: 'x', subjectUscc: COMPANY })],
    ['a number without a name', () => forge({ ...without('orgUscc'), audience: 'SUBJECT', subjectIdNumber: '411599196706275684' })],
    ['a level of proof that is a text', () => forge({ ...without('orgUscc'), audience: 'SUBJECT', subjectUscc: COMPANY, authLevel: '2' })],
    ['claims that are a list', () => forge([CLAIMS])],
    ['more than eight kilobytes', () => forge({ ...CLAIMS, note: 'x'.repeat(8192) })],
    ['a signature cut short', () => forge(CLAIMS).slice(0, -2)],
    ['a signature of other claims', () => forge(CLAIMS).replace(/\.[^.]+\./, `.${encode({ ...CLAIMS, orgUscc: HOUSING })}.`)],
    ['five parts', () => `${forge(CLAIMS)}.x.y`],
    ['nothing in it', () => ''],
    ['another level than the registry’s', () => forge({ ...CLAIMS, level: 'PROVINCE' })],
    ['another region than the registry’s', () => forge({ ...CLAIMS, regionCode: '410000' })],
    ['another nature than the registry’s', () => forge({ ...CLAIMS, orgNature: 'DISCIPLINE' })],
    [
      'another qualification than the registry’s',
      () => forge({ ...CLAIMS, audience: 'CREDIT_BODY', orgUscc: COMPANY, qualificationNo: 'Q-2' }),
    ],
    ['another audience than the client’s', () => forge({ ...CLAIMS, audience: 'SUPERVISION', clientId: 'bank-1' })],
    ['another organisation than the client’s', () => forge({ ...CLAIMS, audience: 'FINANCE', clientId: 'bank-1', orgUscc: OTHER_COMPANY })],
  ];

  it.each(broken)('(%s) is refused and nothing is run', async (_what, make) => {
    const token = make();
    const answer = await attempt(hub, `Bearer ${token}`);
    await expectRefused(answer, 401, 'UNAUTHENTICATED');
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const [{ message }] = answer.body.errors;
    for (const part of token.split('.').filter(({ length }) => length > 20)) expect(message).not.toContain(part);
  });

  it.each([
    ['another scheme', () => `Basic ${Buffer.from('clerk:secret').toString('base64')}`],
    ['no scheme', () => forge(CLAIMS)],
    ['two tokens', () => `Bearer ${forge(CLAIMS)}, Bearer ${forge(CLAIMS)}`],
    ['a word too much', () => `Bearer ${forge(CLAIMS)} x`],
  ])('(%s) is refused in its header', async (_what, make) => {
    await expectRefused(await attempt(hub, make()), 401, 'UNAUTHENTICATED');
  });

  it('is never taken for the public, whatever is asked', async () => {
    for (const query of ['{ me { audience } }', '{ __typename }', '{ penalties { totalCount } }']) {
      const { status, body } = await hub.ask(query, { token: forge({ ...CLAIMS, exp: NOW - 1 }) });
      expect([status, body.data]).toEqual([401, undefined]);
    }
  });

  it('is refused before the document is read', async () => {
    const { status } = await hub.ask('{ no such', { token: forge({ ...CLAIMS, exp: NOW - 1 }) });
    expect(status).toBe(401);
  });
});

describe('an account that is not active', () => {
  it.each([
    ['a suspended department', { orgUscc: HOUSING }],
    ['a department that ceased', { orgUscc: TAX }],
    ['a suspended member of staff', { staffId: 'clerk-2' }],
    ['a suspended body', { audience: 'CREDIT_BODY', orgUscc: OTHER_COMPANY }],
    ['a suspended body as an application', { audience: 'APP_ORG', orgUscc: OTHER_COMPANY }],
    ['a body whose papers ran out', { audience: 'CREDIT_BODY', orgUscc: EXPIRED_BODY }],
    ['a body’s former member of staff', { audience: 'CREDIT_BODY', orgUscc: COMPANY, staffId: 'clerk-3' }],
    ['a suspended client', { audience: 'SUPERVISION', clientId: 'sup-2', orgUscc: undefined }],
  ])('(%s) may do nothing', async (_who, claims) => {
    const authorization = `Bearer ${forge({ ...CLAIMS, ...claims })}`;
    await expectRefused(await attempt(hub, authorization), 403, 'FORBIDDEN');
    for (const query of ['{ penalties { totalCount } }', '{ me { audience } }']) {
      const answer = await hub.ask(query, { headers: { authorization } });
      expect([answer.status, answer.body.data, ...codesOf(answer)]).toEqual([403, undefined, 'FORBIDDEN']);
    }
  });

  it('is refused from the next request on, and let in again', async () => {
    const status = async () => (await hub.ask('{ me { audience } }', { token: forge({ ...CLAIMS, staffId: 'clerk-9' }) })).status;
    const set = (value: string) => hub.load('STAFF', [{ staffId: 'clerk-9', orgUscc: MARKET, status: value }]);
    expect(await status()).toBe(200);
    await set('SUSPENDED');
    expect(await status()).toBe(403);
    await set('ACTIVE');
    expect(await status()).toBe(200);
  });
});

describe('a hub that requires everybody to be registered', () => {
  let strict: TestHub;
  beforeAll(async () => {
    strict = await startHub({ clock, dataDir: hub.dataDir, env: { HUB_REGISTRY: 'required' } });
  }, 60_000);
  afterAll(() => strict.close());

  it.each([
    ['a department', { orgUscc: '11411502MB0TE5T878' }],
    ['a member of staff', { staffId: 'nobody' }],
    ['a member of another department’s staff', { audience: 'CREDIT_BODY', orgUscc: COMPANY, staffId: 'clerk-1' }],
    ['a body', { audience: 'CREDIT_BODY', orgUscc: '91411502MA4TE5T30X' }],
    ['a client', { audience: 'SUPERVISION', clientId: 'sup-9', orgUscc: undefined }],
    ['a bank', { audience: 'FINANCE', orgUscc: '91411502MA4TE5T30X' }],
  ])('refuses %s that it does not know, and the other lets it in', async (_who, claims) => {
    const asking: Asking = { token: forge({ ...CLAIMS, ...claims }) };
    await expectRefused(await strict.ask('{ me { audience } }', asking), 403, 'FORBIDDEN');
    expect((await hub.ask('{ me { audience } }', asking)).status).toBe(200);
  });

  it.each([
    ['a registered department', {}],
    ['its registered staff', { staffId: 'clerk-1' }],
    ['a registered body', { audience: 'CREDIT_BODY', orgUscc: COMPANY, qualificationNo: 'Q-1' }],
    ['a registered client', { audience: 'SUPERVISION', clientId: 'sup-1', orgUscc: undefined }],
    ['a subject, who has no account', { audience: 'SUBJECT', orgUscc: undefined, subjectUscc: COMPANY }],
  ])('lets in %s', async (_who, claims) => {
    expect((await strict.ask('{ me { audience } }', { token: forge({ ...CLAIMS, ...claims }) })).status).toBe(200);
  });
});

describe('a hub with a configured issuer', () => {
  const issuer = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const next = generateKeyPairSync('rsa', { modulusLength: 2048 });
  let folder: string;
  let trusting: TestHub;
  const writeKeys = (name: string, signing: KeyObject) =>
    writeFile(
      join(folder, 'keys.json'),
      JSON.stringify({ keys: [{ ...createPublicKey(signing).export({ format: 'jwk' }), kid: name, use: 'sig' }] }),
    );
  const issued = (claims: object = {}, signing: Signing = {}) =>
    forge({ ...CLAIMS, iss: 'https://id.example', ...claims }, { alg: 'RS256', kid: 'k-1', by: issuer.privateKey, ...signing });
  const statusOf = async (token: string) => (await trusting.ask('{ me { audience } }', { token })).status;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hub-issuer-'));
    await writeKeys('k-1', issuer.privateKey);
    const file = join(folder, 'issuers.json');
    const entry = { iss: 'https://id.example', jwks: 'keys.json', audiences: ['AGENCY', 'SUBJECT'], organisations: [MARKET, TAX, COMPANY] };
    await writeFile(file, JSON.stringify({ issuers: [entry] }));
    trusting = await startHub({ clock, dataDir: hub.dataDir, env: { HUB_ISSUERS: file } });
  }, 60_000);
  afterAll(async () => {
    await trusting.close();
    await rm(folder, { recursive: true });
  });

  it('takes its tokens, by either RSA signature', async () => {
    expect(await statusOf(issued())).toBe(200);
    expect(await statusOf(issued({}, { alg: 'PS256' }))).toBe(200);
    expect(await statusOf(issued({ audience: 'SUBJECT', orgUscc: undefined, subjectUscc: COMPANY }))).toBe(200);
  });

  it('takes no token of the development key any more', async () => {
    await expectRefused(await attempt(trusting, `Bearer ${forge(CLAIMS)}`), 401, 'UNAUTHENTICATED');
    await expectRefused(await attempt(trusting, `Bearer ${hub.token('OPERATOR', { regionCode: '411502' })}`), 401, 'UNAUTHENTICATED');
  });

  it.each([
    ['an audience that the issuer may not speak for', { audience: 'OPERATOR', orgUscc: undefined }],
    ['an organisation that the issuer may not speak for', { orgUscc: HOUSING }],
    ['the development key’s name', { iss: 'hub-dev' }],
  ])('refuses %s', async (_what, claims) => {
    await expectRefused(await attempt(trusting, `Bearer ${issued(claims)}`), 401, 'UNAUTHENTICATED');
  });

  it('requires the registry unless told otherwise', async () => {
    expect(await statusOf(issued({ staffId: 'nobody' }))).toBe(403);
  });

  it('follows its keys when they change', async () => {
    const renewed = issued({}, { kid: 'k-2', by: next.privateKey });
    expect(await statusOf(renewed)).toBe(401);
    await writeKeys('k-2', next.privateKey);
    expect(await statusOf(renewed)).toBe(200);
    expect(await statusOf(issued())).toBe(401);
  });
});

describe('hub serve', () => {
  it.each([
    ['off loopback', ['--host', '0.0.0.0'], {}],
    ['with half an issuer', [], { HUB_JWKS: '/nowhere.json' }],
    ['with an issuer file that is not there', [], { HUB_ISSUERS: '/nowhere.json' }],
    ['with a registry mode that does not exist', [], { HUB_REGISTRY: 'sometimes' }],
  ])('does not start %s and says why', async (_how, args, env) => {
    const folder = await mkdtemp(join(tmpdir(), 'hub-refused-'));
    const { code, stdout, stderr } = await runHub(['serve', '--port', '0', '--data', folder, ...args], { env });
    await rm(folder, { recursive: true });
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).not.toBe('');
    expect(stderr).not.toContain('    at ');
  });
});
