import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { HOUSING, MARKET, penalty, personalPenalty, TAX } from '../support/fixtures.ts';
import { type Answer, type Asking, startHub, type TestHub } from '../support/hub.ts';

/** The department above the market supervision of the district. */
const CITY_MARKET = '11411500MA1TE5T01L';
const STATION = '11411502MA2TE5T02T';
const NOW = new Date('2026-10-08T02:00:00Z');
const UNKNOWN_ID = 'AAAAAAAAAAAAAAAAAAAAAA';
const MATTER = 'QUALIFICATION-REVIEW';

let now = NOW;
let hub: TestHub;
beforeAll(async () => {
  hub = await startHub({ clock: { now: () => now } });
  const departments = await hub.load('DEPARTMENT', [
    { uscc: CITY_MARKET, name: '信阳市市场监督管理局', level: 'CITY', regionCode: '411500' },
    { uscc: MARKET, name: '浉河区市场监督管理局', parentDept: CITY_MARKET },
    { uscc: STATION, name: '浉河区市场监督管理局老城所', parentDept: MARKET },
    { uscc: TAX, name: '国家税务总局浉河区税务局' },
    {
      uscc: HOUSING,
      name: '浉河区住房和城乡建设局',
      mattersCatalogue: [
        {
          matterCode: MATTER,
          name: '资质审核',
          allowFields: ['documentNo', 'violationType', 'decisionDate', 'performanceStatus'].map((name) => `AdministrativePenalty.${name}`),
        },
        { matterCode: 'BIDDING', name: '招标', allowFields: ['AdministrativePenalty.documentNo'] },
      ],
    },
  ]);
  const penalties = await hub.load('PENALTY', [
    penalty(),
    personalPenalty(),
    penalty({ documentNo: '老城所罚〔2026〕1号', sourceDeptUscc: STATION, sourceDeptName: '老城所', authorityUscc: STATION }),
    penalty({ documentNo: '浉税罚〔2026〕1号', sourceDeptUscc: TAX, sourceDeptName: '税务局', authorityUscc: TAX }),
  ]);
  for (const { outcome, reasons } of [...departments, ...penalties]) if (outcome !== 'accepted') throw new Error(JSON.stringify(reasons));
}, 60_000);
afterAll(() => hub.close());
beforeEach(() => {
  now = NOW;
});

const agency = (orgUscc: string, asking: Asking = {}): Asking => ({
  token: hub.token('AGENCY', { orgUscc, ...(orgUscc === CITY_MARKET ? { level: 'CITY', regionCode: '411500' } : {}) }),
  purpose: 'QUALIFICATION',
  matter: MATTER,
  ...asking,
});
const keeping: Asking = { purpose: 'RECORD_MANAGEMENT', matter: undefined };

const REQUEST = {
  providerUscc: MARKET,
  recordTypes: ['PENALTY'],
  fields: ['documentNo', 'violationType', 'decisionDate'].map((name) => `AdministrativePenalty.${name}`),
  purposes: ['QUALIFICATION'],
  matterCodes: [MATTER],
  legalBasis: '《建筑业企业资质管理规定》第二十四条',
  validTo: '2027-10-08',
};
const ALL = `id grantNo granteeUscc approverUscc recordTypes fields purposes matterCodes region legalBasis validFrom validTo status
  requestedOn replyDueOn approvedBy approvedOn refusedOn refusalReason revokedOn revokeReason`;

const request = (changes: Readonly<Record<string, unknown>> = {}, as: Asking = agency(HOUSING, keeping)): Promise<Answer> =>
  hub.ask(`mutation ($input: GrantRequest!) { requestGrant(input: $input) { ${ALL} } }`, {
    ...as,
    variables: { input: { ...REQUEST, ...changes } },
  });
