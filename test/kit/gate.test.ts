import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { addMonths } from '../../schema/calendar-date.ts';
import type { Gate } from '../../schema/gate.ts';
import { windowOf } from '../../subgraphs/kit/record-engine/publicity-window.ts';
import { COMPANY, debtorEntry, HOUSING, MARKET, PERSON, penalty, personalPenalty, TAX } from '../support/fixtures.ts';
import { openTemporaryHub, type TemporaryHub } from '../support/temporary-hub.ts';

type Row = Readonly<Record<string, unknown>>;
const commitment = (changes: Row = {}): Row => ({
  commitmentNo: '41150220260901000001',
  subjectName: '茶韵食品有限公司',
  subjectType: 'LEGAL_AND_UNINCORPORATED',
  uscc: COMPANY,
  type: 'ACTIVE',
  content: '依法经营',
  acceptingOrg: '浉河区市场监督管理局',
  acceptingOrgUscc: MARKET,
  committedOn: '2026-09-01',
  publishConsent: true,
  performanceStatus: 'IN_PERFORMANCE',
  sourceDeptUscc: MARKET,
  ...changes,
});
const grade = (changes: Row = {}): Row => ({
  taxpayerName: '茶韵食品有限公司',
  taxpayerId: COMPANY,
  ratingYear: 2025,
  level: 'A',
  ratedOn: '2026-04-01',
  ratingAuthority: '浉河区税务局',
  sourceDeptUscc: TAX,
  ...changes,
});
const act = (changes: Row = {}): Row => ({
  counterpartName: PERSON.name,
  counterpartType: 'INDIVIDUAL',
  personIdNumber: PERSON.idNumber,
  documentNo: '1',
  documentName: '决定书',
  matterName: '事项',
  content: '内容',
  basis: '依据',
  decisionDate: '2026-09-01',
  authority: '浉河区民政局',
  authorityUscc: MARKET,
  sourceDeptUscc: MARKET,
  ...changes,
});
const company = (changes: Row = {}): Row =>
  act({
    counterpartName: '茶韵食品有限公司',
    counterpartType: 'LEGAL_AND_UNINCORPORATED',
    uscc: COMPANY,
    legalRepName: '吴强',
    personIdNumber: undefined,
    ...changes,
  });

