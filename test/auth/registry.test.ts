import { describe, expect, it } from '@jest/globals';
import { NOBODY, type Principal } from '../../auth/principal.ts';
import { checkAccount, completeFrom, completePrincipal, type Registry, type RegistryEntry, registryOf } from '../../auth/registry.ts';

const MARKET = '11411502MB0TE5T878';
const CLOSED = '11370306004220545G';
const AGENCY_STAFF = 's-active';

const entries: readonly RegistryEntry[] = [
  { kind: 'DEPARTMENT', key: MARKET, status: 'ACTIVE', level: 'COUNTY', regionCode: '411502', orgNature: '' },
  { kind: 'DEPARTMENT', key: CLOSED, status: 'SUSPENDED' },
  { kind: 'SERVICE_BODY', key: 'body', status: '', qualificationNo: 'Q-1', validTo: '2026-03-02' },
  { kind: 'SERVICE_BODY', key: 'revoked', status: 'REVOKED' },
  { kind: 'CLIENT', key: 'watch', status: 'ACTIVE', audience: 'SUPERVISION', regionCode: '411500' },
  { kind: 'CLIENT', key: 'bank-client', status: 'ACTIVE', audience: 'FINANCE', orgUscc: 'bank' },
  { kind: 'CLIENT', key: 'guild', status: 'SUSPENDED', audience: 'INDUSTRY_ASSOC' },
  { kind: 'STAFF', key: AGENCY_STAFF, status: 'ACTIVE', orgUscc: MARKET },
  { kind: 'STAFF', key: 's-left', status: 'LEFT', orgUscc: MARKET },
  { kind: 'STAFF', key: 's-left', status: 'LEFT', orgUscc: 'bank' },
];
const find = (kind: RegistryEntry['kind'], key: string, orgUscc?: string) =>
  entries.find((entry) => entry.kind === kind && entry.key === key && (orgUscc === undefined || entry.orgUscc === orgUscc));
const registry: Registry = {
  department: (uscc) => find('DEPARTMENT', uscc),
  serviceBody: (uscc) => find('SERVICE_BODY', uscc),
  client: (id) => find('CLIENT', id),
  staff: (orgUscc, staffId) => find('STAFF', staffId, orgUscc),
  departmentsSucceededBy: () => [],
};

const agency: Principal = { audience: 'AGENCY', sub: 'a', orgUscc: MARKET };

describe('completing a principal', () => {
  it.each<[string, Principal, Partial<Principal>]>([
    ['level and region of a department', agency, { level: 'COUNTY', regionCode: '411502' }],
    ['nothing where the claims agree', { ...agency, level: 'COUNTY' }, { level: 'COUNTY', regionCode: '411502' }],
    ['the qualification of a body', { audience: 'CREDIT_BODY', orgUscc: 'body' }, { qualificationNo: 'Q-1' }],
    ['the region of a client', { audience: 'SUPERVISION', clientId: 'watch' }, { regionCode: '411500' }],
    ['the organisation of a client', { audience: 'FINANCE', clientId: 'bank-client' }, { orgUscc: 'bank' }],
  ])('adds %s', (_what, principal, added) => {
    expect(completePrincipal(principal, registry)).toEqual({ ...principal, ...added });
  });

  it('takes away what the registry does not confirm of an organisation that it knows', () => {
    expect(completePrincipal({ ...agency, orgNature: 'DISCIPLINE' }, registry).orgNature).toBeUndefined();
  });

  it.each<[string, Principal]>([
    ['an unknown department', { ...agency, orgUscc: 'unknown', level: 'PROVINCE' }],
    ['an operator', { audience: 'OPERATOR', orgUscc: MARKET, regionCode: '410000' }],
    ['the public', NOBODY],
  ])('leaves %s as it is', (_who, principal) => {
    expect(completePrincipal(principal, registry)).toBe(principal);
  });

  it.each<[string, Principal]>([
    ['level', { ...agency, level: 'PROVINCE' }],
    ['region', { ...agency, regionCode: '410000' }],
    ['qualification', { audience: 'APP_ORG', orgUscc: 'body', qualificationNo: 'Q-2' }],
    ['organisation', { audience: 'FINANCE', clientId: 'bank-client', orgUscc: 'another bank' }],
    ['audience', { audience: 'SUPERVISION', clientId: 'bank-client' }],
  ])('refuses another %s than the registry has', (_claim, principal) => {
    expect(() => completePrincipal(principal, registry)).toThrow(expect.objectContaining({ code: 'UNAUTHENTICATED' }));
  });
});