const requested = async (changes: Readonly<Record<string, unknown>> = {}): Promise<string> => {
  const { body } = await request(changes);
  expect(body.errors).toBeUndefined();
  return body.data.requestGrant.id;
};
const step = (name: string, args: string, as: Asking): Promise<Answer> => hub.ask(`mutation { ${name}Grant(${args}) { ${ALL} } }`, as);
const approve = (id: string, as: Asking = agency(MARKET, keeping), more = ''): Promise<Answer> => step('approve', `id: "${id}"${more}`, as);
const revoke = (id: string, as: Asking = agency(MARKET, keeping)): Promise<Answer> =>
  step('revoke', `id: "${id}", reason: "职责已调整"`, as);
const approved = async (changes: Readonly<Record<string, unknown>> = {}): Promise<string> => {
  const id = await requested(changes);
  expect((await approve(id)).body.errors).toBeUndefined();
  return id;
};
/** Opens a grant for one test and ends it behind it, so that no test meets another's. */
const under = async (changes: Readonly<Record<string, unknown>>, test: (id: string) => Promise<void>) => {
  const id = await approved(changes);
  try {
    await test(id);
  } finally {
    now = NOW;
    await revoke(id);
  }
};
const code = ({ body }: Answer) => body.errors?.[0]?.extensions.code;

const look = (asking: Asking, fields: string, documentNo = '浉市监罚〔2026〕001号'): Promise<Answer> =>
  hub.ask(`{ penalties(where: { documentNo: { eq: "${documentNo}" } }) { nodes { ${fields} } } }`, asking);
const rowOf = ({ body }: Answer) => body.data.penalties.nodes[0];
const reasons = ({ body }: Answer) =>
  Object.fromEntries(
    (body.extensions?.withheld ?? []).map((entry: { coordinate: string; reason: string }) => [
      entry.coordinate.split('.')[1],
      entry.reason,
    ]),
  );

const OPENS_PERFORMANCE = { fields: ['AdministrativePenalty.documentNo', 'AdministrativePenalty.performanceStatus'] };

