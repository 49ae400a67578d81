/** Words of the gate: the few facts of a record on which its visibility depends (decision table, "Conditions on a row are gate columns"). */
export const SUBJECT_KINDS = ['ENTERPRISE', 'NON_ENTERPRISE_ORG', 'INDIVIDUAL', 'UNKNOWN'] as const;
export type SubjectKind = (typeof SUBJECT_KINDS)[number];
export const STATUSES = ['COLLECTED', 'RETURNED', 'VALIDATED', 'NOT_PUBLIC', 'PUBLISHED'] as const;
export type Status = (typeof STATUSES)[number];
/** In rising order: `stopped` only rises, except by the revocation of a repair or the end of a shield. */
export const STOPPED = ['EXPIRED', 'ARCHIVED', 'SHIELDED', 'REPAIRED', 'WRONG_IDENTITY', 'WITHDRAWN'] as const;
export type Stopped = (typeof STOPPED)[number];
export const DRAFTS = ['NO', 'BEFORE_NOTICE', 'AFTER_NOTICE'] as const;
export type Draft = (typeof DRAFTS)[number];
export const SEVERITIES = ['MINOR', 'GENERAL', 'SERIOUS', 'NA'] as const;
export type Severity = (typeof SEVERITIES)[number];
export const SECRECIES = ['NONE', 'TRADE_SECRET', 'PERSONAL_PRIVACY', 'NOT_TO_DISCLOSE'] as const;
export type Secrecy = (typeof SECRECIES)[number];
export const EXCEPTIONS = ['NONE', 'PUBLIC', 'PAYMENT'] as const;
export type Exception = (typeof EXCEPTIONS)[number];
export const NATURES = ['BASIC', 'TRUSTWORTHY', 'UNTRUSTWORTHY', 'OTHER'] as const;
export type Nature = (typeof NATURES)[number];
export const SHARES = ['BASIC', 'ENFORCEMENT', 'JOINT', 'COMMITMENT', 'REPAIR', 'EVALUATION', 'COMPLAINT', 'DECLARATION'] as const;
export type Share = (typeof SHARES)[number];
export const SECTIONS = [
  'BASIC',
  'ADMINISTRATIVE',
  'TRUSTWORTHY',
  'BLACKLIST',
  'ABNORMAL',
  'COMMITMENT',
  'EVALUATION',
  'JUDICIAL',
  'TAX',
  'LABOR_SOCIAL',
  'INTERVIEW',
  'MARKET_BAN',
  'COMPLAINT_SUMMARY',
  'DECLARATION',
  'OCCUPATION',
  'REPAIR_STATUS',
] as const;
export type Section = (typeof SECTIONS)[number];

/** One record's gate. An absent column is null; dates are `YYYY-MM-DD` of Asia/Shanghai. */
export interface Gate {
  readonly subjectId: string | null;
  readonly subjectKind: SubjectKind | null;
  readonly sourceOrg: string | null;
  readonly parties: readonly string[];
  readonly region: string | null;
  readonly share: Share | null;
  readonly section: Section | null;
  readonly nature: Nature | null;
  readonly status: Status | null;
  readonly stopped: Stopped | null;
  readonly draft: Draft | null;
  readonly publishedFrom: string | null;
  readonly publishedUntil: string | null;
  readonly actEnd: string | null;
  readonly heldByBlack: boolean | null;
  readonly severity: Severity | null;
  readonly secrecy: Secrecy | null;
  readonly exception: Exception | null;
  readonly valueOpen: boolean | null;
  readonly objection: boolean | null;
}

/** The gate's columns in the order in which adapters store them. */
export const GATE_COLUMNS = [
  'subjectId',
  'subjectKind',
  'sourceOrg',
  'parties',
  'region',
  'share',
  'section',
  'nature',
  'status',
  'stopped',
  'draft',
  'publishedFrom',
  'publishedUntil',
  'actEnd',
  'heldByBlack',
  'severity',
  'secrecy',
  'exception',
  'valueOpen',
  'objection',
] as const satisfies readonly (keyof Gate)[];
export type GateColumn = (typeof GATE_COLUMNS)[number];

/** A gate in which nothing is known. */
export const EMPTY_GATE: Gate = {
  subjectId: null,
  subjectKind: null,
  sourceOrg: null,
  parties: [],
  region: null,
  share: null,
  section: null,
  nature: null,
  status: null,
  stopped: null,
  draft: null,
  publishedFrom: null,
  publishedUntil: null,
  actEnd: null,
  heldByBlack: null,
  severity: null,
  secrecy: null,
  exception: null,
  valueOpen: null,
  objection: null,
};
