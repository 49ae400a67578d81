import type { Grant, Profile } from './caller.ts';

export type GrantFault = 'GRANT_REQUIRED' | 'GRANT_EXPIRED' | 'GRANT_PURPOSE' | 'MATTER_NOT_ALLOWED';

/** G1, as far as it does not depend on the row: why this grant opens nothing for the profile today, undefined when it is valid. */
export function grantFault(grant: Grant, profile: Profile, today: string): GrantFault | undefined {
  const { audience, orgUscc, clientId, purpose, matter } = profile;
  if (grant.granteeUscc !== (audience === 'SUPERVISION' ? clientId : orgUscc) || grant.approverUscc === grant.granteeUscc)
    return 'GRANT_REQUIRED';
  if (grant.status === 'EXPIRED' || today > grant.validTo) return 'GRANT_EXPIRED';
  if (grant.status !== 'APPROVED' || (grant.validFrom !== undefined && today < grant.validFrom)) return 'GRANT_REQUIRED';
  const stated = audience === 'SUPERVISION' ? 'SUPERVISION' : purpose;
  if (stated === undefined || !grant.purposes.includes(stated)) return 'GRANT_PURPOSE';
  if (grant.matterCodes.length === 0) return undefined;
  return matter !== undefined && grant.matterCodes.includes(matter) && profile.matterFields !== undefined
    ? undefined
    : 'MATTER_NOT_ALLOWED';
}
