import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { openHub } from '../../cli/open-hub.ts';
import { COMPANY, debtorEntry, MARKET, OTHER_COMPANY, PERSON, penalty, personalPenalty } from '../support/fixtures.ts';
import { type Answer, type Asking, startHub, type TestHub } from '../support/hub.ts';

const BANK = '91411502MA3TE5T03U';
const OTHER_BANK = '91411502MA3TE5T04Y';
const APP = '91411502MA3TE5T052';
const LAPSED_BODY = '91411502MA3TE5T065';
const CERT = 'CERT-0001';
const STAFF = 'clerk-1';
const NOW = new Date('2026-10-08T02:00:00Z');
const UNKNOWN_ID = 'AAAAAAAAAAAAAAAAAAAAAA';
const UNKNOWN_PERSON = { name: '何许人', idNumber: '411599198001010011' };
const DAY = 86_400_000;

let now = NOW;
let hub: TestHub;
let companyId: string;
let otherId: string;
const bodies = (changes: Readonly<Record<string, unknown>> = {}) => [
  { orgUscc: BANK, name: '信阳商业银行', qualificationNo: 'Q-1', validTo: '2027-12-31', status: 'ACTIVE', ...changes },
  { orgUscc: OTHER_BANK, name: '浉河评级公司', qualificationNo: 'Q-2', status: 'ACTIVE' },
  { orgUscc: APP, name: '信阳生活应用', status: 'ACTIVE' },
  { orgUscc: LAPSED_BODY, name: '过期评级公司', validTo: '2026-10-31', status: 'ACTIVE' },
];

beforeAll(async () => {
  hub = await startHub({ clock: { now: () => now } });
  await hub.load('SERVICE_BODY', bodies());
  await hub.load('PENALTY', [
    penalty(),
    personalPenalty(),
    penalty({ documentNo: '浉市监罚〔2026〕009号', counterpartName: '康泰商贸有限公司', uscc: OTHER_COMPANY }),
  ]);
  await hub.load('LICENSE', [license()]);
  await hub.load('LIST_ENTRY', [debtorEntry()]);
  companyId = await subjectId(COMPANY);
  otherId = await subjectId(OTHER_COMPANY);
}, 60_000);
afterAll(() => hub.close());
beforeEach(() => {
  now = NOW;
});

async function subjectId(uscc: string): Promise<string> {
  return (await hub.ask(`{ subject(uscc: "${uscc}") { id } }`)).body.data.subject.id;
}
function license(): Readonly<Record<string, unknown>> {
  return {
    counterpartName: PERSON.name,
    counterpartType: 'INDIVIDUAL',
    personIdType: '身份证',
    personIdNumber: PERSON.idNumber,
    documentName: '食品经营许可决定书',
    documentNo: '浉市监许〔2026〕010号',
    licenseCategory: 'ORDINARY',
    content: '食品经营',
    licenseStatus: 'VALID',
    decisionDate: '2026-09-02',
    validFrom: '2026-09-02',
    validTo: '2031-09-01',
    authority: '浉河区市场监督管理局',
    authorityUscc: MARKET,
    sourceDeptName: '浉河区市场监督管理局',
    sourceDeptUscc: MARKET,
  };
}

const bank = (voucher?: string, asking: Asking = {}, claims: object = {}): Asking => ({
  token: hub.token('CREDIT_BODY', { orgUscc: BANK, staffId: STAFF, ...claims }),
  purpose: 'LOAN',
  ...(voucher ? { headers: { 'hub-voucher': voucher } } : {}),
  ...asking,
});
const app = (voucher?: string, claims: object = {}): Asking => ({
  token: hub.token('APP_ORG', { orgUscc: APP, certSerial: CERT, ...claims }),
  purpose: 'RATING',
  ...(voucher ? { headers: { 'hub-voucher': voucher } } : {}),
});
const company = (claims: object = {}): Asking => ({ token: hub.token('SUBJECT', { subjectUscc: COMPANY, authLevel: 2, ...claims }) });
const person = (claims: object = {}): Asking => ({
  token: hub.token('SUBJECT', { subjectIdNumber: PERSON.idNumber, subjectName: PERSON.name, authLevel: 2, ...claims }),
});

