import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { HOUSING, MARKET, penalty } from '../support/fixtures.ts';
import { startHub, type TestHub } from '../support/hub.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await startHub();
  await hub.load('PENALTY', [penalty()]);
}, 60_000);
afterAll(() => hub.close());

const QUERY = '{ penalties { nodes { documentNo performanceStatus legalRepIdNumber remark } } }';
const explained = async (asking: Parameters<TestHub['ask']>[1] = {}) => {
  const { body } = await hub.ask(QUERY, { ...asking, headers: { 'Hub-Explain': 'true' } });
  return body;
};

describe('Hub-Explain', () => {
  it('runs nothing and answers for each coordinate what the public gets, by which rule', async () => {
    const body = await explained();
    expect(body.data).toBeNull();
    expect(body.extensions.explain.coordinates).toEqual([
      {
        coordinate: 'AdministrativePenalty.documentNo',
        path: ['penalties', 'nodes', 'documentNo'],
        audience: 'PUBLIC',
        class: 'OPEN',
        effect: 'VALUE',
        dependsOn: ['UNPUBLISHED', 'STOPPED', 'EXPIRED'],
        rule: 'E1',
        reason: null,
        opensWith: [],
      },
      {
        coordinate: 'AdministrativePenalty.performanceStatus',
        path: ['penalties', 'nodes', 'performanceStatus'],
        audience: 'PUBLIC',
        class: 'SHARED_BY_DUTY',
        effect: 'DENIED',
        dependsOn: [],
        rule: 'X',
        reason: 'NOT_FOR_THIS_AUDIENCE',
        opensWith: [],
      },
      {
        coordinate: 'AdministrativePenalty.legalRepIdNumber',
        path: ['penalties', 'nodes', 'legalRepIdNumber'],
        audience: 'PUBLIC',
        class: 'SHARED_BY_DUTY',
        effect: 'DENIED',
        dependsOn: [],
        rule: 'X',
        reason: 'NOT_FOR_THIS_AUDIENCE',
        opensWith: [],
      },
      {
        coordinate: 'AdministrativePenalty.remark',
        path: ['penalties', 'nodes', 'remark'],
        audience: 'PUBLIC',
        class: 'HANDLING',
        effect: 'DENIED',
        dependsOn: [],
        rule: 'X',
        reason: 'NOT_FOR_THIS_AUDIENCE',
        opensWith: [],
      },
    ]);
  });

  it('tells a department without a purpose that its own records are open to it, and does not ask for the purpose', async () => {
    const [, performance] = (await explained({ token: hub.token('AGENCY', { orgUscc: HOUSING }) })).extensions.explain.coordinates;
    expect(performance).toMatchObject({ effect: 'VALUE', rule: 'E4', dependsOn: ['OTHER_SOURCE'] });
  });

  it('tells an operator what a reveal would open', async () => {
    const [, , number] = (await explained({ token: hub.token('OPERATOR', { regionCode: '411502' }) })).extensions.explain.coordinates;
    expect(number).toMatchObject({ effect: 'MASK', rule: 'E12', reason: 'MASKED' });
  });

  it('refuses what the audience may not do at all', async () => {
    const { status, body } = await hub.ask(QUERY, { token: hub.token('SYSTEM_ADMIN'), headers: { 'Hub-Explain': 'true' } });
    expect([status, body.errors[0].extensions.code]).toEqual([403, 'FORBIDDEN']);
  });
});

describe('explainAccess', () => {
  const ask = (query: string, asking: Parameters<TestHub['ask']>[1] = {}) =>
    hub.ask('query($q: String!) { explainAccess(query: $q) { policyVersion coordinates { coordinate effect rule reason opensWith } } }', {
      ...asking,
      variables: { q: query },
    });

  it('gives the same as the header', async () => {
    const { body } = await ask(QUERY, { token: hub.token('AGENCY', { orgUscc: MARKET }), purpose: 'LICENSING' });
    expect(
      body.data.explainAccess.coordinates.map(({ coordinate, effect, rule }: Record<string, string>) => [coordinate, effect, rule]),
    ).toEqual([
      ['AdministrativePenalty.documentNo', 'VALUE', 'E1'],
      ['AdministrativePenalty.performanceStatus', 'VALUE', 'E4'],
      ['AdministrativePenalty.legalRepIdNumber', 'VALUE', 'E4'],
      ['AdministrativePenalty.remark', 'VALUE', 'E4'],
    ]);
  });

  it.each([
    ['an operation that is not GraphQL', '{ penalties {'],
    ['a field that does not exist', '{ secrets }'],
    ['two operations', 'query A { me { audience } } query B { me { audience } }'],
  ])('refuses %s', async (_what, query) => {
    const { body } = await ask(query);
    expect(body.data.explainAccess).toBeNull();
    expect(body.errors[0].extensions.code).toBe('BAD_USER_INPUT');
  });

  it('refuses an operation that is larger than a request may be', async () => {
    const { body } = await ask(`{ ${Array.from({ length: 60 }, (_, index) => `a${index}: me { audience }`).join(' ')} }`);
    expect(body.errors[0].extensions.code).toBe('LIMIT_EXCEEDED');
  });
});

describe('whoMaySee', () => {
  const QUERY_WHO = '{ whoMaySee(coordinate: "AdministrativePenalty.legalRepIdNumber") { audience effect rule opensWith } }';

  it('shows an operator every audience at its best', async () => {
    const { body } = await hub.ask(QUERY_WHO, { token: hub.token('OPERATOR', { regionCode: '411502' }) });
    const seen = Object.fromEntries(body.data.whoMaySee.map(({ audience, effect }: Record<string, string>) => [audience, effect]));
    expect(seen).toEqual({
      PUBLIC: 'DENIED',
      SUBJECT: 'VALUE',
      AGENCY: 'VALUE',
      CREDIT_BODY: 'DENIED',
      APP_ORG: 'DENIED',
      SUPERVISION: 'DENIED',
      FINANCE: 'DENIED',
      INDUSTRY_ASSOC: 'DENIED',
      OPERATOR: 'MASK',
      SYSTEM_ADMIN: 'DENIED',
      AUDITOR: 'DENIED',
      SPECIFIC_PARTY: 'DENIED',
    });
  });

  it('is not for the public', async () => {
    expect((await hub.ask(QUERY_WHO)).body.errors[0].extensions.code).toBe('FORBIDDEN');
  });
});