describe('A-06 to A-08: a duty grant', () => {
  it('is no substitute for a purpose: without one nothing is run (A-06)', async () => {
    const answer = await look(agency(HOUSING, { purpose: undefined }), 'performanceStatus');
    expect([answer.status, code(answer), answer.body.data]).toEqual([403, 'PURPOSE_REQUIRED', undefined]);
  });

  it.each([
    ['an organisation', '浉市监罚〔2026〕001号', 1],
    ['a person, whose row is otherwise not there', '浉市监罚〔2026〕002号', 0],
  ])('opens its fields of a penalty on %s, and says why another stays null (A-07)', async (_whose, documentNo, without) => {
    const fields = 'documentNo violationType decisionDate performanceStatus';
    expect((await look(agency(HOUSING), fields, documentNo)).body.data.penalties.nodes).toHaveLength(without);
    await under({}, async () => {
      const answer = await hub.ask(`{ penalties { nodes { ${fields} sourceDeptUscc } } }`, agency(HOUSING));
      const row = answer.body.data.penalties.nodes.find((node: { documentNo: string }) => node.documentNo === documentNo);
      expect(row).toMatchObject({ documentNo, violationType: '经营超过保质期的食品', decisionDate: '2026-09-01', performanceStatus: null });
      expect(reasons(answer)).toMatchObject({ performanceStatus: 'GRANT_FIELD' });
    });
  });

  it('opens nothing from the day after its last, while public fields are still answered (A-08)', async () => {
    await under({ ...OPENS_PERFORMANCE, validTo: '2026-10-10' }, async () => {
      now = new Date('2026-10-10T15:59:00Z');
      expect(rowOf(await look(agency(HOUSING), 'performanceStatus'))).toEqual({ performanceStatus: 'PERFORMED' });
      now = new Date('2026-10-10T16:01:00Z');
      const answer = await look(agency(HOUSING), 'documentNo performanceStatus');
      expect(rowOf(answer)).toEqual({ documentNo: '浉市监罚〔2026〕001号', performanceStatus: null });
      expect(reasons(answer)).toEqual({ performanceStatus: 'GRANT_EXPIRED' });
      const own = await hub.ask(`{ dutyGrants(where: { validTo: { eq: "2026-10-10" } }) { nodes { status } } }`, agency(MARKET, keeping));
      expect(own.body.data.dutyGrants.nodes.at(-1)).toEqual({ status: 'EXPIRED' });
    });
  });

  it('opens the records of the provider and of the departments under it, and no others', async () => {
    await under(OPENS_PERFORMANCE, async () => {
      const answer = await hub.ask('{ penalties { nodes { sourceDeptUscc performanceStatus } } }', agency(HOUSING));
      const bySource = Map.groupBy(
        answer.body.data.penalties.nodes as { sourceDeptUscc: string; performanceStatus: string | null }[],
        (node) => node.sourceDeptUscc,
      );
      const seen = (source: string) => new Set(bySource.get(source)?.map(({ performanceStatus }) => performanceStatus));
      expect(seen(STATION)).toEqual(new Set(['PERFORMED']));
      expect(seen(TAX)).toEqual(new Set([null]));
    });
  });

  it('opens nothing to the provider, to another department, or for the same department under another purpose', async () => {
    await under(OPENS_PERFORMANCE, async () => {
      expect(reasons(await look(agency(TAX), 'performanceStatus'))).toEqual({ performanceStatus: 'GRANT_REQUIRED' });
      expect(reasons(await look(agency(HOUSING, { purpose: 'BIDDING' }), 'performanceStatus'))).toEqual({
        performanceStatus: 'GRANT_PURPOSE',
      });
      expect(rowOf(await look(agency(HOUSING, { purpose: 'BIDDING' }), 'performanceStatus'))).toEqual({ performanceStatus: null });
    });
  });

  it.each([
    ['no matter where the grant is bound to one', undefined, 'MATTER_NOT_ALLOWED'],
    ['a matter of its catalogue that the grant does not name', 'BIDDING', 'MATTER_NOT_ALLOWED'],
    ['a matter that is not in its catalogue', 'ELSEWHERE', 'MATTER_NOT_ALLOWED'],
  ])('opens nothing to a department that states %s', async (_what, matter, reason) => {
    await under(OPENS_PERFORMANCE, async () => {
      const answer = await look(agency(HOUSING, { matter }), 'performanceStatus');
      expect(rowOf(answer)).toEqual({ performanceStatus: null });
      expect(reasons(answer)).toEqual({ performanceStatus: reason });
    });
  });

  it('opens no field that the matter stated does not allow', async () => {
    await under({ ...OPENS_PERFORMANCE, matterCodes: [] }, async () => {
      expect(rowOf(await look(agency(HOUSING, { matter: undefined }), 'performanceStatus'))).toEqual({ performanceStatus: 'PERFORMED' });
      const answer = await look(agency(HOUSING, { matter: 'BIDDING' }), 'performanceStatus');
      expect(rowOf(answer)).toEqual({ performanceStatus: null });
      expect(reasons(answer)).toEqual({ performanceStatus: 'GRANT_FIELD' });
    });
  });

  it('for a region opens the records of that region alone', async () => {
    await under({ ...OPENS_PERFORMANCE, region: '411503' }, async () => {
      expect(rowOf(await look(agency(HOUSING), 'performanceStatus'))).toEqual({ performanceStatus: null });
    });
    await under({ ...OPENS_PERFORMANCE, region: '411500' }, async () => {
      expect(rowOf(await look(agency(HOUSING), 'performanceStatus'))).toEqual({ performanceStatus: 'PERFORMED' });
    });
  });

  it('works from the next request after its approval to the next request after its revocation', async () => {
    const id = await requested(OPENS_PERFORMANCE);
    expect(rowOf(await look(agency(HOUSING), 'performanceStatus'))).toEqual({ performanceStatus: null });
    await approve(id);
    expect(rowOf(await look(agency(HOUSING), 'performanceStatus'))).toEqual({ performanceStatus: 'PERFORMED' });
    expect((await revoke(id)).body.data.revokeGrant).toMatchObject({
      status: 'REVOKED',
      revokedOn: '2026-10-08',
      revokeReason: '职责已调整',
    });
    const answer = await look(agency(HOUSING), 'performanceStatus');
    expect(rowOf(answer)).toEqual({ performanceStatus: null });
    expect(reasons(answer)).toEqual({ performanceStatus: 'GRANT_REQUIRED' });
  });
});