const inDays = (days: number) => new Date(NOW.getTime() + days * DAY).toISOString();
const DRAFT = {
  type: 'E_SIGN',
  subjectUscc: COMPANY,
  granteeUscc: BANK,
  granteeStaff: [STAFF],
  sections: ['BASIC', 'ADMINISTRATIVE'],
  purpose: 'LOAN',
  validTo: inDays(60),
  maxUses: 20,
};
const APP_DRAFT = {
  ...DRAFT,
  type: 'E_CERT',
  granteeUscc: APP,
  granteeStaff: undefined,
  opened: ['LICENSE'],
  purpose: 'RATING',
  validTo: inDays(300),
};
const OF_PERSON = { subjectUscc: undefined, person: PERSON };
const ALL = `id voucherNo status type subjectId granteeOrg granteeUscc granteeQualificationNo granteeStaff certSerial sections fieldsExcluded opened
  purpose purposeText validFrom validTo maxUses usedCount onwardProvision noticeVersion draftedAt signedAt revokedAt revokeReason`;
const draft = (changes: Readonly<Record<string, unknown>> = {}, as: Asking = bank(undefined)): Promise<Answer> =>
  hub.ask(`mutation ($input: VoucherDraft!) { draftVoucher(input: $input) { ${ALL} } }`, {
    ...as,
    variables: { input: { ...DRAFT, ...changes } },
  });
const drafted = async (changes: Readonly<Record<string, unknown>> = {}, as?: Asking): Promise<string> => {
  const { body } = await draft(changes, as);
  expect(body.errors).toBeUndefined();
  return body.data.draftVoucher.id;
};
const sign = (id: string, as: Asking = company()): Promise<Answer> => hub.ask(`mutation { signVoucher(id: "${id}") { ${ALL} } }`, as);
const revoke = (id: string, as: Asking = company(), reason = ''): Promise<Answer> =>
  hub.ask(`mutation { revokeVoucher(id: "${id}"${reason}) { ${ALL} } }`, as);
const signed = async (changes: Readonly<Record<string, unknown>> = {}, by: Asking = company(), as?: Asking): Promise<string> => {
  const id = await drafted(changes, as);
  expect((await sign(id, by)).body.errors).toBeUndefined();
  return id;
};
const code = ({ body }: Answer) => body.errors?.[0]?.extensions.code;
const fault = ({ status, body }: Answer) => [status, code({ body } as Answer), body.errors?.[0]?.message];
const unknown = () => hub.ask('{ me { audience } }', bank(UNKNOWN_ID)).then(fault);
const used = async (id: string, by: Asking = company()): Promise<{ usedCount: number; status: string }> => {
  const { body } = await hub.ask('{ vouchers(first: 200) { nodes { id usedCount status } } }', by);
  const { id: _id, ...found } = body.data.vouchers.nodes.find((node: { id: string }) => node.id === id);
  return found;
};
const reasons = ({ body }: Answer) =>
  Object.fromEntries(
    (body.extensions?.withheld ?? []).map((entry: { coordinate: string; reason: string }) => [entry.coordinate, entry.reason]),
  );

const PERSONAL =
  'query ($person: PersonHandle) { subject(person: $person) { id penalties { nodes { documentNo personIdNumber } } licenses { nodes { documentNo } } } }';
const asked = (asking: Asking, query = PERSONAL): Promise<Answer> => hub.ask(query, { ...asking, variables: { person: PERSON } });

describe('a credit body', () => {
  it('without a voucher is answered like the public (A-10)', async () => {
    const query =
      '{ penalties(first: 50) { totalCount nodes { id documentNo legalRepName personIdNumber } } licenses { totalCount } vouchers { totalCount } }';
    const [body, nobody] = [await hub.ask(query, bank(undefined, { purpose: undefined })), await hub.ask(query)];
    expect(body.body.data).toEqual(nobody.body.data);
    expect(reasons(body)).toEqual({ 'AdministrativePenalty.personIdNumber': 'VOUCHER_REQUIRED' });
    expect((await asked(bank())).body.data.subject).toBeNull();
  });

  it("reads a person's records in the sections of its voucher", async () => {
    const id = await signed(OF_PERSON, person());
    const { body } = await asked(bank(id));
    expect(body.data.subject).toMatchObject({
      penalties: { nodes: [{ documentNo: '浉市监罚〔2026〕002号', personIdNumber: PERSON.idNumber }] },
      licenses: { nodes: [{ documentNo: '浉市监许〔2026〕010号' }] },
    });
  });

  it('reads nothing of other sections, and is told that the scope is the reason (A-11)', async () => {
    const id = await signed(
      { ...OF_PERSON, sections: ['BASIC', 'ADMINISTRATIVE'], fieldsExcluded: ['AdministrativePenalty.personIdNumber'] },
      person(),
    );
    const answer = await asked(
      bank(id),
      'query ($person: PersonHandle) { subject(person: $person) { penalties { nodes { documentNo personIdNumber } } listEntries { nodes { id } } } }',
    );
    expect(answer.body.data.subject).toEqual({
      penalties: { nodes: [{ documentNo: '浉市监罚〔2026〕002号', personIdNumber: null }] },
      listEntries: { nodes: [] },
    });
    expect(reasons(answer)).toMatchObject({ 'AdministrativePenalty.personIdNumber': 'VOUCHER_SCOPE' });
  });

  it('with the voucher of one subject is the public for another one (A-12)', async () => {
    const id = await signed();
    const query = (subject: string) => `{ subject(id: "${subject}") { id penalties { nodes { documentNo } } } }`;
    const own = await hub.ask(query(companyId), bank(id));
    expect(reasons(own)).not.toHaveProperty('Query.subject');
    const other = await hub.ask(query(otherId), bank(id));
    expect(reasons(other)).toMatchObject({ 'Query.subject': 'VOUCHER_SUBJECT' });
    expect(other.body.data).toEqual((await hub.ask(query(otherId))).body.data);
    expect(reasons(await hub.ask(query(UNKNOWN_ID), bank(id)))).toMatchObject({ 'Query.subject': 'VOUCHER_SUBJECT' });
    expect((await asked(bank(id))).body.data.subject).toBeNull();
  });
});

