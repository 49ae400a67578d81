import type { DisclosureClass } from '../schema/catalogue.ts';
import { allOf, EVERY, type Filter, not } from '../schema/filter.ts';
import type { Conditions } from './conditions.ts';
import { AUDIENCES, type Audience } from './principal.ts';

/** One rule E… of the normative decision table: for whom, which rows, which classes clear and which masked. */
export interface Rule {
  readonly id: string;
  readonly audiences: readonly Audience[];
  /** The rule needs a stated purpose: any that the audience may state, or (DUTY) one other than the department's own record keeping. */
  readonly needsPurpose?: 'ANY' | 'DUTY';
  readonly rows: (conditions: Conditions) => Filter;
  readonly clear: readonly DisclosureClass[];
  readonly masked?: readonly DisclosureClass[];
  /** Only these fields, whatever their class. */
  readonly only?: readonly string[];
  /** Fields must stand in the grant, or in the voucher's scope. Each grant is an entitlement of its own. */
  readonly within?: 'grant' | 'voucher';
  /** The class as declared, before the rules about persons and secrecy (C1–C3), and text as it was written, not scrubbed (M3). */
  readonly declared?: true;
  /** The decision date and the source are structural (U1), except through vouchers. */
  readonly datesFollowClass?: true;
  /** Applies only to types of documents that have parties (E20). */
  readonly toParties?: true;
  /** Applies only to documents that are about a subject, or (false) only to those that are not. */
  readonly toSubject?: boolean;
  /** Holds no document of a type of which it would open nothing: that there are such documents is then nothing to tell. */
  readonly opensSomething?: true;
  /** Applies only to documents that tell how access was given. */
  readonly toAudit?: true;
  /** Only while a row is revealed to this member of staff. */
  readonly needsReveal?: true;
}

/** Everyone but the system administrator and the auditor, who see no business data. */
export const BUSINESS_AUDIENCES: readonly Audience[] = AUDIENCES.filter(
  (audience) => audience !== 'SYSTEM_ADMIN' && audience !== 'AUDITOR',
);

/** Rules for records, and for Subject read as one (E18). */
export const RECORD_RULES: readonly Rule[] = [
  { id: 'E1', audiences: BUSINESS_AUDIENCES, rows: ({ shown }) => shown, clear: ['OPEN'], masked: ['OPEN_MASKED'] },
  { id: 'E2', audiences: ['AGENCY'], needsPurpose: 'DUTY', rows: ({ open }) => open, clear: ['OPEN', 'SHARED'], masked: ['OPEN_MASKED'] },
  {
    id: 'E3',
    audiences: ['AGENCY'],
    needsPurpose: 'DUTY',
    within: 'grant',
    rows: () => EVERY,
    clear: ['OPEN', 'OPEN_MASKED', 'SHARED', 'SHARED_BY_DUTY', 'BY_AUTHORIZATION'],
  },
  {
    id: 'E4',
    audiences: ['AGENCY'],
    declared: true,
    rows: ({ ownSource }) => ownSource,
    clear: [
      'OPEN',
      'OPEN_MASKED',
      'SHARED',
      'SHARED_BY_DUTY',
      'BY_AUTHORIZATION',
      'SUBJECT_AND_SOURCE',
      'HANDLING',
      'SOURCE_ONLY',
      'CASE_PARTIES',
    ],
  },
  {
    id: 'E5',
    audiences: ['SUBJECT'],
    declared: true,
    rows: ({ ownSubject }) => ownSubject,
    clear: ['OPEN', 'OPEN_MASKED', 'SHARED', 'SHARED_BY_DUTY', 'BY_AUTHORIZATION', 'SUBJECT_AND_SOURCE', 'CASE_PARTIES', 'VOUCHER_PARTIES'],
  },
  {
    id: 'E6',
    audiences: ['CREDIT_BODY'],
    within: 'voucher',
    datesFollowClass: true,
    rows: ({ vouched, person }) => allOf(vouched, person),
    clear: ['OPEN', 'OPEN_MASKED', 'BY_AUTHORIZATION', 'VOUCHER_PARTIES'],
  },
  {
    id: 'E7',
    audiences: ['CREDIT_BODY'],
    within: 'voucher',
    datesFollowClass: true,
    rows: ({ vouched, person }) => allOf(vouched, not(person)),
    clear: ['OPEN', 'BY_AUTHORIZATION', 'VOUCHER_PARTIES'],
    masked: ['OPEN_MASKED'],
  },
  {
    id: 'E8',
    audiences: ['APP_ORG'],
    within: 'voucher',
    datesFollowClass: true,
    rows: ({ vouched }) => vouched,
    clear: ['OPEN', 'BY_AUTHORIZATION', 'VOUCHER_PARTIES'],
    masked: ['OPEN_MASKED'],
  },
  { id: 'E9', audiences: ['SUPERVISION'], rows: ({ supervised }) => supervised, clear: ['OPEN', 'SHARED'], masked: ['OPEN_MASKED'] },
  {
    id: 'E10',
    audiences: ['SUPERVISION'],
    within: 'grant',
    rows: ({ supervised, person }) => allOf(supervised, not(person)),
    clear: ['OPEN_MASKED', 'SHARED_BY_DUTY'],
  },
  {
    id: 'E11',
    audiences: ['FINANCE', 'INDUSTRY_ASSOC'],
    rows: ({ pushedEvaluation }) => pushedEvaluation,
    clear: [],
    only: ['schemeCode', 'period', 'grade', 'evaluatedOn', 'validTo'],
  },
  {
    id: 'E12',
    audiences: ['OPERATOR'],
    rows: ({ inRegion, notSourceOnly }) => allOf(inRegion, notSourceOnly),
    clear: ['OPEN', 'SHARED', 'HANDLING', 'VOUCHER_PARTIES'],
    masked: ['OPEN_MASKED', 'SHARED_BY_DUTY', 'BY_AUTHORIZATION', 'SUBJECT_AND_SOURCE'],
  },
  {
    id: 'E13',
    audiences: ['OPERATOR'],
    needsReveal: true,
    rows: ({ inRegion, notSourceOnly, revealed }) => allOf(inRegion, notSourceOnly, revealed),
    clear: ['OPEN_MASKED', 'SHARED_BY_DUTY', 'BY_AUTHORIZATION', 'SUBJECT_AND_SOURCE'],
  },
  { id: 'E14', audiences: ['SPECIFIC_PARTY'], rows: ({ ownCase }) => ownCase, clear: ['CASE_PARTIES'] },
  {
    id: 'E20',
    audiences: ['AGENCY'],
    toParties: true,
    declared: true,
    rows: ({ party }) => party,
    clear: ['OPEN', 'OPEN_MASKED', 'SHARED', 'SHARED_BY_DUTY', 'BY_AUTHORIZATION', 'SUBJECT_AND_SOURCE', 'HANDLING', 'CASE_PARTIES'],
  },
];