describe('asking for a grant', () => {
  it('answers the request with the day by which it is due', async () => {
    const { body } = await request();
    expect(body.data.requestGrant).toMatchObject({
      granteeUscc: HOUSING,
      approverUscc: MARKET,
      recordTypes: ['PENALTY'],
      matterCodes: [MATTER],
      status: 'REQUESTED',
      requestedOn: '2026-10-08',
      // Ten working days; 2026-10-10 is worked for the holiday.
      replyDueOn: '2026-10-21',
      approvedBy: null,
    });
  });

  it.each([
    ['a provider that the registry does not know', { providerUscc: '11411502MB0TE5T878' }, 'NOT_FOUND'],
    ['its own records', { providerUscc: HOUSING }, 'BAD_USER_INPUT'],
    ['no record type', { recordTypes: [] }, 'BAD_USER_INPUT'],
    ['an unknown record type', { recordTypes: ['UNKNOWN'] }, 'BAD_USER_INPUT'],
    ['no field', { fields: [] }, 'BAD_USER_INPUT'],
    ['a field that does not exist', { fields: ['AdministrativePenalty.nothing'] }, 'BAD_USER_INPUT'],
    ['a field of another type', { fields: ['AdministrativeLicense.documentNo'] }, 'BAD_USER_INPUT'],
    ['an unknown purpose', { purposes: ['CURIOSITY'] }, 'BAD_USER_INPUT'],
    ['a purpose of voucher holders', { purposes: ['LOAN'] }, 'BAD_USER_INPUT'],
    ['the keeping of its own records', { purposes: ['RECORD_MANAGEMENT'] }, 'BAD_USER_INPUT'],
    ['a matter that is not in its catalogue', { matterCodes: ['ELSEWHERE'] }, 'BAD_USER_INPUT'],
    ['no legal basis', { legalBasis: ' ' }, 'BAD_USER_INPUT'],
    ['a time that has passed', { validTo: '2026-10-08' }, 'BAD_USER_INPUT'],
    ['more than two years', { validTo: '2028-10-09' }, 'BAD_USER_INPUT'],
  ])('is refused for %s', async (_what, changes, expected) => {
    expect(code(await request(changes))).toBe(expected);
  });

  it.each([
    ['the public', (): Asking => ({})],
    ['a subject', (): Asking => ({ token: hub.token('SUBJECT', { subjectId: UNKNOWN_ID, authLevel: 2 }) })],
    ['an operator', (): Asking => ({ token: hub.token('OPERATOR', { staffId: 's-1' }) })],
  ])('is not for %s', async (_who, asking) => {
    expect(code(await request({}, asking()))).toBe('FORBIDDEN');
  });
});