describe('A-15: an application organisation', () => {
  it('reads the record type that the subject opened, and of the others what is public', async () => {
    const id = await signed({ ...APP_DRAFT, ...OF_PERSON }, person(), app());
    const { body } = await asked(app(id));
    expect(body.data.subject).toMatchObject({ penalties: { nodes: [] }, licenses: { nodes: [{ documentNo: '浉市监许〔2026〕010号' }] } });
  });

  it.each([
    ['another certificate', { certSerial: 'CERT-0002' }],
    ['another organisation', { orgUscc: BANK }],
  ])('under %s is answered as for an unknown voucher', async (_what, claims) => {
    const id = await signed(APP_DRAFT, undefined, app());
    expect(fault(await hub.ask('{ me { audience } }', app(id, claims)))).toEqual(await unknown());
    expect(await used(id)).toEqual({ usedCount: 0, status: 'ACTIVE' });
  });
});

describe('a voucher that cannot be used', () => {
  it.each([
    ['another member of staff', () => ({}), { staffId: 'clerk-2' }],
    ['no member of staff', () => ({}), { staffId: undefined }],
    ['another body', () => ({}), { orgUscc: OTHER_BANK }],
  ])('is answered to %s as an unknown one, whatever its state', async (_who, _changes, claims) => {
    const id = await signed();
    const ask = async () => fault(await hub.ask('{ me { audience } }', bank(id, {}, claims)));
    const answers = [await ask()];
    await revoke(id);
    answers.push(await ask(), await unknown());
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(answers[0]?.slice(0, 2)).toEqual([403, 'VOUCHER_INVALID']);
  });

  it.each([
    ['not signed yet', () => drafted(), 'PENDING'],
    [
      'a draft that nobody signed in thirty days',
      async () => {
        const id = await drafted();
        now = new Date(NOW.getTime() + 31 * DAY);
        return id;
      },
      'LAPSED',
    ],
    ['not valid yet', () => signed({ validFrom: inDays(1) }), 'NOT_YET_VALID'],
    [
      'expired',
      async () => {
        const id = await signed({ validTo: inDays(2) });
        now = new Date(NOW.getTime() + 2 * DAY + 1000);
        return id;
      },
      'EXPIRED',
    ],
    [
      'withdrawn',
      async () => {
        const id = await signed();
        await revoke(id);
        return id;
      },
      'REVOKED',
    ],
    [
      'used up',
      async () => {
        const id = await signed({ maxUses: 1 });
        await hub.ask('{ me { audience } }', bank(id));
        return id;
      },
      'EXHAUSTED',
    ],
    ['given for another purpose', () => signed({ purpose: 'RATING' }), 'OTHER_PURPOSE'],
  ])('tells its own staff that it is %s', async (_what, make, cause) => {
    const id = await make();
    const answer = await hub.ask('{ me { audience } }', bank(id));
    expect([answer.status, code(answer)]).toEqual([403, 'VOUCHER_INVALID']);
    expect(answer.body.data).toBeUndefined();
    expect(answer.body.errors[0].message).toMatch(new RegExp(`^${cause}: `));
  });

  it('is one of a body whose qualification has lapsed since', async () => {
    const claims = { orgUscc: LAPSED_BODY };
    const id = await signed({ granteeUscc: LAPSED_BODY }, undefined, bank(undefined, {}, claims));
    now = new Date('2026-11-02T02:00:00Z');
    expect(await used(id)).toEqual({ usedCount: 0, status: 'SUSPENDED' });
    expect((await hub.ask('{ me { audience } }', bank(id, {}, claims))).status).toBe(403);
  });

  it('is one whose stored content was altered', async () => {
    const id = await signed();
    const alter = async (maxUses: number) => {
      const { store, close } = await openHub({ dataDir: hub.dataDir, env: hub.env, untouched: true });
      await store.write(
        async (tx) => {
          const [document] = await tx.get('authorization-voucher', [id]);
          if (!document) throw new Error('the voucher is not in the store');
          const { body, gate, columns, version } = document;
          await tx.put('authorization-voucher', id, { body: { ...body, maxUses }, gate, columns, expected: version });
        },
        { actor: 'intruder' },
      );
      await close();
    };
    await alter(99);
    const answer = await hub.ask('{ me { audience } }', bank(id));
    expect(answer.body.errors[0].message).toMatch(/^VOID: /);
    expect(await used(id)).toEqual({ usedCount: 0, status: 'VOID' });
    await alter(20);
    expect((await hub.ask('{ me { audience } }', bank(id))).status).toBe(200);
  });

  it('is one that an import made up', async () => {
    const [{ id = '' } = {}] = await hub.load('VOUCHER', [{ voucherNo: 'MADE-UP', status: 'ACTIVE' }]);
    expect(fault(await hub.ask('{ me { audience } }', bank(id)))).toEqual(await unknown());
  });

  it('is one that the operator declared void', async () => {
    const id = await signed();
    await hub.load('VOUCHER', [{ voucherNo: id, status: 'VOID' }]);
    expect((await hub.ask('{ me { audience } }', bank(id))).body.errors[0].message).toMatch(/^VOID: /);
    expect(await used(id)).toEqual({ usedCount: 0, status: 'VOID' });
  });

  it('counts no use, and neither does a request that a static check refuses', async () => {
    const id = await signed();
    await hub.ask('{ me { audience } }', bank(id, { purpose: 'RATING' }));
    await hub.ask('{ penalties(where: { performanceStatus: { eq: PERFORMED } }) { nodes { id } } }', bank(id));
    expect(await used(id)).toEqual({ usedCount: 0, status: 'ACTIVE' });
    await hub.ask('{ me { audience } }', bank(id));
    expect(await used(id)).toEqual({ usedCount: 1, status: 'ACTIVE' });
  });
});