/** Rules for catalogue documents (lists, departments, measures, grants, vouchers …): E17 and what E2–E13 leave of themselves without a record's gate. */
export const CATALOGUE_RULES: readonly Rule[] = [
  { id: 'E17', audiences: BUSINESS_AUDIENCES, toSubject: false, opensSomething: true, rows: ({ inEffect }) => inEffect, clear: ['OPEN'] },
  {
    id: 'E2',
    audiences: ['AGENCY'],
    needsPurpose: 'DUTY',
    toSubject: false,
    opensSomething: true,
    rows: ({ inEffect }) => inEffect,
    clear: ['OPEN', 'SHARED'],
    masked: ['OPEN_MASKED'],
  },
  {
    id: 'E5',
    audiences: ['SUBJECT'],
    toSubject: true,
    declared: true,
    rows: ({ ownSubject }) => ownSubject,
    clear: ['OPEN', 'OPEN_MASKED', 'SHARED', 'SHARED_BY_DUTY', 'BY_AUTHORIZATION', 'SUBJECT_AND_SOURCE', 'CASE_PARTIES', 'VOUCHER_PARTIES'],
  },
  {
    id: 'E9',
    audiences: ['SUPERVISION'],
    toSubject: false,
    opensSomething: true,
    rows: ({ inEffect }) => inEffect,
    clear: ['OPEN', 'SHARED'],
    masked: ['OPEN_MASKED'],
  },
  {
    id: 'E12',
    audiences: ['OPERATOR'],
    rows: () => EVERY,
    clear: ['OPEN', 'SHARED', 'HANDLING', 'VOUCHER_PARTIES'],
    masked: ['OPEN_MASKED', 'SHARED_BY_DUTY', 'BY_AUTHORIZATION', 'SUBJECT_AND_SOURCE'],
  },
  { id: 'E15', audiences: ['AUDITOR'], toAudit: true, rows: () => EVERY, clear: ['HANDLING', 'AUDIT'] },
  {
    id: 'E20',
    audiences: ['AGENCY', 'SUPERVISION'],
    toParties: true,
    declared: true,
    rows: ({ party }) => party,
    clear: ['OPEN', 'OPEN_MASKED', 'SHARED', 'SHARED_BY_DUTY', 'BY_AUTHORIZATION', 'SUBJECT_AND_SOURCE', 'HANDLING', 'CASE_PARTIES'],
  },
  {
    id: 'E20',
    audiences: ['CREDIT_BODY', 'APP_ORG'],
    toParties: true,
    opensSomething: true,
    declared: true,
    rows: ({ party }) => party,
    clear: ['VOUCHER_PARTIES'],
  },
];

/** E18: an AGENCY with a purpose learns of an organisation that it exists, even before anything about it is public. */
export const SUBJECT_HANDLE_RULE: Rule = {
  id: 'E18',
  audiences: ['AGENCY'],
  needsPurpose: 'ANY',
  rows: ({ person }) => allOf({ op: 'present', field: 'gate.subjectKind' }, not(person)),
  clear: [],
  only: ['id', 'kind', 'uscc'],
};

/** Coordinates that are clear as soon as any entitlement holds the row (U1). */
export const STRUCTURAL = ['id', 'recordType', 'publicityStatus', 'dataStatus', 'objectionFlag', 'objectionNote'] as const;
export const STRUCTURAL_OF_SUBJECT = ['id', 'kind'] as const;
/** Structural too, except through a voucher. */
export const STRUCTURAL_DATES = ['decisionDate', 'sourceDeptName'] as const;