describe('deciding on a grant', () => {
  it.each([
    ['the department that asks', HOUSING],
    ['another department', TAX],
    ['a department under the provider', STATION],
  ])('is not for %s, which is answered as for an unknown grant', async (_who, uscc) => {
    const id = await requested(OPENS_PERFORMANCE);
    const sentence = (answer: Answer) => [code(answer), answer.body.errors[0].message];
    for (const [own, unknown] of [
      [await approve(id, agency(uscc, keeping)), await approve(UNKNOWN_ID, agency(uscc, keeping))],
      [await revoke(id, agency(uscc, keeping)), await revoke(UNKNOWN_ID, agency(uscc, keeping))],
      [
        await step('refuse', `id: "${id}", reason: "不符"`, agency(uscc, keeping)),
        await step('refuse', `id: "${UNKNOWN_ID}", reason: "不符"`, agency(uscc, keeping)),
      ],
    ] as const) {
      expect(sentence(own)).toEqual(sentence(unknown));
      expect(code(own)).toBe('NOT_FOUND');
    }
    expect(rowOf(await look(agency(HOUSING), 'performanceStatus'))).toEqual({ performanceStatus: null });
  });

  it("may be done by the provider's superior, and opens no more than the provider's records", async () => {
    const id = await requested(OPENS_PERFORMANCE);
    const { body } = await approve(id, agency(CITY_MARKET, keeping));
    expect(body.data.approveGrant).toMatchObject({ status: 'APPROVED', approverUscc: MARKET, approvedBy: CITY_MARKET });
    expect(rowOf(await look(agency(HOUSING), 'performanceStatus'))).toEqual({ performanceStatus: 'PERFORMED' });
    expect((await revoke(id, agency(CITY_MARKET, keeping))).body.data.revokeGrant.status).toBe('REVOKED');
  });

  it('may let the grant end earlier than asked for, never later', async () => {
    const id = await requested();
    expect(code(await approve(id, undefined, ', validTo: "2027-10-09"'))).toBe('INVALID_TRANSITION');
    expect(code(await approve(id, undefined, ', validTo: "2026-10-08"'))).toBe('BAD_USER_INPUT');
    expect((await approve(id, undefined, ', validTo: "2026-12-31"')).body.data.approveGrant).toMatchObject({
      status: 'APPROVED',
      validFrom: '2026-10-08',
      validTo: '2026-12-31',
      approvedOn: '2026-10-08',
    });
    await revoke(id);
  });

  it('may be a refusal with its reason, after which nothing follows', async () => {
    const id = await requested();
    const refuse = (reason: string) => step('refuse', `id: "${id}", reason: "${reason}"`, agency(MARKET, keeping));
    expect(code(await refuse('  '))).toBe('BAD_USER_INPUT');
    expect((await refuse('超出职责')).body.data.refuseGrant).toMatchObject({
      status: 'REFUSED',
      refusalReason: '超出职责',
      refusedOn: '2026-10-08',
    });
    expect(code(await refuse('超出职责'))).toBe('INVALID_TRANSITION');
    expect(code(await approve(id))).toBe('INVALID_TRANSITION');
    expect(code(await revoke(id))).toBe('INVALID_TRANSITION');
  });

  it('is done once', async () => {
    const id = await requested();
    const both = await Promise.all([approve(id), approve(id)]);
    expect(both.map(code).sort()).toEqual(['INVALID_TRANSITION', undefined]);
    await revoke(id);
  });

  it('is not possible any more once the time asked for has passed', async () => {
    const id = await requested({ validTo: '2026-10-10' });
    now = new Date('2026-10-10T02:00:00Z');
    expect(code(await approve(id))).toBe('INVALID_TRANSITION');
  });
});

describe('reading grants', () => {
  it('shows a grant to both departments and the operator, and that there is one to nobody else', async () => {
    await under({}, async (id) => {
      const ids = async (asking: Asking) => {
        const { body } = await hub.ask('{ dutyGrants(first: 200) { totalCount nodes { id } } }', asking);
        expect(body.data.dutyGrants.totalCount).toBe(body.data.dutyGrants.nodes.length);
        return body.data.dutyGrants.nodes.map((node: { id: string }) => node.id) as string[];
      };
      for (const asking of [agency(HOUSING), agency(MARKET), { token: hub.token('OPERATOR', { staffId: 's-1' }) }])
        expect(await ids(asking)).toContain(id);
      for (const asking of [{}, agency(TAX), { token: hub.token('SUPERVISION', { clientId: 'sup-1', regionCode: '411502' }) }])
        expect(await ids(asking)).toEqual([]);
    });
  });

  it('tells a department under me which grants it has', async () => {
    await under(OPENS_PERFORMANCE, async (id) => {
      const mine = async (uscc: string) => {
        const { body } = await hub.ask('{ me { grants { id status fields } } }', agency(uscc, keeping));
        return (body.data.me.grants as { id: string }[]).find((grant) => grant.id === id);
      };
      expect(await mine(HOUSING)).toEqual({ id, status: 'APPROVED', fields: OPENS_PERFORMANCE.fields });
      expect(await mine(MARKET)).toBeUndefined();
    });
  });
});