describe('uses of a voucher', () => {
  it('of two at once, the last one is given once (A-14)', async () => {
    const id = await signed({ maxUses: 1 });
    const statuses = await Promise.all([1, 2, 3, 4].map(async () => (await hub.ask('{ me { audience } }', bank(id))).status));
    expect(statuses.sort()).toEqual([200, 403, 403, 403]);
    expect(await used(id)).toEqual({ usedCount: 1, status: 'EXHAUSTED' });
  });

  it('across processes, the last one is given once', async () => {
    const id = await signed({ maxUses: 3 });
    const second = await startHub({ clock: { now: () => now }, dataDir: hub.dataDir });
    try {
      const statuses = await Promise.all(
        Array.from({ length: 8 }, async (_unused, index) => (await (index % 2 ? second : hub).ask('{ me { audience } }', bank(id))).status),
      );
      expect(statuses.filter((status) => status === 200)).toHaveLength(3);
    } finally {
      await second.close();
    }
    expect(await used(id)).toEqual({ usedCount: 3, status: 'EXHAUSTED' });
  }, 30_000);

  it("end with the subject's withdrawal, from the next request on (A-13)", async () => {
    const id = await signed(OF_PERSON, person());
    expect((await asked(bank(id))).body.data.subject.penalties.nodes).toHaveLength(1);
    const { body } = await revoke(id, person(), ', reason: "不再需要贷款"');
    expect(body.data.revokeVoucher).toMatchObject({ status: 'REVOKED', revokeReason: '不再需要贷款', revokedAt: NOW.toISOString() });
    expect((await asked(bank(id))).status).toBe(403);
    expect(code(await revoke(id, person()))).toBe('INVALID_TRANSITION');
    expect(code(await sign(id, person()))).toBe('INVALID_TRANSITION');
  });
});

