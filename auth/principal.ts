export const AUDIENCES = [
  'PUBLIC',
  'SUBJECT',
  'AGENCY',
  'CREDIT_BODY',
  'APP_ORG',
  'SUPERVISION',
  'FINANCE',
  'INDUSTRY_ASSOC',
  'OPERATOR',
  'SYSTEM_ADMIN',
  'AUDITOR',
  'SPECIFIC_PARTY',
] as const;
export type Audience = (typeof AUDIENCES)[number];

/** Claims of a verified token: who asks. PUBLIC has none but its audience. */
export interface Principal {
  readonly audience: Audience;
  /** `sub` of the token. */
  readonly sub?: string | undefined;
  /** Issuer and expiry of the token (seconds since 1970). */
  readonly iss?: string | undefined;
  readonly exp?: number | undefined;
  readonly subjectId?: string | undefined;
  readonly subjectUscc?: string | undefined;
  readonly subjectIdNumber?: string | undefined;
  readonly subjectName?: string | undefined;
  readonly orgUscc?: string | undefined;
  readonly deptCode?: string | undefined;
  readonly orgNature?: string | undefined;
  readonly level?: string | undefined;
  readonly regionCode?: string | undefined;
  readonly staffId?: string | undefined;
  readonly clientId?: string | undefined;
  readonly qualificationNo?: string | undefined;
  readonly certSerial?: string | undefined;
  readonly authLevel?: number | undefined;
  readonly caseId?: string | undefined;
  readonly partyId?: string | undefined;
  /** SHA-256 of the token, where it is told further on; the token itself never is. */
  readonly tokenDigest?: string | undefined;
}

export const NOBODY: Principal = { audience: 'PUBLIC' };

export const AGENCY_PURPOSES = [
  'LICENSING',
  'BIDDING',
  'PROCUREMENT',
  'FUNDING',
  'QUALIFICATION',
  'SUPERVISION',
  'ENFORCEMENT',
  'AWARDS',
  'PERSONNEL',
  'RECORD_MANAGEMENT',
] as const;
export const VOUCHER_PURPOSES = ['LOAN', 'BIDDING', 'COOPERATION', 'RECRUITMENT', 'RATING', 'REPAIR_SUPPORT', 'OTHER'] as const;

/** Purposes that the audience may state in `Hub-Purpose`. */
export function purposesOf(audience: Audience): readonly string[] {
  if (audience === 'AGENCY') return AGENCY_PURPOSES;
  if (audience === 'CREDIT_BODY' || audience === 'APP_ORG') return VOUCHER_PURPOSES;
  return audience === 'SUPERVISION' ? ['SUPERVISION'] : [];
}