describe('grants that the operator imports', () => {
  const imported = (grantNo: string, changes: Readonly<Record<string, unknown>> = {}) =>
    hub.load('DUTY_GRANT', [
      {
        grantNo,
        granteeUscc: TAX,
        approverUscc: MARKET,
        recordTypes: ['PENALTY'],
        fields: ['AdministrativePenalty.performanceStatus', 'AdministrativePenalty.abolished'],
        purposes: ['ENFORCEMENT'],
        legalBasis: '《中华人民共和国税收征收管理法》',
        validFrom: '2026-01-01',
        validTo: '2026-12-31',
        status: 'APPROVED',
        ...changes,
      },
    ]);
  const tax = () => agency(TAX, { purpose: 'ENFORCEMENT', matter: undefined });

  it('open the fields that still exist, and are suspended, resumed and, once revoked by the provider, never resumed by an import', async () => {
    const [{ id = '' } = {}] = await imported('OLD-1');
    const seen = async () => rowOf(await look(tax(), 'performanceStatus')).performanceStatus;
    expect(await seen()).toBe('PERFORMED');
    await imported('OLD-1', { status: 'SUSPENDED' });
    expect(await seen()).toBeNull();
    await imported('OLD-1');
    expect(await seen()).toBe('PERFORMED');
    expect((await revoke(id)).body.data.revokeGrant.status).toBe('REVOKED');
    await imported('OLD-1', { legalBasis: '同上' });
    expect(await seen()).toBeNull();
    const { body } = await hub.ask(
      '{ dutyGrants(where: { grantNo: { eq: "OLD-1" } }) { nodes { status revokedOn } } }',
      agency(MARKET, keeping),
    );
    expect(body.data.dutyGrants.nodes).toEqual([{ status: 'REVOKED', revokedOn: '2026-10-08' }]);
  });

  it('open nothing where grantee and approver are the same department', async () => {
    await imported('OLD-2', { approverUscc: TAX });
    expect(rowOf(await look(tax(), 'performanceStatus'))).toEqual({ performanceStatus: null });
  });

  it('last until the day they name, be it the one that elsewhere stands for no end', async () => {
    const [{ outcome, id = '' } = {}] = await imported('OLD-4', { validTo: '2099/12/31', purposes: ['FUNDING'] });
    expect(outcome).toBe('accepted');
    const { body } = await hub.ask('{ me { grants { id validTo } } }', tax());
    expect(body.data.me.grants).toContainEqual({ id, validTo: '2099-12-31' });
    expect(rowOf(await look(agency(TAX, { purpose: 'FUNDING', matter: undefined }), 'performanceStatus'))).toEqual({
      performanceStatus: 'PERFORMED',
    });
  });

  it('name a supervision system by its client entry', async () => {
    await hub.load('CLIENT', [{ clientId: 'sup-2', audience: 'SUPERVISION', regionCode: '411502', status: 'ACTIVE' }]);
    await imported('OLD-3', { granteeUscc: undefined, granteeClientId: 'sup-2', purposes: ['SUPERVISION'] });
    const supervision = (clientId: string): Asking => ({ token: hub.token('SUPERVISION', { clientId, regionCode: '411502' }) });
    expect(rowOf(await look(supervision('sup-2'), 'performanceStatus'))).toEqual({ performanceStatus: 'PERFORMED' });
    expect(rowOf(await look(supervision('sup-3'), 'performanceStatus'))).toEqual({ performanceStatus: null });
    const { body } = await hub.ask('{ me { grants { grantNo status } } }', supervision('sup-2'));
    expect(body.data.me.grants).toEqual([{ grantNo: 'OLD-3', status: 'APPROVED' }]);
  });
});