describe('further pages of a list under a voucher (V3)', () => {
  const PAGES = ['浉市监罚〔2026〕031号', '浉市监罚〔2026〕032号', '浉市监罚〔2026〕033号', '浉市监罚〔2026〕034号'];
  beforeAll(() =>
    hub.load(
      'PENALTY',
      PAGES.map((documentNo) => personalPenalty({ documentNo, decisionDate: '2026-01-20' })),
    ),
  );
  const LISTED = `query ($person: PersonHandle, $after: Cursor, $where: AdministrativePenaltyFilter) {
    subject(person: $person) { penalties(first: 1, after: $after, where: $where) { nodes { documentNo personIdNumber } pageInfo { endCursor } } }
  }`;
  const page = (asking: Asking, after?: string | null, where?: object, query = LISTED): Promise<Answer> =>
    hub.ask(query, { ...asking, variables: { person: PERSON, after, where } });
  const listed = ({ body }: Answer) => body.data.subject.penalties;
  const cause = ({ status, body }: Answer) => [status, body.errors?.[0]?.message?.split(':')[0]];
  const EXHAUSTED = [403, 'EXHAUSTED'];
  /** The first page, read with the only use of a voucher of the person. */
  const lastUse = async (changes: object = {}): Promise<{ id: string; cursor: string }> => {
    const id = await signed({ ...OF_PERSON, maxUses: 1, ...changes }, person());
    return { id, cursor: listed(await page(bank(id))).pageInfo.endCursor };
  };

  it('belong to the use that the first page made, though it was the last one', async () => {
    const { id, cursor: first } = await lastUse();
    const read: string[] = [];
    let cursor = first;
    for (let pages = 0; pages < 3; pages += 1) {
      const answer = await page(bank(id), cursor);
      expect(listed(answer).nodes).toEqual([{ documentNo: expect.any(String), personIdNumber: PERSON.idNumber }]);
      read.push(listed(answer).nodes[0].documentNo);
      cursor = listed(answer).pageInfo.endCursor;
    }
    expect(new Set(read).size).toBe(3);
    expect(await used(id, person())).toEqual({ usedCount: 1, status: 'EXHAUSTED' });
    expect(cause(await page(bank(id)))).toEqual(EXHAUSTED);
  });

  it('belong to it for ten minutes from the first page on, however many pages were turned', async () => {
    const { id, cursor } = await lastUse();
    now = new Date(NOW.getTime() + 600_000);
    const second = await page(bank(id), cursor);
    expect(second.status).toBe(200);
    now = new Date(NOW.getTime() + 601_000);
    expect(cause(await page(bank(id), cursor))).toEqual(EXHAUSTED);
    expect(cause(await page(bank(id), listed(second).pageInfo.endCursor))).toEqual(EXHAUSTED);
  });

  it('count as a use where one is left and the cursor is too old', async () => {
    const { id, cursor } = await lastUse({ maxUses: 2 });
    now = new Date(NOW.getTime() + 601_000);
    expect((await page(bank(id), cursor)).status).toBe(200);
    expect((await used(id, person())).usedCount).toBe(2);
  });

  it('belong to it for the member of staff who asked first alone', async () => {
    const { id, cursor } = await lastUse({ granteeStaff: [STAFF, 'clerk-2'] });
    expect(cause(await page(bank(id, {}, { staffId: 'clerk-2' }), cursor))).toEqual(EXHAUSTED);
    expect(cause(await page(bank(id), cursor))).toEqual([200, undefined]);
  });

  it('belong to it under the same voucher alone', async () => {
    const { cursor } = await lastUse();
    const another = await lastUse();
    expect(cause(await page(bank(another.id), cursor))).toEqual(EXHAUSTED);
    const unused = await signed({ ...OF_PERSON, maxUses: 1 }, person());
    expect((await page(bank(unused), cursor)).status).toBe(200);
    expect(await used(unused, person())).toEqual({ usedCount: 1, status: 'EXHAUSTED' });
  });

  it('belong to it for an application organisation under the same certificate', async () => {
    const id = await signed({ ...APP_DRAFT, ...OF_PERSON, maxUses: 1, opened: ['PENALTY'] }, person(), app());
    const { cursor } = { cursor: listed(await page(app(id))).pageInfo.endCursor };
    expect(listed(await page(app(id), cursor)).nodes).toHaveLength(1);
    expect(await used(id, person())).toEqual({ usedCount: 1, status: 'EXHAUSTED' });
  });

  it.each([
    ['by another filter', (id: string, cursor: string) => page(bank(id), cursor, { documentNo: { eq: PAGES[0] } })],
    [
      'with something that was not asked for before',
      (id: string, cursor: string) =>
        page(
          bank(id),
          cursor,
          undefined,
          LISTED.replace('pageInfo {', 'pageInfo { hasNextPage').replace(/\}\s*$/, 'licenses { totalCount } }'),
        ),
    ],
    [
      'with the cursor of another use beside it',
      async (id: string, cursor: string) => {
        const other = await lastUse();
        return page(
          bank(id),
          cursor,
          undefined,
          LISTED.replace(
            'subject(',
            `more: subject(person: $person) { penalties(first: 1, after: "${other.cursor}") { nodes { id } } } subject(`,
          ),
        );
      },
    ],
    ['behind a forged cursor', (id: string, cursor: string) => page(bank(id), `${cursor.slice(0, -4)}AAAA`)],
    ['behind no cursor', (id: string) => page(bank(id), null)],
  ])('asked %s are another use', async (_how, ask) => {
    const { id, cursor } = await lastUse();
    expect(cause(await ask(id, cursor))).toEqual(EXHAUSTED);
    expect((await used(id, person())).usedCount).toBe(1);
  });

  it('of two lists in one operation belong to the use under which both were begun', async () => {
    const id = await signed({ ...OF_PERSON, maxUses: 1 }, person());
    const both = `query ($person: PersonHandle, $one: Cursor, $two: Cursor) { subject(person: $person) {
      one: penalties(first: 1, after: $one) { nodes { documentNo } pageInfo { endCursor } }
      two: penalties(first: 2, after: $two) { nodes { documentNo } pageInfo { endCursor } } } }`;
    const ask = (cursors: object) => hub.ask(both, { ...bank(id), variables: { person: PERSON, ...cursors } });
    const { one, two } = (await ask({})).body.data.subject;
    const { body } = await ask({ one: one.pageInfo.endCursor, two: two.pageInfo.endCursor });
    expect([body.data.subject.one.nodes.length, body.data.subject.two.nodes.length]).toEqual([1, 2]);
    expect(await used(id, person())).toEqual({ usedCount: 1, status: 'EXHAUSTED' });
  });

  it.each([
    ['withdrawn', (id: string) => revoke(id, person()), 'REVOKED'],
    ['declared void', (id: string) => hub.load('VOUCHER', [{ voucherNo: id, status: 'VOID' }]), 'VOID'],
    [
      'over',
      async () => {
        now = new Date(NOW.getTime() + 300_001);
      },
      'EXPIRED',
    ],
  ])('end with a voucher that is %s in between', async (_how, end, expected) => {
    const { id, cursor } = await lastUse({ validTo: new Date(NOW.getTime() + 300_000).toISOString() });
    await end(id);
    expect(cause(await page(bank(id), cursor))).toEqual([403, expected]);
  });

  it('end with a body that is suspended in between', async () => {
    const { id, cursor } = await lastUse();
    await hub.load('SERVICE_BODY', bodies({ status: 'SUSPENDED' }).slice(0, 1));
    try {
      expect((await page(bank(id), cursor)).status).toBe(403);
    } finally {
      await hub.load('SERVICE_BODY', bodies().slice(0, 1));
    }
  });

  it("at a subgraph's own door belong to the use that was made at the gateway", async () => {
    const id = await signed({ ...OF_PERSON, maxUses: 1 }, person());
    const query = 'query ($after: Cursor) { penalties(first: 1, after: $after) { nodes { documentNo } pageInfo { endCursor } } }';
    const door = await startHub({ clock: { now: () => now }, dataDir: hub.dataDir, subgraph: 'records' });
    try {
      const first = await hub.ask(query, bank(id));
      const variables = { after: first.body.data.penalties.pageInfo.endCursor };
      expect((await door.ask(query, { ...bank(id), variables })).body.data.penalties.nodes).toHaveLength(1);
      expect(cause(await door.ask(query, bank(id)))).toEqual(EXHAUSTED);
    } finally {
      await door.close();
    }
    expect(await used(id, person())).toEqual({ usedCount: 1, status: 'EXHAUSTED' });
  });

  it('behind a cursor of the public are a use', async () => {
    const id = await signed({ maxUses: 1 });
    const query = 'query ($after: Cursor) { penalties(first: 1, after: $after) { pageInfo { endCursor } } }';
    const { body } = await hub.ask(query, bank());
    const { endCursor } = body.data.penalties.pageInfo;
    expect((await hub.ask(query, { ...bank(id), variables: { after: endCursor } })).status).toBe(200);
    expect(await used(id)).toEqual({ usedCount: 1, status: 'EXHAUSTED' });
  });
});

