import { constants, createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { openIssuers } from '../../auth/issuers.ts';
import { NOBODY } from '../../auth/principal.ts';
import type { Registry, RegistryEntry } from '../../auth/registry.ts';
import { createTokenVerifier, type VerifyToken } from '../../auth/token.ts';

const folder = mkdtempSync(join(tmpdir(), 'hub-token-'));
afterAll(() => rmSync(folder, { recursive: true }));

const MARKET = '11411502MB0TE5T878';
const BUREAU = '11370306004220545G';
const START = Date.parse('2026-03-02T02:00:00Z');
const NOW = START / 1000;

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pss = generateKeyPairSync('rsa', { modulusLength: 2048 });
const foreign = generateKeyPairSync('rsa', { modulusLength: 2048 });
const unnamed = generateKeyPairSync('rsa', { modulusLength: 2048 });
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 });

const jwk = (key: KeyObject, more: object) => ({ ...key.export({ format: 'jwk' }), ...more });
const writeKeys = (name: string, ...keys: object[]) => {
  const file = join(folder, name);
  writeFileSync(file, JSON.stringify({ keys }));
  return file;
};

let now: number;
let verify: VerifyToken;
beforeEach(() => {
  now = START;
  const main = writeKeys(
    'main.json',
    jwk(rsa.publicKey, { kid: 'rsa' }),
    jwk(ec.publicKey, { kid: 'ec' }),
    jwk(pss.publicKey, { kid: 'pss', alg: 'PS256' }),
    jwk(unnamed.publicKey, {}),
  );
  const other = writeKeys('other.json', jwk(foreign.publicKey, { kid: 'foreign' }));
  const single = writeKeys('single.json', jwk(pss.publicKey, { alg: 'PS256' }));
  const clock = { now: () => new Date(now) };
  const issuers = openIssuers(
    [
      {
        iss: 'https://main.example',
        jwks: main,
        audiences: [
          'SUBJECT',
          'AGENCY',
          'CREDIT_BODY',
          'APP_ORG',
          'SUPERVISION',
          'FINANCE',
          'INDUSTRY_ASSOC',
          'OPERATOR',
          'SPECIFIC_PARTY',
        ],
      },
      { iss: 'https://other.example', jwks: other, audiences: ['AGENCY', 'SUBJECT', 'OPERATOR'], organisations: [MARKET] },
      { iss: 'https://single.example', jwks: single, audiences: ['AGENCY'] },
    ],
    { clock },
  );
  verify = createTokenVerifier({ issuers, clock });
});

const agency = { iss: 'https://main.example', aud: 'credit-hub', sub: 'clerk-7', exp: NOW + 600, audience: 'AGENCY', orgUscc: MARKET };
const ofOther = { ...agency, iss: 'https://other.example' };
const { orgUscc: _organisation, ...nameless } = agency;
const person = { ...nameless, audience: 'SUBJECT' };

const encode = (part: unknown) => Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');
const signers: Record<string, (data: Buffer, key: KeyObject) => Buffer> = {
  RS256: (data, key) => sign('sha256', data, key),
  RS512: (data, key) => sign('sha512', data, key),
  PS256: (data, key) => sign('sha256', data, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }),
  ES256: (data, key) => sign('sha256', data, { key, dsaEncoding: 'ieee-p1363' }),
  HS256: (data, key) =>
    createHmac('sha256', key.export({ type: 'spki', format: 'pem' }))
      .update(data)
      .digest(),
};
/** A bearer header, made by hand so that every part of it can be wrong. */
function bearer(
  claims: unknown,
  { alg = 'RS256', kid = 'rsa', key = rsa.privateKey, header = {} }: { alg?: string; kid?: unknown; key?: KeyObject; header?: object } = {},
) {
  const signed = `${encode({ typ: 'JWT', alg, kid, ...header })}.${encode(claims)}`;
  return `Bearer ${signed}.${(signers[alg] ?? (() => Buffer.alloc(0)))(Buffer.from(signed), key).toString('base64url')}`;
}
const refused = { code: 'UNAUTHENTICATED' };