describe('the gate of a record', () => {
  let hub: TemporaryHub;
  let number = 0;
  beforeAll(async () => {
    hub = await openTemporaryHub('2026-11-24');
  });
  afterAll(() => hub.close());

  async function taken(code: string, row: Row) {
    const [outcome] = await hub.submit(code, [row]);
    if (outcome?.outcome !== 'accepted') throw new Error(JSON.stringify(outcome));
    return hub.recordOf(code, outcome.id);
  }
  async function gateOf(code: string, row: Row): Promise<Gate> {
    const { gate } = await taken(code, row);
    if (!gate) throw new Error('no gate');
    return gate;
  }
  const fresh = (row: Row = {}): Row => penalty({ documentNo: `浉罚〔2026〕${++number}号`, ...row });

  it('holds who, whose, where and what kind', async () => {
    expect(await gateOf('PENALTY', fresh())).toMatchObject({
      subjectKind: 'ENTERPRISE',
      sourceOrg: MARKET,
      parties: [],
      region: '411502',
      share: 'ENFORCEMENT',
      section: 'ADMINISTRATIVE',
      nature: 'UNTRUSTWORTHY',
      stopped: null,
      draft: 'NO',
      actEnd: '2027-09-01',
      heldByBlack: false,
      secrecy: 'NONE',
      exception: 'NONE',
      valueOpen: true,
      objection: false,
    });
  });

  it.each<[string, Row, Partial<Gate>]>([
    [
      'a fine',
      { penaltyTypes: ['FINE'] },
      { severity: 'GENERAL', status: 'PUBLISHED', publishedFrom: '2026-09-01', publishedUntil: '2027-09-01' },
    ],
    ['a warning', { penaltyTypes: ['WARNING'] }, { severity: 'MINOR', status: 'NOT_PUBLIC', publishedUntil: '2026-12-01' }],
    ['a closure', { penaltyTypes: ['ORDER_CLOSE'] }, { severity: 'SERIOUS', status: 'PUBLISHED', publishedUntil: '2029-09-01' }],
    ['several, by the most severe', { penaltyTypes: '警告；责令关闭、罚款' }, { severity: 'SERIOUS' }],
    ['a word that straddles two, by the stricter', { penaltyTypes: '暂扣或者吊销许可证' }, { severity: 'SERIOUS' }],
    ['a fine under the simple procedure', { penaltyTypes: ['FINE'], procedureType: 'SIMPLE' }, { severity: 'MINOR', status: 'NOT_PUBLIC' }],
    ['a closure under the simple procedure', { penaltyTypes: ['ORDER_CLOSE'], procedureType: 'SIMPLE' }, { severity: 'SERIOUS' }],
    ['something else', { penaltyTypes: ['OTHER'] }, { severity: null, status: 'VALIDATED', publishedUntil: null }],
    [
      'something else with a severity of its own',
      { penaltyTypes: ['OTHER'], severity: '严重' },
      { severity: 'SERIOUS', status: 'PUBLISHED' },
    ],
    ['something else that claims to have none', { penaltyTypes: ['OTHER'], severity: 'NA' }, { severity: null, status: 'VALIDATED' }],
    ['a fine that claims to be severe', { penaltyTypes: ['FINE'], severity: 'SERIOUS' }, { severity: 'GENERAL' }],
    ['a trade secret', { secretMark: '商业秘密' }, { secrecy: 'TRADE_SECRET', status: 'NOT_PUBLIC' }],
    [
      'a leap day, clamped to the end of the month',
      { penaltyTypes: ['FINE'], decisionDate: '2024-02-29', validTo: '2024-03-01' },
      { publishedUntil: '2025-02-28' },
    ],
    ['a deadline of its own inside the window', { publicityDeadline: '2027-01-15' }, { publishedUntil: '2027-01-15' }],
    ['a deadline before the shortest publicity', { publicityDeadline: '2026-10-01' }, { publishedUntil: '2026-12-01' }],
    ['a deadline behind the longest publicity', { publicityDeadline: '2030-01-01' }, { publishedUntil: '2027-09-01' }],
    ['an act without end', { validTo: '2099/12/31' }, { actEnd: null }],
    ['a region of its own', { regionCode: '411300' }, { region: '411300' }],
  ])('of a penalty judges %s', async (_what, changes, expected) => {
    expect(await gateOf('PENALTY', fresh(changes))).toMatchObject(expected);
  });

  it.each<[string, string, Row, Partial<Gate>]>([
    [
      "a person's penalty",
      'PENALTY',
      personalPenalty(),
      { subjectKind: 'INDIVIDUAL', exception: 'NONE', status: 'NOT_PUBLIC', severity: 'GENERAL' },
    ],
    [
      'a payment to a person',
      'PAYMENT',
      act({ paymentItem: '临时救助', documentNo: 'p1' }),
      { exception: 'PAYMENT', status: 'NOT_PUBLIC', severity: 'NA' },
    ],
    [
      'a reward without consent',
      'REWARD',
      act({ awardName: '诚信个人', documentNo: 'r1' }),
      { exception: 'NONE', status: 'NOT_PUBLIC', nature: 'TRUSTWORTHY' },
    ],
    [
      'a reward of a company',
      'REWARD',
      company({ awardName: '诚信企业', documentNo: 'r2' }),
      { status: 'PUBLISHED', severity: 'NA', publishedUntil: null, publishedFrom: '2026-09-01' },
    ],
    [
      "a judgment debtor's entry",
      'LIST_ENTRY',
      debtorEntry(),
      {
        exception: 'PUBLIC',
        status: 'PUBLISHED',
        section: 'BLACKLIST',
        severity: 'NA',
        draft: 'NO',
        publishedFrom: '2026-08-01',
        publishedUntil: null,
      },
    ],
    [
      'an entry that ends',
      'LIST_ENTRY',
      debtorEntry({ decisionNo: '2', expectedRemovalOn: '2028-08-01' }),
      { publishedUntil: '2028-08-01' },
    ],
    [
      'a proposed entry',
      'LIST_ENTRY',
      debtorEntry({ decisionNo: '3', entryStatus: '拟列入' }),
      { status: 'COLLECTED', draft: 'BEFORE_NOTICE' },
    ],
    [
      'a noticed entry',
      'LIST_ENTRY',
      debtorEntry({ decisionNo: '4', entryStatus: '已告知' }),
      { status: 'COLLECTED', draft: 'AFTER_NOTICE' },
    ],
    [
      'a listed entry',
      'LIST_ENTRY',
      debtorEntry({ decisionNo: '5', entryStatus: 'LISTED' }),
      { status: 'VALIDATED', draft: 'NO', stopped: null },
    ],
    [
      'a suspended entry, of which nothing stood before',
      'LIST_ENTRY',
      debtorEntry({ decisionNo: '6', entryStatus: 'SUSPENDED' }),
      { status: 'VALIDATED', stopped: null },
    ],
    [
      'an entry removed by repair',
      'LIST_ENTRY',
      debtorEntry({ decisionNo: '7', entryStatus: 'REMOVED', removalGround: '信用修复', removedOn: '2026-10-01' }),
      { status: 'PUBLISHED', stopped: 'REPAIRED' },
    ],
    [
      'an entry removed by time',
      'LIST_ENTRY',
      debtorEntry({ decisionNo: '8', entryStatus: 'REMOVED', removalGround: '期限届满', removedOn: '2026-10-01' }),
      { stopped: 'EXPIRED' },
    ],
    ['an entry listed in error', 'LIST_ENTRY', debtorEntry({ decisionNo: '9', entryStatus: 'REVOKED_ERROR' }), { stopped: 'WITHDRAWN' }],
    [
      'a list that is public by law, without its basis',
      'LIST_ENTRY',
      debtorEntry({ decisionNo: '10', listCode: 'B-DEFENCE' }),
      { exception: 'NONE' },
    ],
    [
      'a list that is public by law, with its basis',
      'LIST_ENTRY',
      debtorEntry({ decisionNo: '11', listCode: 'B-DEFENCE', publicityBasis: '《国防法》' }),
      { exception: 'PUBLIC' },
    ],
    ['a list of companies', 'LIST_ENTRY', debtorEntry({ decisionNo: '12', listCode: 'B-TAX' }), { exception: 'NONE' }],
    ['a commitment in performance', 'COMMITMENT', commitment(), { status: 'PUBLISHED', nature: 'OTHER', severity: 'NA', valueOpen: true }],
    [
      'a commitment whose publicity was not agreed to',
      'COMMITMENT',
      commitment({ commitmentNo: '2', publishConsent: false }),
      { valueOpen: false },
    ],
    [
      'a broken commitment',
      'COMMITMENT',
      commitment({ commitmentNo: '3', performanceStatus: '违诺', breachDecidedOn: '2026-10-01' }),
      { nature: 'UNTRUSTWORTHY', severity: 'NA', status: 'PUBLISHED', actEnd: '2026-10-01' },
    ],
    [
      'a draft of a commitment',
      'COMMITMENT',
      commitment({ commitmentNo: '4', performanceStatus: 'DRAFT' }),
      { status: 'COLLECTED', draft: 'BEFORE_NOTICE' },
    ],
    ['the best tax grade', 'TAX_CREDIT', grade(), { status: 'PUBLISHED', valueOpen: true, nature: 'BASIC', severity: 'NA' }],
    ['a worse tax grade', 'TAX_CREDIT', grade({ ratingYear: 2024, level: 'D' }), { status: 'NOT_PUBLIC', valueOpen: false }],
  ])('of %s', async (_what, code, row, expected) => {
    expect(await gateOf(code, row)).toMatchObject(expected);
  });

  it('keeps a case that is never published closed, with its parties', async () => {
    const repair = {
      repairNo: '1',
      subjectName: '茶韵食品有限公司',
      subjectType: '法人及非法人组织',
      uscc: COMPANY,
      targets: [{ kind: 'PENALTY', docNo: '1' }],
      status: '已修复',
      decidingOrgUscc: HOUSING,
      sourceDeptUscc: MARKET,
    };
    const states = hub.catalogue.enums.get('RepairStatus') ?? [];
    for (const [index, { name }] of states.entries()) {
      expect(await gateOf('REPAIR_CASE', { ...repair, status: name, repairNo: `r${index}` })).toMatchObject({
        status: 'NOT_PUBLIC',
        parties: [HOUSING],
      });
    }
  });

  it('of a catalogue document has its own dates and region and nothing else', async () => {
    const gate = await gateOf('SERVICE_BODY', {
      orgUscc: COMPANY,
      name: '茶韵征信有限公司',
      category: '征信',
      regionCode: '411502',
      validTo: '2028-01-01',
      qualificationNo: 'Q1',
      status: '正常',
    });
    expect(gate).toMatchObject({
      subjectId: null,
      subjectKind: null,
      sourceOrg: null,
      share: null,
      section: null,
      nature: null,
      status: 'PUBLISHED',
      draft: 'NO',
      region: '411502',
      publishedFrom: null,
      publishedUntil: '2028-01-01',
      stopped: null,
      heldByBlack: false,
      severity: 'NA',
      exception: 'NONE',
      valueOpen: true,
      objection: false,
      secrecy: 'NONE',
    });
  });

  it('never publishes a closed person, a secret or a minor act, whatever the row says', async () => {
    const rows = fc.record({
      isPerson: fc.boolean(),
      penaltyTypes: fc.subarray(['WARNING', 'CRITICISM', 'FINE', 'SUSPEND_LICENSE', 'ORDER_CLOSE', 'OTHER'], { minLength: 1 }),
      procedureType: fc.constantFrom('ORDINARY', 'SIMPLE', undefined),
      severity: fc.constantFrom('MINOR', 'GENERAL', 'SERIOUS', 'NA', undefined),
      secretMark: fc.constantFrom('NONE', 'TRADE_SECRET', 'PERSONAL_PRIVACY', 'NOT_TO_DISCLOSE', undefined),
      regionCode: fc.constantFrom('210500', '230109', '110101'),
    });
    await fc.assert(
      fc.asyncProperty(rows, async ({ isPerson, ...changes }) => {
        const about = isPerson ? personalPenalty(changes) : penalty(changes);
        const gate = await gateOf('PENALTY', { ...about, documentNo: `property ${++number}` });
        const closed = isPerson || gate.secrecy !== 'NONE' || gate.severity === 'MINOR' || gate.severity === null;
        expect(gate.status === 'PUBLISHED').toBe(!closed);
      }),
      { numRuns: 60 },
    );
  });
});