describe('drafting a voucher', () => {
  it('answers the body with everything but whom the hub knows', async () => {
    const { body } = await draft({ purposeText: '流动资金贷款' });
    expect(body.data.draftVoucher).toMatchObject({
      status: 'PENDING',
      type: 'E_SIGN',
      subjectId: null,
      granteeOrg: '信阳商业银行',
      granteeQualificationNo: 'Q-1',
      granteeStaff: [STAFF],
      sections: ['BASIC', 'ADMINISTRATIVE'],
      purpose: 'LOAN',
      purposeText: '流动资金贷款',
      validFrom: NOW.toISOString(),
      usedCount: 0,
      onwardProvision: false,
      signedAt: null,
    });
  });

  it("by a person's handle tells nothing: known, unknown and misnamed persons are answered alike", async () => {
    const answers = await Promise.all(
      [PERSON, UNKNOWN_PERSON, { ...PERSON, name: '陈英' }].map(async (handle) => {
        const { status, body } = await draft({ ...OF_PERSON, person: handle });
        const { id, voucherNo, ...rest } = body.data.draftVoucher;
        expect(voucherNo).toBe(id);
        return { status, rest, extensions: body.extensions };
      }),
    );
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[2]).toEqual(answers[0]);
  });

  it('is shown to the person it names before it signs, and not to one of another name', async () => {
    const list = async () =>
      (await hub.ask('{ vouchers(first: 200) { nodes { id } } }', person())).body.data.vouchers.nodes.map(({ id }: { id: string }) => id);
    const [right, wrong] = [await drafted(OF_PERSON), await drafted({ ...OF_PERSON, person: { ...PERSON, name: '陈英' } })];
    expect(await list()).toContain(right);
    expect(await list()).not.toContain(wrong);
    expect(code(await sign(wrong, person()))).toBe('NOT_FOUND');
  });

  it('about a person of whom the hub has nothing can be signed by that person alone', async () => {
    const id = await drafted({ ...OF_PERSON, person: UNKNOWN_PERSON });
    const claims = { subjectIdNumber: UNKNOWN_PERSON.idNumber, subjectName: UNKNOWN_PERSON.name };
    expect(code(await sign(id, person()))).toBe('NOT_FOUND');
    expect(code(await sign(id, person({ ...claims, subjectName: '别人' })))).toBe('NOT_FOUND');
    expect((await sign(id, person(claims))).body.data.signVoucher).toMatchObject({ id, status: 'ACTIVE' });
    const { body } = await hub.ask('{ me { voucher { id status } } }', bank(id));
    expect(body.data.me.voucher).toEqual({ id, status: 'ACTIVE' });
  });

  it('takes a person from variables alone', async () => {
    const query = `mutation { draftVoucher(input: { type: E_SIGN, person: { idNumber: "${PERSON.idNumber}", name: "${PERSON.name}" }, granteeUscc: "${BANK}",
      granteeStaff: ["${STAFF}"], sections: [BASIC], purpose: "LOAN", validTo: "${inDays(10)}", maxUses: 1 }) { id } }`;
    expect(code(await hub.ask(query, bank()))).toBe('BAD_USER_INPUT');
  });

  it('by the subject itself names the body', async () => {
    const { body } = await draft({ subjectUscc: undefined }, company());
    expect(body.data.draftVoucher).toMatchObject({ status: 'PENDING', subjectId: companyId, granteeUscc: BANK });
    expect((await sign(body.data.draftVoucher.id)).body.data.signVoucher.status).toBe('ACTIVE');
  });

  it.each([
    ['for another body', { granteeUscc: OTHER_BANK }, 'FORBIDDEN'],
    ['without a subject', { subjectUscc: undefined }, 'BAD_USER_INPUT'],
    ['with two subjects', { person: PERSON }, 'BAD_USER_INPUT'],
    ['about an unknown subject id', { subjectUscc: undefined, subject: UNKNOWN_ID }, 'NOT_FOUND'],
    ['for more than 90 days', { validTo: inDays(91) }, 'BAD_USER_INPUT'],
    ['for a time that has passed', { validTo: inDays(-1) }, 'BAD_USER_INPUT'],
    ['without a use', { maxUses: 0 }, 'BAD_USER_INPUT'],
    ['without a section', { sections: [] }, 'BAD_USER_INPUT'],
    ['without staff', { granteeStaff: [] }, 'BAD_USER_INPUT'],
    ['for an unknown purpose', { purpose: 'CURIOSITY' }, 'BAD_USER_INPUT'],
    ["for an agency's purpose", { purpose: 'ENFORCEMENT' }, 'BAD_USER_INPUT'],
    ['with an excluded field that does not exist', { fieldsExcluded: ['AdministrativePenalty.nothing'] }, 'BAD_USER_INPUT'],
    ['with an opened type that does not exist', { opened: ['NOTHING'] }, 'BAD_USER_INPUT'],
    ['of the kind that certificates use', { type: 'E_CERT' }, 'BAD_USER_INPUT'],
    ['as a court order', { type: 'COURT_ORDER' }, 'BAD_USER_INPUT'],
  ])('is refused %s', async (_what, changes, expected) => {
    expect(code(await draft(changes))).toBe(expected);
  });

  it('for an application organisation runs at most 365 days and needs its certificate', async () => {
    expect(code(await draft({ ...APP_DRAFT, validTo: inDays(366) }, app()))).toBe('BAD_USER_INPUT');
    expect(code(await draft(APP_DRAFT, app(undefined, { certSerial: undefined })))).toBe('FORBIDDEN');
    expect((await draft(APP_DRAFT, app())).body.data.draftVoucher).toMatchObject({ type: 'E_CERT', certSerial: CERT, opened: ['LICENSE'] });
  });

  it('by a subject is about itself, and for a body that the registry knows', async () => {
    expect(code(await draft({ subjectUscc: OTHER_COMPANY }, company()))).toBe('FORBIDDEN');
    expect(code(await draft({ ...OF_PERSON }, company()))).toBe('FORBIDDEN');
    expect(code(await draft({ granteeUscc: OTHER_COMPANY }, company()))).toBe('NOT_FOUND');
  });

  it.each([
    ['the public', (): Asking => ({})],
    ['a department', (): Asking => ({ token: hub.token('AGENCY', { orgUscc: MARKET }), purpose: 'BIDDING' })],
  ])('is not for %s', async (_who, asking) => {
    expect(code(await draft({}, asking()))).toBe('FORBIDDEN');
  });
});