describe('a token that is in order', () => {
  it('is not needed to be a member of the public', async () => {
    expect(await verify(undefined)).toBe(NOBODY);
  });

  it.each([
    ['RS256', bearer(agency)],
    ['ES256', bearer(agency, { alg: 'ES256', kid: 'ec', key: ec.privateKey })],
    ['PS256', bearer(agency, { alg: 'PS256', kid: 'pss', key: pss.privateKey })],
    ['PS256 with a key that states no algorithm', bearer(agency, { alg: 'PS256' })],
    ['a scheme in small letters', bearer(agency).replace('Bearer', 'bearer')],
    ['other services beside the hub in aud', bearer({ ...agency, aud: ['ledger', 'credit-hub'] })],
    ['the only key of its issuer and no key id', bearer(ofOther, { key: foreign.privateKey, header: { kid: undefined } })],
    ['a clock that is a minute ahead', bearer({ ...agency, iat: NOW + 60, nbf: NOW + 60 })],
  ])('is accepted with %s', async (_what, header) => {
    expect(await verify(header)).toMatchObject({ audience: 'AGENCY', sub: 'clerk-7', orgUscc: MARKET, exp: NOW + 600 });
  });

  it('tells its known claims and nothing else', async () => {
    const claims = { ...agency, deptCode: 'D1', staffId: 'S1', level: 'COUNTY', regionCode: '411502', scopes: ['all'], role: 'root' };
    expect(await verify(bearer(claims))).toEqual({
      audience: 'AGENCY',
      sub: 'clerk-7',
      iss: 'https://main.example',
      exp: NOW + 600,
      orgUscc: MARKET,
      deptCode: 'D1',
      staffId: 'S1',
      level: 'COUNTY',
      regionCode: '411502',
    });
  });

  it.each([
    ['by id', { subjectId: 'x1' }, 1],
    ['by code', { subjectUscc: MARKET, authLevel: 2 }, 2],
    ['by identity number and name', { subjectIdNumber: '411502199001011237', subjectName: '张三' }, 1],
  ])('names a subject %s', async (_how, claims, authLevel) => {
    expect(await verify(bearer({ ...person, ...claims }))).toMatchObject({ ...claims, audience: 'SUBJECT', authLevel });
  });

  it.each([
    ['SUPERVISION', { clientId: 'c1' }],
    ['OPERATOR', {}],
    ['SPECIFIC_PARTY', { caseId: 'k1', partyId: 'p1' }],
  ])('needs no organisation for %s', async (audience, claims) => {
    expect(await verify(bearer({ ...nameless, ...claims, audience }))).toMatchObject({ audience, ...claims });
  });
});

