import type { Params } from '../schema/filter.ts';
import type { Section } from '../schema/gate.ts';
import type { Audience, Principal } from './principal.ts';

/** A duty grant as the decision needs it (decision table G1, G2). */
export interface Grant {
  readonly id: string;
  readonly status: 'REQUESTED' | 'APPROVED' | 'REFUSED' | 'SUSPENDED' | 'EXPIRED' | 'REVOKED';
  /** Code of the department, or id of the supervision system's client entry. */
  readonly granteeUscc: string;
  readonly approverUscc: string;
  /** The sources that the approver speaks for: itself and the departments under it. */
  readonly sources: readonly string[];
  readonly recordTypes: readonly string[];
  /** Coordinates, `AdministrativePenalty.documentNo`. */
  readonly fields: readonly string[];
  readonly purposes: readonly string[];
  readonly matterCodes: readonly string[];
  readonly region?: string | undefined;
  readonly validFrom?: string | undefined;
  readonly validTo: string;
}

/** A usable voucher as the decision needs it (V1, V2). */
export interface Voucher {
  readonly id: string;
  readonly type: 'PAPER' | 'E_SIGN' | 'E_CERT' | 'COURT_ORDER';
  readonly subjectId: string;
  readonly sections: readonly Section[];
  /** Coordinates that the subject kept back (CREDIT_BODY). */
  readonly fieldsExcluded: readonly string[];
  /** Sections, record types or coordinates that the subject opened (APP_ORG). */
  readonly opened: readonly string[];
  /** RFC 3339. */
  readonly validTo: string;
}

/** What entitlements are compiled for; two callers with equal profiles share the result. */
export interface Profile {
  readonly audience: Audience;
  readonly orgUscc?: string | undefined;
  /** Of a supervision system: its client entry. */
  readonly clientId?: string | undefined;
  readonly orgNature?: string | undefined;
  /** The nature of the department in the registry: what a token says of itself opens no archive (N8). */
  readonly registryNature?: string | undefined;
  readonly regionCode?: string | undefined;
  readonly authLevel: number;
  readonly purpose?: string | undefined;
  readonly matter?: string | undefined;
  /** Coordinates that the stated matter allows; undefined when no matter is stated or the caller's catalogue does not have it. */
  readonly matterFields?: readonly string[] | undefined;
  /** Own organisation and those it succeeded. */
  readonly ownSources: readonly string[];
  readonly grants: readonly Grant[];
  readonly voucher?: Voucher | undefined;
  /** A row is revealed to this member of staff; which one is bound as `revealed`. */
  readonly reveals?: true | undefined;
}

/** Who asks, as every function that serves a caller is told. */
export interface Caller {
  readonly principal: Principal;
  readonly profile: Profile;
  /** The profile as a text: the key of what callers may share. */
  readonly profileKey: string;
  /** The caller's own subject, resolved. */
  readonly subjectId?: string | undefined;
  readonly requestId: string;
  /** The use of the voucher under which this request reads: its own, or the earlier one of which it asks a further page. */
  readonly voucherUse?: string | undefined;
  readonly today: string;
  readonly now: Date;
  /** Bound to the filters of this request and part of no shared cache. */
  readonly params: Params;
  /** Ids of the rows that are revealed to this member of staff now; they count where a row is looked up by its id, and nowhere else (E13). */
  readonly revealed?: readonly string[] | undefined;
}

/** The caller as the one who looks up this row by its id: a reveal of it counts, and of no other row. */
export function lookingUp(caller: Caller, id: string): Caller {
  if (!caller.revealed?.includes(id)) return caller;
  const profile: Profile = { ...caller.profile, reveals: true };
  return { ...caller, profile, profileKey: keyOfProfile(profile), params: { ...caller.params, revealed: id } };
}

/** The profile as the key of a cache. */
export function keyOfProfile(profile: Profile): string {
  return JSON.stringify(profile);
}