describe('signing and withdrawing', () => {
  it('is for the subject of the voucher alone; to another it does not exist', async () => {
    const id = await drafted();
    const another: Asking = { token: hub.token('SUBJECT', { subjectUscc: OTHER_COMPANY, authLevel: 2 }) };
    for (const answers of [
      [await sign(id, another), await sign(UNKNOWN_ID, another)],
      [await revoke(id, another), await revoke(UNKNOWN_ID, another)],
    ])
      expect(answers.map((answer) => [code(answer), answer.body.errors[0].message])).toEqual(
        Array(2).fill(['NOT_FOUND', 'there is no such voucher']),
      );
  });

  it('asks for an identity proof of level 2 to sign, and for none beyond the token to withdraw', async () => {
    const id = await drafted();
    expect(code(await sign(id, company({ authLevel: 1 })))).toBe('FORBIDDEN');
    await sign(id);
    expect((await revoke(id, company({ authLevel: 1 }))).body.errors).toBeUndefined();
    expect((await used(id)).status).toBe('REVOKED');
  });

  it('signs once', async () => {
    const id = await signed();
    expect(code(await sign(id))).toBe('INVALID_TRANSITION');
  });

  it('is not possible for a body that is not qualified any more', async () => {
    const id = await drafted({ granteeUscc: LAPSED_BODY }, bank(undefined, {}, { orgUscc: LAPSED_BODY }));
    now = new Date('2026-11-02T02:00:00Z');
    expect(code(await sign(id))).toBe('INVALID_TRANSITION');
  });
});