describe('the registry of one request', () => {
  const counted = () => {
    const asked: Principal[] = [];
    const registryFor = async (principal: Principal) => {
      asked.push(principal);
      return registry;
    };
    return { asked, registryFor };
  };

  it.each<[string, Principal]>([
    ['an agency', agency],
    ['an unknown department', { ...agency, orgUscc: 'unknown' }],
    ['a client', { audience: 'SUPERVISION', clientId: 'watch' }],
  ])('is read once for %s', async (_who, principal) => {
    const { asked, registryFor } = counted();
    const completed = await completeFrom(registryFor, principal);
    expect(completed).toEqual(completePrincipal(principal, registry));
    expect(await registryOf(registryFor, completed)).toBe(registry);
    expect(asked).toEqual([principal]);
  });

  it('is read again in the next request, though the token is remembered', async () => {
    const { asked, registryFor } = counted();
    for (const _request of [1, 2]) await registryOf(registryFor, await completeFrom(registryFor, agency));
    expect(asked).toHaveLength(2);
  });

  it('is read again where it has named the organisation', async () => {
    const { asked, registryFor } = counted();
    const completed = await completeFrom(registryFor, { audience: 'FINANCE', clientId: 'bank-client' });
    await registryOf(registryFor, completed);
    expect(asked.at(-1)).toEqual({ audience: 'FINANCE', clientId: 'bank-client', orgUscc: 'bank' });
  });
});

describe('checking an account', () => {
  const today = '2026-03-02';
  const check =
    (principal: Principal, mode: 'required' | 'optional', day = today) =>
    () =>
      checkAccount(principal, registry, { mode, today: day });
  const forbidden = expect.objectContaining({ code: 'FORBIDDEN' });

  it.each<[string, Principal]>([
    ['an active department', agency],
    ['an active member of staff', { ...agency, staffId: AGENCY_STAFF }],
    ['a body without a status on its last day', { audience: 'CREDIT_BODY', orgUscc: 'body' }],
    ['an active client', { audience: 'SUPERVISION', clientId: 'watch' }],
    ['an operator', { audience: 'OPERATOR', orgUscc: CLOSED, staffId: 's-left' }],
    ['a subject', { audience: 'SUBJECT', subjectId: 'x1' }],
    ['a party of a case', { audience: 'SPECIFIC_PARTY', caseId: 'k', partyId: 'p' }],
    ['the public', NOBODY],
  ])('lets %s through', (_who, principal) => {
    expect(check(principal, 'required')).not.toThrow();
  });

  it.each<[string, Principal]>([
    ['a suspended department', { ...agency, orgUscc: CLOSED }],
    ['a revoked body', { audience: 'CREDIT_BODY', orgUscc: 'revoked' }],
    ['a suspended association that is known by its organisation', { audience: 'INDUSTRY_ASSOC', orgUscc: 'guild' }],
    ['a member of staff who left', { ...agency, staffId: 's-left' }],
    ['a member of staff who left, known by the client', { audience: 'FINANCE', clientId: 'bank-client', staffId: 's-left' }],
  ])('refuses %s even where the registry is optional', (_who, principal) => {
    expect(check(principal, 'optional')).toThrow(forbidden);
  });

  it.each<[string, Principal]>([
    ['department', { ...agency, orgUscc: 'unknown' }],
    ['body', { audience: 'APP_ORG', orgUscc: 'unknown' }],
    ['client', { audience: 'SUPERVISION', clientId: 'unknown' }],
    ['receiver of evaluations', { audience: 'FINANCE', orgUscc: 'unknown' }],
    ['member of staff', { ...agency, staffId: 'unknown' }],
  ])('refuses an unknown %s only where the registry is required', (_who, principal) => {
    expect(check(principal, 'required')).toThrow(forbidden);
    expect(check(principal, 'optional')).not.toThrow();
  });

  it('refuses a body from the day after its qualification ended', () => {
    expect(check({ audience: 'CREDIT_BODY', orgUscc: 'body' }, 'optional', '2026-03-03')).toThrow(forbidden);
  });
});
