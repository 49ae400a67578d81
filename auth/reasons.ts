import type { DisclosureClass } from '../schema/catalogue.ts';
import type { Profile } from './caller.ts';
import { grantFault } from './grants.ts';

export type Reason =
  | 'NOT_FOR_THIS_AUDIENCE'
  | 'GRANT_REQUIRED'
  | 'GRANT_EXPIRED'
  | 'GRANT_PURPOSE'
  | 'MATTER_NOT_ALLOWED'
  | 'GRANT_FIELD'
  | 'VOUCHER_REQUIRED'
  | 'VOUCHER_SUBJECT'
  | 'VOUCHER_SCOPE'
  | 'REVEAL_REQUIRED'
  | 'NOT_YOUR_SUBJECT'
  | 'MASKED';

const BY_GRANT: Readonly<Partial<Record<string, readonly DisclosureClass[]>>> = {
  AGENCY: ['OPEN_MASKED', 'SHARED_BY_DUTY', 'BY_AUTHORIZATION'],
  SUPERVISION: ['OPEN_MASKED', 'SHARED_BY_DUTY'],
};
const BY_VOUCHER: readonly DisclosureClass[] = ['OPEN_MASKED', 'BY_AUTHORIZATION', 'VOUCHER_PARTIES'];
const BY_REVEAL: readonly DisclosureClass[] = ['OPEN_MASKED', 'SHARED_BY_DUTY', 'BY_AUTHORIZATION', 'SUBJECT_AND_SOURCE'];

/** W1: why a coordinate is closed. It follows from audience, declared class and profile alone, never from a row or a value. */
export function reasonFor(profile: Profile, clazz: DisclosureClass, coordinate: string, recordType: string, today: string): Reason {
  const { audience } = profile;
  if (BY_GRANT[audience]?.includes(clazz)) return grantReason(profile, coordinate, recordType, today);
  if ((audience === 'CREDIT_BODY' || audience === 'APP_ORG') && BY_VOUCHER.includes(clazz))
    return profile.voucher ? 'VOUCHER_SCOPE' : 'VOUCHER_REQUIRED';
  return opensByReveal(profile, clazz) ? 'REVEAL_REQUIRED' : 'NOT_FOR_THIS_AUDIENCE';
}

/** What is masked to the operator, or closed in rows about persons, a reveal of the row shows (E13). */
export function opensByReveal({ audience }: Profile, clazz: DisclosureClass): boolean {
  return audience === 'OPERATOR' && BY_REVEAL.includes(clazz);
}

/** The grant that comes nearest decides: the reasons are in the order in which a department would mend them. */
function grantReason(profile: Profile, coordinate: string, recordType: string, today: string): Reason {
  const about = profile.grants.filter((grant) => grant.recordTypes.includes(recordType));
  const faults = about.map((grant) => grantFault(grant, profile, today));
  if (faults.some((fault, index) => fault === undefined && about[index]?.fields.includes(coordinate) === false)) return 'GRANT_FIELD';
  for (const fault of ['MATTER_NOT_ALLOWED', 'GRANT_PURPOSE', 'GRANT_EXPIRED'] as const) if (faults.includes(fault)) return fault;
  return faults.includes(undefined) ? 'GRANT_FIELD' : 'GRANT_REQUIRED';
}