describe('reading vouchers', () => {
  it('is for subject, grantee and operator; to everybody else there are none', async () => {
    const id = await signed();
    const list = async (asking: Asking) => {
      const { body } = await hub.ask('{ vouchers(first: 200) { totalCount nodes { id purpose } } }', asking);
      expect(body.data.vouchers.totalCount).toBe(body.data.vouchers.nodes.length);
      return body.data.vouchers.nodes as { id: string; purpose: string }[];
    };
    for (const asking of [company(), bank(), { token: hub.token('OPERATOR', { staffId: 's-1' }) }])
      expect(await list(asking)).toContainEqual({ id, purpose: 'LOAN' });
    const strangers: Asking[] = [
      {},
      { token: hub.token('AGENCY', { orgUscc: MARKET }), purpose: 'BIDDING' },
      { token: hub.token('SUBJECT', { subjectUscc: OTHER_COMPANY, authLevel: 2 }) },
      bank(undefined, {}, { orgUscc: OTHER_BANK }),
      { token: hub.token('SUPERVISION', { clientId: 'sup-1', regionCode: '411502' }) },
    ];
    for (const asking of strangers) expect(await list(asking)).toEqual([]);
  });

  it('stands on the subject', async () => {
    const id = await signed();
    const { body } = await hub.ask(`{ subject(id: "${companyId}") { vouchers(first: 200) { nodes { id status sections } } } }`, company());
    expect(body.data.subject.vouchers.nodes).toContainEqual({ id, status: 'ACTIVE', sections: ['BASIC', 'ADMINISTRATIVE'] });
  });

  it('tells a body under me which voucher it presents', async () => {
    const id = await signed();
    expect((await hub.ask('{ me { voucher { id usedCount maxUses } } }', bank(id))).body.data.me.voucher).toEqual({
      id,
      usedCount: 1,
      maxUses: 20,
    });
    expect((await hub.ask('{ me { voucher { id } } }', bank())).body.data.me.voucher).toBeNull();
  });
});