describe('a token that is refused', () => {
  const [, payload = ''] = bearer(agency).split('.');
  it.each([
    ['an empty header', ''],
    ['another scheme', 'Basic Y2xlcms6c2VjcmV0'],
    ['no scheme', bearer(agency).slice('Bearer '.length)],
    ['two spaces', bearer(agency).replace(' ', '  ')],
    ['something behind the token', `${bearer(agency)} x`],
    ['two tokens', `${bearer(agency)}, ${bearer(agency)}`],
    ['two parts', bearer(agency).split('.').slice(0, 2).join('.')],
    ['a part too many', `${bearer(agency)}.e30`],
    ['a header that is not JSON', `Bearer ${encode('{')}.${payload}.c2ln`],
    ['a header that is a list', `Bearer ${encode([])}.${payload}.c2ln`],
    ['claims that are a text', bearer('"claims"')],
    ['claims that are not JSON', bearer('{"iss":')],
    ['more than 8 KB', bearer({ ...agency, padding: 'x'.repeat(6200) })],
  ])('is malformed: %s', async (_what, header) => {
    await expect(verify(header)).rejects.toMatchObject(refused);
  });

  it.each([
    ['unsigned', bearer(agency, { alg: 'none' })],
    ['said to be unsigned, with a signature', bearer(agency).replace(/ [^.]+/, ` ${encode({ alg: 'none', kid: 'rsa' })}`)],
    ['signed with the public key as a secret', bearer(agency, { alg: 'HS256', key: rsa.publicKey })],
    ['signed with an algorithm that is not in use', bearer(agency, { alg: 'RS512' })],
    ['signed with a key of another kind', bearer(agency, { alg: 'ES256', kid: 'rsa', key: ec.privateKey })],
    ['said to be of another kind than its key', bearer(agency, { alg: 'RS256', kid: 'ec' })],
    ['signed with another algorithm than its key states', bearer(agency, { alg: 'RS256', kid: 'pss', key: pss.privateKey })],
    ['signed by a stranger', bearer(agency, { key: stranger.privateKey })],
    [
      'signed by a stranger whose key it brings along',
      bearer(agency, { key: stranger.privateKey, header: { jwk: jwk(stranger.publicKey, { kid: 'rsa' }) } }),
    ],
    [
      'signed by a stranger whose key it points to',
      bearer(agency, {
        kid: 'new',
        key: stranger.privateKey,
        header: { jku: 'https://stranger.example/jwks', x5u: 'https://stranger.example/x5u' },
      }),
    ],
    ['signed with the key of another issuer', bearer(agency, { kid: 'foreign', key: foreign.privateKey })],
    ['without a key id by a key without one, beside others', bearer(agency, { key: unnamed.privateKey, header: { kid: undefined } })],
    ['without a key id where there are several keys', bearer(agency, { header: { kid: undefined } })],
    [
      'without a key id for a key that states another algorithm',
      bearer({ ...agency, iss: 'https://single.example' }, { key: pss.privateKey, header: { kid: undefined } }),
    ],
    ['with an unknown key id', bearer(agency, { kid: 'gone' })],
    ['with a key id that is no text', bearer(agency, { kid: 7 })],
    ['with a key id like a path', bearer(agency, { kid: '../main.json' })],
    ['demanding an extension', bearer(agency, { header: { crit: ['b64'], b64: false } })],
    ['demanding no extension in particular', bearer(agency, { header: { crit: [] } })],
    ['changed after it was signed', bearer(agency).replace(payload, encode({ ...agency, orgUscc: BUREAU }))],
    ['cut short', bearer(agency).slice(0, -8)],
  ])('is badly signed: %s', async (_what, header) => {
    await expect(verify(header)).rejects.toMatchObject(refused);
  });

  it.each([
    ['expired', { exp: NOW }],
    ['without an end', { exp: undefined }],
    ['with an end in milliseconds', { exp: (NOW + 600) * 1000 }],
    ['with an end that is a text', { exp: String(NOW + 600) }],
    ['not valid yet', { nbf: NOW + 61 }],
    ['issued in the future', { iat: NOW + 61 }],
    ['with a beginning that is a text', { nbf: '2020-01-01' }],
    ['from an unknown issuer', { iss: 'https://stranger.example' }],
    ['without issuer', { iss: undefined }],
    ['from a list of issuers', { iss: ['https://main.example'] }],
    ['from an issuer named like a property of every object', { iss: '__proto__' }],
    ['for another service', { aud: 'ledger' }],
    ['for no service', { aud: undefined }],
    ['for services of the wrong type', { aud: ['credit-hub', 1] }],
    ['without holder', { sub: undefined }],
    ['with an empty holder', { sub: '' }],
    ['with a holder that is a number', { sub: 7 }],
    ['without audience', { audience: undefined }],
    ['for the public', { audience: 'PUBLIC' }],
    ['for an unknown audience', { audience: 'KING' }],
    ['for an audience in small letters', { audience: 'agency' }],
    ['for two audiences', { audience: ['AGENCY', 'OPERATOR'] }],
    ['for an audience its issuer may not speak for', { audience: 'AUDITOR' }],
    ['with a claim of the wrong type', { staffId: 7 }],
    ['with an empty claim', { regionCode: '' }],
    ['with a claim that is null', { deptCode: null }],
    ['with a level of assurance that is a text', { authLevel: '2' }],
    ['with a level of assurance that is broken', { authLevel: 1.5 }],
    ['without organisation', { orgUscc: undefined }],
  ])('is %s', async (_what, wrong) => {
    await expect(verify(bearer({ ...agency, ...wrong }))).rejects.toMatchObject(refused);
  });

  it.each([
    ['CREDIT_BODY', { staffId: 's1' }],
    ['APP_ORG', { certSerial: '1' }],
    ['SUPERVISION', { orgUscc: MARKET }],
    ['FINANCE', { clientId: 'c1' }],
    ['INDUSTRY_ASSOC', {}],
    ['SPECIFIC_PARTY', { caseId: 'k1' }],
    ['SUBJECT', {}],
    ['SUBJECT', { subjectIdNumber: '411502199001011237' }],
    ['SUBJECT', { subjectId: 'x1', subjectUscc: MARKET }],
  ])('does not say who the caller of %s is: %j', async (audience, claims) => {
    await expect(verify(bearer({ ...nameless, ...claims, audience }))).rejects.toMatchObject(refused);
  });

  it.each([
    ['another organisation', { orgUscc: BUREAU }],
    ['another organisation as subject', { audience: 'SUBJECT', orgUscc: undefined, subjectUscc: BUREAU }],
    ['a subject by its id, which may be any organisation', { audience: 'SUBJECT', subjectId: 'x1' }],
    ['no organisation', { audience: 'OPERATOR', orgUscc: undefined }],
  ])('is of an issuer that may not speak for %s', async (_what, claims) => {
    await expect(verify(bearer({ ...ofOther, ...claims }, { kid: 'foreign', key: foreign.privateKey }))).rejects.toMatchObject(refused);
  });

  it.each([
    ['a claim', bearer({ ...agency, orgUscc: 'secret-value-1', staffId: 7 })],
    ['a header', bearer(agency, { kid: 'secret-value-1' })],
    ['what cannot be parsed', `Bearer ${encode('{"secret-value-1"')}.${encode('secret-value-1')}.c2ln`],
    ['the header line', 'Basic secret-value-1'],
  ])('is refused without repeating %s', async (_what, header) => {
    const error: unknown = await verify(header).catch((reason: unknown) => reason);
    expect(error).toMatchObject(refused);
    expect(inspect(error)).not.toContain('secret');
  });
});

