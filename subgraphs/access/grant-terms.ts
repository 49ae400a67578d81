import type { Grant } from '../../auth/caller.ts';
import type { JsonObject } from '../../schema/json.ts';
import { stringIn, stringsIn } from './stored-values.ts';

export type GrantStatus = Grant['status'];

const STATUSES: readonly GrantStatus[] = ['REQUESTED', 'APPROVED', 'REFUSED', 'SUSPENDED', 'EXPIRED', 'REVOKED'];

/** The status of a stored grant today (domain reference 3.9.11). What a department decided stands, whatever a later import says; its end comes by the clock. */
export function grantStatus(body: JsonObject, today: string): GrantStatus {
  if (body.revokedOn !== undefined) return 'REVOKED';
  if (body.refusedOn !== undefined) return 'REFUSED';
  const stated = STATUSES.find((status) => status === body.status) ?? 'REQUESTED';
  const isRunning = stated === 'APPROVED' || stated === 'SUSPENDED';
  return isRunning && today > lastDay(body) ? 'EXPIRED' : stated;
}

/** What a stored grant opens. `sources` are those its approver speaks for. */
export function grantIn(id: string, body: JsonObject, sources: readonly string[]): Grant {
  return {
    id,
    // Its end is the decision's to see, which knows the day.
    status: grantStatus(body, ''),
    granteeUscc: stringIn(body.granteeUscc) ?? stringIn(body.granteeClientId) ?? '',
    approverUscc: stringIn(body.approverUscc) ?? '',
    sources,
    recordTypes: stringsIn(body.recordTypes),
    fields: stringsIn(body.fields),
    purposes: stringsIn(body.purposes),
    matterCodes: stringsIn(body.matterCodes),
    region: stringIn(body.region),
    validFrom: stringIn(body.validFrom),
    validTo: lastDay(body),
  };
}

/** A grant without an end is none. */
function lastDay(body: JsonObject): string {
  return stringIn(body.validTo) ?? '';
}
