import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { COMPANY, debtorEntry, HOUSING, MARKET, PERSON, penalty, personalPenalty, SOLE_TRADER } from '../support/fixtures.ts';
import { openTemporaryHub, type TemporaryHub } from '../support/temporary-hub.ts';

/** Placed in 山东, where penalties under the simple procedure are outside the data list for everybody. */
const SHANDONG = '11370306004220545G';
/** Placed in 辽宁, which follows the defaults. */
const LIAONING = '91210500MAXTE5T326';

type Row = Readonly<Record<string, unknown>>;
const licence = (changes: Row = {}): Row => ({
  counterpartName: '茶韵食品有限公司',
  counterpartType: 'LEGAL_AND_UNINCORPORATED',
  uscc: COMPANY,
  legalRepName: '吴强',
  documentName: '食品经营许可决定书',
  documentNo: '浉许准字〔2026〕第1号',
  licenseCategory: '普通',
  licenseNo: 'JY1',
  content: '食品销售',
  decisionDate: '2026-09-01',
  validFrom: '2026-09-01',
  validTo: '2031-09-01',
  authority: '浉河区市场监督管理局',
  authorityUscc: MARKET,
  licenseStatus: '1',
  sourceDeptUscc: MARKET,
  ...changes,
});

describe('the judge of rows', () => {
  let hub: TemporaryHub;
  beforeAll(async () => {
    hub = await openTemporaryHub('2026-11-24');
  });
  afterAll(() => hub.close());

  async function judged(code: string, row: Row) {
    const [outcome] = await hub.submit(code, [row]);
    if (!outcome) throw new Error('no outcome');
    return {
      outcome: outcome.outcome,
      reasons: outcome.reasons.map(({ code: reason, column }) => `${reason} ${column}`),
      notices: outcome.notices.map(({ code: notice }) => notice),
      messages: outcome.reasons.map(({ message }) => message),
    };
  }

  it.each<[string, string, Row, string]>([
    ['a row without its name', 'PENALTY', penalty({ counterpartName: ' ' }), 'REQUIRED 行政相对人名称'],
    ['an organisation without a code', 'PENALTY', penalty({ uscc: '' }), 'REQUIRED 行政相对人代码_1(统一社会信用代码)'],
    [
      'an individual business without a code',
      'PENALTY',
      penalty({ counterpartType: '个体工商户', uscc: null }),
      'REQUIRED 行政相对人代码_1(统一社会信用代码)',
    ],
    ['a person without a number', 'PENALTY', personalPenalty({ personIdNumber: undefined }), 'REQUIRED 证件号码'],
    ['a row without a document number', 'PENALTY', penalty({ documentNo: undefined }), 'REQUIRED 行政处罚决定书文号'],
    ['a row without any source', 'PENALTY', penalty({ sourceDeptUscc: undefined }), 'REQUIRED 数据来源单位统一社会信用代码'],
    ['a malformed code', 'PENALTY', penalty({ uscc: 'O1411502MA4TE5T058' }), 'MALFORMED 行政相对人代码_1(统一社会信用代码)'],
    ['a number that is none', 'PENALTY', penalty({ fineAmountWan: '二万元' }), 'MALFORMED 罚款金额(万元)'],
    ['a date that is none', 'PENALTY', penalty({ decisionDate: '去年' }), 'MALFORMED 处罚决定日期'],
    ['a day that does not exist', 'PENALTY', penalty({ decisionDate: '2026/02/30' }), 'IMPOSSIBLE_DATE 处罚决定日期'],
    ['a decision of tomorrow', 'PENALTY', penalty({ decisionDate: '2026-11-25' }), 'FUTURE_DECISION 处罚决定日期'],
    ['a decision that is dated "without end"', 'PENALTY', penalty({ decisionDate: '2099/12/31' }), 'FUTURE_DECISION 处罚决定日期'],
    [
      'a validity that ends before it begins',
      'LICENSE',
      licence({ validFrom: '2026-09-02', validTo: '2026-09-01' }),
      'DATE_ORDER 有效期至',
    ],
    [
      'a publicity that ends before it begins',
      'LIST_ENTRY',
      debtorEntry({ prePublicityFrom: '2026-03-02', prePublicityTo: '2026-03-01' }),
      'DATE_ORDER 守信对象公示期至',
    ],
    [
      'a listing that is removed before it begins',
      'LIST_ENTRY',
      debtorEntry({ expectedRemovalOn: '2026-07-31' }),
      'DATE_ORDER 预计移出日期',
    ],
    ['a negative amount', 'PENALTY', penalty({ fineAmountWan: '-3' }), 'NEGATIVE_AMOUNT 罚款金额(万元)'],
    ['a value that the catalogue does not have', 'PENALTY', penalty({ penaltyTypes: '罚款；体罚' }), 'UNKNOWN_VALUE 处罚类别'],
    ['"other" without saying what', 'LICENSE', licence({ licenseCategory: '其他' }), 'NOTE_REQUIRED 许可类别'],
    ['"other" with nothing behind the dash', 'LICENSE', licence({ licenseCategory: '其他-' }), 'NOTE_REQUIRED 许可类别'],
    ['a text that is too long', 'PENALTY', penalty({ documentNo: '号'.repeat(129) }), 'TOO_LONG 行政处罚决定书文号'],
    [
      "an individual business with a company's code",
      'PENALTY',
      penalty({ counterpartType: '个体工商户' }),
      'CODE_CONTRADICTS_KIND 行政相对人代码_1(统一社会信用代码)',
    ],
    [
      "a company with an individual business's code",
      'PENALTY',
      penalty({ uscc: SOLE_TRADER }),
      'CODE_CONTRADICTS_KIND 行政相对人代码_1(统一社会信用代码)',
    ],
    [
      "a person with an organisation's code",
      'PENALTY',
      personalPenalty({ uscc: COMPANY }),
      'CODE_CONTRADICTS_KIND 行政相对人代码_1(统一社会信用代码)',
    ],
    [
      "a company whose code is a person's number",
      'PENALTY',
      penalty({ uscc: PERSON.idNumber }),
      'CODE_CONTRADICTS_KIND 行政相对人代码_1(统一社会信用代码)',
    ],
    [
      "a person's number that fails its check",
      'PENALTY',
      personalPenalty({ personIdNumber: '411599196706275685' }),
      'ID_CHECK_FAILED 证件号码',
    ],
    [
      'the same where no certificate is named',
      'PENALTY',
      personalPenalty({ personIdNumber: '411599196706275685', personIdType: '' }),
      'ID_CHECK_FAILED 证件号码',
    ],
    ['a state secret', 'PENALTY', penalty({ secretMark: '国家秘密' }), 'STATE_SECRET 保密标识'],
    ['a state secret by its degree', 'PENALTY', penalty({ secretMark: '机密' }), 'STATE_SECRET 保密标识'],
    ['a simple procedure against a person in 河南', 'PENALTY', personalPenalty({ procedureType: '简易程序' }), 'SIMPLE_PROCEDURE 程序类型'],
    [
      'a simple procedure against anybody in 山东',
      'PENALTY',
      penalty({ procedureType: '简易程序', authorityUscc: SHANDONG }),
      'SIMPLE_PROCEDURE 程序类型',
    ],
    ['an entry of a list that is not kept', 'LIST_ENTRY', debtorEntry({ listCode: 'B-UNKNOWN' }), 'UNKNOWN_VALUE 名单代码'],
    ['an entry whose kind is not that of its list', 'LIST_ENTRY', debtorEntry({ kind: 'RED' }), 'UNKNOWN_VALUE 名单类型'],
    [
      "responsible persons on a person's own entry",
      'LIST_ENTRY',
      debtorEntry({ responsiblePersons: [{ name: '吴强', role: 'PRINCIPAL' }] }),
      'PROHIBITED 责任人',
    ],
    [
      'a nested value that is unknown',
      'LIST_ENTRY',
      debtorEntry({ basisDocs: [{ kind: 'JUDGMENT', docNo: '1', secret: 'x' }] }),
      'MALFORMED basisDocs[0].secret',
    ],
    [
      'a nested value that is missing',
      'LIST_ENTRY',
      debtorEntry({ basisDocs: [{ kind: 'JUDGMENT', docNo: '1' }, { kind: 'JUDGMENT' }] }),
      'REQUIRED basisDocs[1].docNo',
    ],
  ])('refuses %s', async (_what, code, row, reason) => {
    expect(await judged(code, row)).toMatchObject({ outcome: 'rejected', reasons: [reason] });
  });

  it.each<[string, string, Row, readonly string[]]>([
    ['a company whose code fails its check digit', 'PENALTY', penalty({ uscc: '91350100M0001TGQXM' }), ['CODE_CHECK_FAILED']],
    [
      "a representative's number that fails its check",
      'PENALTY',
      penalty({ legalRepIdNumber: '411599197710058717', documentNo: '1' }),
      ['CODE_CHECK_FAILED'],
    ],
    ["a representative's passport", 'PENALTY', penalty({ legalRepIdNumber: 'E12345678', legalRepIdType: '护照号', documentNo: '2' }), []],
    ["a person's passport", 'PENALTY', personalPenalty({ personIdNumber: 'E12345678', personIdType: '护照号', documentNo: '3' }), []],
    ['a simple procedure against a company in 河南', 'PENALTY', penalty({ procedureType: '简易程序', documentNo: '4' }), []],
    [
      'a simple procedure against a person elsewhere',
      'PENALTY',
      personalPenalty({ procedureType: '简易程序', authorityUscc: LIAONING, documentNo: '5' }),
      [],
    ],
    ['a deadline of its own', 'PENALTY', penalty({ publicityDeadline: '2027-01-01', documentNo: '6' }), ['DEADLINE_DIFFERS']],
    ['a severity that nothing decides', 'PENALTY', penalty({ penaltyTypes: '其他-责令改正', documentNo: '7' }), ['SEVERITY_UNSET']],
    ['"other" with its note in the same cell', 'LICENSE', licence({ licenseCategory: '其他-备案' }), []],
    ['a licence number in place of the document number', 'LICENSE', licence({ documentNo: '', licenseNo: 'JY2' }), []],
    ['amounts as spreadsheets write them', 'PENALTY', penalty({ fineAmountWan: '1,234.50', documentNo: '8' }), []],
    ['a decision of today', 'PENALTY', penalty({ decisionDate: '20261124', documentNo: '9' }), []],
  ])('takes %s', async (_what, code, row, notices) => {
    expect(await judged(code, row)).toMatchObject({ outcome: 'accepted', reasons: [], notices });
  });

  it('tells of a deadline in a year whose holidays are not published yet', async () => {
    hub.setToday('2026-12-30');
    expect(await judged('PENALTY', penalty({ decisionDate: '2026-12-28', documentNo: 'provisional' }))).toMatchObject({
      notices: ['DEADLINE_PROVISIONAL'],
    });
    hub.setToday('2026-11-24');
  });

  it('names every fault of a row at once', async () => {
    const { reasons } = await judged('PENALTY', penalty({ counterpartName: '', fineAmountWan: '-1', decisionDate: '2026-13-01' }));
    expect(reasons).toEqual(
      expect.arrayContaining(['REQUIRED 行政相对人名称', 'NEGATIVE_AMOUNT 罚款金额(万元)', 'IMPOSSIBLE_DATE 处罚决定日期']),
    );
    expect(reasons).toHaveLength(3);
  });

  it('says of a truncated row nothing but that', async () => {
    const [outcome] = await hub.engine.submit(hub.typeOf('PENALTY'), [{ row: 7, values: { CF_WSH: '' }, truncated: true }], {
      actor: 'test',
      mode: 'MANUAL',
      viaToken: false,
    });
    expect(outcome).toMatchObject({ row: 7, outcome: 'rejected', reasons: [{ code: 'TRUNCATED_ROW', column: '' }] });
  });

  it('never repeats in a message what stood in a cell', async () => {
    const secret = fc.stringMatching(/^[1-9][0-9]{14,17}[0-9X]$/);
    await fc.assert(
      fc.asyncProperty(
        secret,
        fc.constantFrom('personIdNumber', 'uscc', 'fineAmountWan', 'decisionDate', 'penaltyTypes', 'counterpartType'),
        async (text, field) => {
          const { messages, outcome } = await judged('PENALTY', personalPenalty({ [field]: text, documentNo: text, counterpartName: '' }));
          expect(outcome).toBe('rejected');
          expect(messages.join()).not.toContain(text);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('reads a row by headings, by exchange codes and by names alike', async () => {
    const byName = penalty({ documentNo: 'alike' });
    const type = hub.typeOf('PENALTY');
    const renamed = (name: (item: { name: string; code?: string | undefined; headings: readonly string[] }) => string | undefined) =>
      new Map(
        Object.entries(byName).map(([key, value]) => [
          name(type.items.find((item) => item.name === key) ?? { name: key, headings: [] }) ?? key,
          Array.isArray(value) ? '罚款' : value,
        ]),
      );
    const origin = { actor: 'test', mode: 'MANUAL', viaToken: false } as const;
    const [first] = await hub.engine.submit(type, [{ row: 1, values: renamed(({ headings }) => headings[0]?.replace('(', '（')) }], origin);
    const [second] = await hub.engine.submit(type, [{ row: 1, values: renamed(({ code }) => code) }], origin);
    const [third] = await hub.submit('PENALTY', [byName]);
    expect([first?.outcome, second?.outcome, third?.outcome]).toEqual(['accepted', 'unchanged', 'unchanged']);
  });

  it('refuses a row of another source under a token, and a type that nobody submits', async () => {
    const [outcome] = await hub.submit('PENALTY', [penalty({ sourceDeptUscc: HOUSING })], { viaToken: true, source: MARKET });
    expect(outcome?.reasons.map(({ code }) => code)).toEqual(['SOURCE_DIFFERS']);
    await expect(hub.submit('LIST_ENTRY', [debtorEntry()], { viaToken: true, source: MARKET })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
  });
});