describe('a token that was verified before', () => {
  it('is refused once it has expired', async () => {
    await verify(bearer(agency));
    now = (NOW + 600) * 1000;
    await expect(verify(bearer(agency))).rejects.toMatchObject(refused);
  });

  it('is refused once its key was replaced', async () => {
    const header = bearer(agency);
    await verify(header);
    writeKeys('main.json', jwk(stranger.publicKey, { kid: 'rsa' }));
    await expect(verify(header)).rejects.toMatchObject(refused);
    expect(await verify(bearer(agency, { key: stranger.privateKey }))).toMatchObject({ sub: 'clerk-7' });
  });

  it('is completed from the registry as it stands at each request', async () => {
    const clock = { now: () => new Date(now) };
    const issuers = openIssuers(
      [{ iss: agency.iss, jwks: writeKeys('main.json', jwk(rsa.publicKey, { kid: 'rsa' })), audiences: ['AGENCY'] }],
      { clock },
    );
    let department: RegistryEntry = { kind: 'DEPARTMENT', key: MARKET, status: 'ACTIVE', regionCode: '411502' };
    const registry: Registry = {
      department: () => department,
      serviceBody: () => undefined,
      client: () => undefined,
      staff: () => undefined,
      departmentsSucceededBy: () => [],
    };
    const withRegistry = createTokenVerifier({ issuers, clock, registry: () => registry });
    const header = bearer({ ...agency, regionCode: '411502' });
    expect(await withRegistry(header)).toMatchObject({ regionCode: '411502' });
    department = { ...department, regionCode: '370306' };
    await expect(withRegistry(header)).rejects.toMatchObject(refused);
  });
});
