import type { Gate } from '../../../schema/gate.ts';
import { COMPANY, OTHER_COMPANY, penalty, personalPenalty } from '../../support/fixtures.ts';

type Row = Readonly<Record<string, unknown>>;

export const NUMBERS = ['007', '001', '005', '002', '006', '003', '004'].map((number) => `浉市监罚〔2026〕${number}号`);

const open = (documentNo: string, index: number) => ({
  documentNo,
  decisionDate: `2026-0${1 + index}-15`,
  fineAmountWan: String(1 + index),
  uscc: index % 2 === 0 ? COMPANY : OTHER_COMPANY,
  counterpartName: index % 2 === 0 ? '茶韵食品有限公司' : '申城贸易有限公司',
  evidenceRefs: [{ docType: '决定书', docNo: documentNo, fileId: 'file' }],
});
const closedFields = (salt: number, index: number) => ({
  performanceStatus: (salt + index) % 2 === 0 ? 'PERFORMED' : 'NOT_PERFORMED',
  remark: `备注${salt * 31 + index}`,
  legalRepIdNumber: salt % 2 === 0 ? '411599197710058716' : '411599199108284357',
  reviewOutcome: (salt + index) % 2 === 0 ? 'NONE' : 'PENDING',
  repairNoticeServed: salt % 2 === 0 ? true : undefined,
});
/** Rows that everybody sees; hubs with another `salt` differ in their closed fields. */
export const openRows = (salt: number): readonly Row[] =>
  NUMBERS.map((number, index) => penalty({ ...open(number, index), ...closedFields(salt, index) }));
/** The same for callers with rights of their own: the hubs differ in the remark alone. */
export const openRowsButForRemarks = (salt: number): readonly Row[] =>
  openRows(0).map((row, index) => ({ ...row, remark: `内部${salt * 7 + index}` }));
const OUTSIDE_SCOPE = { counterpartName: '茶韵食品有限公司', uscc: COMPANY } as const;
/** More rows that nobody here sees: persons', minor, secret and expired ones. */
export const MORE_CLOSED: readonly Row[] = [
  ...[1, 2, 3, 4].map((index) => personalPenalty({ documentNo: `浉市监罚〔2026〕20${index}号`, fineAmountWan: String(index) })),
  ...[1, 2, 3].map((index) =>
    penalty({ ...OUTSIDE_SCOPE, documentNo: `浉市监罚〔2026〕30${index}号`, penaltyTypes: ['WARNING'], fineAmountWan: undefined }),
  ),
  ...[1, 2, 3].map((index) =>
    penalty({
      ...OUTSIDE_SCOPE,
      documentNo: `浉市监罚〔2026〕40${index}号`,
      secretMark: 'TRADE_SECRET',
      fineAmountWan: String(index + 5),
    }),
  ),
  penalty({ ...OUTSIDE_SCOPE, documentNo: '浉市监罚〔2026〕500号', decisionDate: '2021-01-01', validTo: '2021-06-01' }),
];

/** What nobody here sees, whatever it is granted: records of other subjects that are gone or not yet told of. */
export const GONE: readonly Partial<Gate>[] = [
  { stopped: 'WITHDRAWN' },
  { stopped: 'REPAIRED' },
  { stopped: 'WRONG_IDENTITY' },
  { draft: 'BEFORE_NOTICE', status: 'COLLECTED' },
  { status: 'RETURNED' },
];
/** Closed ones of other subjects, so many. */
export const ofOthers = (count: number): readonly Row[] =>
  Array.from({ length: count }, (_, index) =>
    index % 2 === 0
      ? personalPenalty({ documentNo: `浉市监罚〔2026〕60${index}号`, fineAmountWan: String(index + 1) })
      : penalty({ documentNo: `浉市监罚〔2026〕60${index}号`, uscc: OTHER_COMPANY, counterpartName: '申城贸易有限公司' }),
  );
