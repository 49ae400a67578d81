import { EMPTY_GATE, type Gate } from '../../schema/gate.ts';

/** An organisation's published penalty, and rows that differ in what visibility depends on. */
const OPEN: Gate = {
  ...EMPTY_GATE,
  subjectId: 's',
  subjectKind: 'ENTERPRISE',
  sourceOrg: '11411502MA109Y0358',
  region: '411502',
  share: 'ENFORCEMENT',
  section: 'ADMINISTRATIVE',
  nature: 'UNTRUSTWORTHY',
  status: 'PUBLISHED',
  draft: 'NO',
  publishedFrom: '2020-01-01',
  publishedUntil: '2099-12-31',
  actEnd: '2099-12-31',
  heldByBlack: false,
  severity: 'SERIOUS',
  secrecy: 'NONE',
  exception: 'NONE',
  valueOpen: true,
  objection: false,
};
const CHANGES: readonly Partial<Gate>[] = [
  {},
  { objection: true },
  { stopped: 'REPAIRED' },
  { subjectKind: 'INDIVIDUAL' },
  { status: 'NOT_PUBLIC' },
  { publishedUntil: '2021-01-01' },
  { secrecy: 'TRADE_SECRET' },
  { sourceOrg: '11411502MAW05WG360' },
];

export const SAMPLE_GATES: readonly Gate[] = CHANGES.map((changes) => ({ ...OPEN, ...changes }));
