import type { Item } from '../../../schema/catalogue.ts';

/** Why a row is refused: the code, and its sentence in Chinese and English. */
const REASONS = {
  REQUIRED: ['必填项为空', 'a value is required'],
  MALFORMED: ['格式不符合要求', 'does not have the required format'],
  IMPOSSIBLE_DATE: ['日期不存在', 'is no day of the calendar'],
  FUTURE_DECISION: ['决定日期晚于今天', 'lies in the future'],
  DATE_ORDER: ['起始日期晚于截止日期', 'begins after its end'],
  NEGATIVE_AMOUNT: ['金额不得为负', 'must not be negative'],
  UNKNOWN_VALUE: ['取值不在目录中', 'is no value of the catalogue'],
  NOTE_REQUIRED: ['选择“其他”时须注明具体内容', 'has to say what "other" stands for'],
  TOO_LONG: ['超过规定长度', 'is longer than allowed'],
  TRUNCATED_ROW: ['数据行不完整', 'has fewer cells than the heading'],
  CODE_CONTRADICTS_KIND: ['代码与主体类别不符', 'contradicts the kind of the subject'],
  ID_CHECK_FAILED: ['身份证号码校验未通过', 'fails the check of an identity number'],
  SOURCE_DIFFERS: ['数据来源单位与报送单位不一致', 'names another source than the submitting department'],
  STATE_SECRET: ['涉及国家秘密，不得报送', 'marks a state secret, which may not be submitted'],
  SIMPLE_PROCEDURE: ['本地区不归集此类简易程序处罚', 'names the simple procedure, which is outside the data list of this region'],
  PROHIBITED: ['依法不得归集', 'may not be collected here'],
} as const;

/** What is said about a row that was taken. */
const NOTICES = {
  CODE_CHECK_FAILED: ['校验码不符，已接收并列入重错码清单', 'fails its check digit; taken, and put on the work-list of wrong codes'],
  OLDER_VERSION: ['与较早版本相同，未作改动；如需恢复请办理更正', 'equals an earlier version and changes nothing; use a correction'],
  SAME_DOCUMENT_OTHER_SUBJECT: ['同一文号已有其他主体的记录', 'stands already in a record about another subject'],
  STOPPED_RECORD: ['该记录已停止公示或撤销，状态不变', 'has been stopped or withdrawn and stays so'],
  SEVERITY_UNSET: ['失信程度未定，暂不公示', 'does not decide the severity; the record stays closed until it is set'],
  DEADLINE_DIFFERS: ['与计算的最长公示期不一致', 'differs from the longest publicity period as computed'],
  DEADLINE_PROVISIONAL: [
    '所涉年度节假日安排尚未发布，应公示日为暂定',
    'leads to a deadline in a year whose holidays are not published yet; it is provisional',
  ],
} as const;

export type ReasonCode = keyof typeof REASONS;
export type NoticeCode = keyof typeof NOTICES;

/** One thing found in one row. The message names the column, Chinese first, and never repeats what stands in it. */
export interface Finding<Code extends string = string> {
  readonly row: number;
  /** The Chinese heading; empty when it is about the whole row. */
  readonly column: string;
  readonly code: Code;
  readonly message: string;
}
export type Reason = Finding<ReasonCode>;
export type Notice = Finding<NoticeCode>;

/** What is being found in one row. */
export class Findings {
  readonly reasons: Reason[] = [];
  readonly notices: Notice[] = [];
  readonly #row: number;

  constructor(row: number) {
    this.#row = row;
  }

  /** `zh` says it more exactly than the general sentence does. */
  refuse(code: ReasonCode, column: string, zh?: string): void {
    const [general, en] = REASONS[code];
    this.reasons.push(finding(this.#row, column, code, [zh ?? general, en]));
  }

  note(code: NoticeCode, column: string): void {
    this.notices.push(finding(this.#row, column, code, NOTICES[code]));
  }

  /** The column was refused already, so that nothing more has to be said of it. */
  hasRefused(column: string): boolean {
    return this.reasons.some((reason) => reason.column === column);
  }
}

/** By what a file calls the item. */
export function columnOf(item: Item): string {
  return item.headings[0] ?? item.label;
}

function finding<Code extends string>(row: number, column: string, code: Code, [zh, en]: readonly [string, string]): Finding<Code> {
  return { row, column, code, message: `${column || '本行'}：${zh} / ${column || 'the row'}: ${en}` };
}