describe('the window of publicity', () => {
  const day = fc
    .date({ min: new Date('2000-01-01'), max: new Date('2060-12-31'), noInvalidDate: true })
    .map((date) => date.toISOString().slice(0, 10));
  const severity = fc.constantFrom('MINOR', 'GENERAL', 'SERIOUS', 'NA', null);

  it('never ends before the shortest and never after the longest publicity, whatever deadline a row gives', () => {
    fc.assert(
      fc.property(severity, day, fc.option(day, { nil: undefined }), (kind, decided, deadline) => {
        const { publishedFrom, publishedUntil, minEndOn, deadlineDiffers } = windowOf({
          severity: kind,
          from: undefined,
          to: undefined,
          decided,
          deadline,
          today: '2026-11-24',
        });
        expect(publishedFrom).toBe(decided);
        if (kind === null || kind === 'NA') return expect(publishedUntil).toBeNull();
        const [min, max] = { MINOR: [0, 3], GENERAL: [3, 12], SERIOUS: [12, 36] }[kind];
        const longest = addMonths(decided, max ?? 0);
        expect(minEndOn).toBe(addMonths(decided, min ?? 0));
        expect(publishedUntil !== null && minEndOn !== null && publishedUntil >= minEndOn && publishedUntil <= longest).toBe(true);
        expect(deadlineDiffers).toBe(deadline !== undefined && deadline !== longest);
      }),
    );
  });
});
