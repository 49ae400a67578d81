import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { developmentIssuer, signDevelopmentToken } from '../../auth/dev-key.ts';
import { createTokenVerifier } from '../../auth/token.ts';
import { runToken } from '../../cli/token.ts';

const MARKET = '11411502MB0TE5T878';
const ID_NUMBER = '411502199001011237';
const clock = { now: () => new Date('2026-03-02T02:00:00.250Z') };
const NOW = Date.parse('2026-03-02T02:00:00Z') / 1000;

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'hub-cli-token-'));
});
afterEach(() => rmSync(dataDir, { recursive: true }));

function print(flags: string, { json = false, env = {} }: { json?: boolean; env?: Record<string, string> } = {}): string {
  const lines: string[] = [];
  runToken(flags === '' ? [] : flags.split(' '), { dataDir, env, json, clock, stdout: (line) => lines.push(line) });
  expect(lines).toHaveLength(1);
  return lines.join();
}
function verify(token: string) {
  const issuer = developmentIssuer(dataDir);
  return createTokenVerifier({ issuers: new Map([[issuer.iss, issuer]]), clock })(`Bearer ${token}`);
}

describe('hub token', () => {
  it.each([
    [`--audience AGENCY --dept ${MARKET}`, { orgUscc: MARKET, deptCode: MARKET, sub: MARKET }],
    [
      `--audience AGENCY --dept D7 --org ${MARKET} --level COUNTY --region 411502 --nature DISCIPLINE --staff S1`,
      { orgUscc: MARKET, deptCode: 'D7', level: 'COUNTY', regionCode: '411502', orgNature: 'DISCIPLINE', staffId: 'S1', sub: 'S1' },
    ],
    [`--audience CREDIT_BODY --org ${MARKET} --qualification Q1 --staff S1`, { orgUscc: MARKET, qualificationNo: 'Q1', staffId: 'S1' }],
    [`--audience APP_ORG --org ${MARKET} --cert 00AF`, { orgUscc: MARKET, certSerial: '00AF' }],
    ['--audience SUPERVISION --client C1 --region 411500', { clientId: 'C1', regionCode: '411500', sub: 'C1' }],
    [`--audience SUBJECT --subject ${MARKET} --auth-level 2`, { subjectUscc: MARKET, authLevel: 2, sub: MARKET }],
    ['--audience SUBJECT --subject 0b8e', { subjectId: '0b8e', authLevel: 1, sub: '0b8e' }],
    [`--audience SUBJECT --subject ${ID_NUMBER} --subject-name 张三`, { subjectIdNumber: ID_NUMBER, subjectName: '张三' }],
    ['--audience SUBJECT --subject 411502900101123 --subject-name 张三', { subjectIdNumber: '411502900101123' }],
    ['--audience SPECIFIC_PARTY --case K1 --party P1', { caseId: 'K1', partyId: 'P1' }],
    ['--audience AUDITOR', { audience: 'AUDITOR' }],
  ])('prints a token that this hub accepts for %s', async (flags, claims) => {
    expect(await verify(print(flags))).toMatchObject({ ...claims, iss: 'hub-dev', exp: NOW + 3600 });
  });

  it.each([[`--audience SUBJECT --subject ${ID_NUMBER} --subject-name 张三`], [`--audience OPERATOR --staff ${ID_NUMBER}`]])(
    'does not call the holder by an identity number: %s',
    async (flags) => {
      expect((await verify(print(flags))).sub).toMatch(/^[0-9a-f-]{36}$/);
    },
  );

  it.each([
    ['90', 90],
    ['3600s', 3600],
    ['30m', 1800],
    ['1h', 3600],
  ])('understands --ttl %s', async (ttl, seconds) => {
    expect(await verify(print(`--audience AUDITOR --ttl ${ttl}`))).toMatchObject({ exp: NOW + seconds });
  });

  it('prints one JSON document when asked to', () => {
    const { token, ...rest }: { token: string } = JSON.parse(print('--audience AUDITOR --ttl 60', { json: true }));
    expect(rest).toEqual({ audience: 'AUDITOR', expiresAt: '2026-03-02T02:01:00.000Z' });
    expect(token.split('.')).toHaveLength(3);
  });

  it.each([
    ['', /--audience/],
    ['--audience PUBLIC', /PUBLIC needs no token/],
    ['--audience KING', /--audience/],
    ['--audience AGENCY', /--org or --dept/],
    ['--audience SPECIFIC_PARTY --case K1', /--case and --party/],
    ['--audience SUBJECT', /--subject/],
    [`--audience SUBJECT --subject ${ID_NUMBER}`, /--subject-name/],
    [`--audience SUBJECT --subject ${MARKET} --subject-name 张三`, /--subject-name/],
    ['--audience AUDITOR --ttl 61m', /--ttl/],
    ['--audience AUDITOR --ttl 0', /--ttl/],
    ['--audience AUDITOR --ttl 1d', /--ttl/],
    ['--audience AUDITOR --auth-level high', /--auth-level/],
    ['--audience AUDITOR --region=', /--region needs a value/],
    ['--audience AUDITOR --purpose LOAN', /--purpose/],
    ['--audience AUDITOR more', /more/],
  ])('refuses "%s"', (flags, message) => {
    expect(() => print(flags)).toThrow(expect.objectContaining({ code: 'BAD_USER_INPUT', message: expect.stringMatching(message) }));
    expect(existsSync(join(dataDir, 'keys'))).toBe(false);
  });

  it.each([['HUB_ISSUERS'], ['HUB_JWKS']])('refuses where %s configures an issuer', (name) => {
    expect(() => print('--audience AUDITOR', { env: { [name]: 'x.json' } })).toThrow(/an issuer is configured/);
  });
});

describe('the development key', () => {
  const keyFile = () => join(dataDir, 'keys', 'dev-key.json');

  it('is made once, for its owner only', async () => {
    const token = print('--audience AUDITOR');
    const made = readFileSync(keyFile(), 'utf8');
    expect(statSync(keyFile()).mode & 0o777).toBe(0o600);
    expect(statSync(join(dataDir, 'keys')).mode & 0o777).toBe(0o700);
    expect(readdirSync(join(dataDir, 'keys'))).toEqual(['dev-key.json']);
    print('--audience OPERATOR');
    expect(readFileSync(keyFile(), 'utf8')).toBe(made);
    expect(await verify(token)).toMatchObject({ audience: 'AUDITOR' });
  });

  it('is another one in every data directory', async () => {
    const token = print('--audience AUDITOR');
    rmSync(keyFile());
    await expect(verify(token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('is not replaced when it cannot be read', () => {
    print('--audience AUDITOR');
    writeFileSync(keyFile(), '{}');
    expect(() => developmentIssuer(dataDir)).toThrow(keyFile());
  });

  it.each([[0], [3601], [1.5], [Number.NaN]])('signs no token of %d seconds', (seconds) => {
    expect(() => signDevelopmentToken(dataDir, { audience: 'AUDITOR', sub: 'a' }, seconds, clock)).toThrow(RangeError);
  });
});
