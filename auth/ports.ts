import type { Caller, Grant, Voucher } from './caller.ts';
import type { AccessExplanation, CoordinateAccess } from './explain.ts';
import type { Principal } from './principal.ts';

/** Duty grants of a department; implemented by the subgraph `access`. */
export interface GrantBook {
  /** Grants that name the organisation as grantee, in whatever state. */
  grantsOf(orgUscc: string): Promise<readonly Grant[]>;
}

/** Vouchers; implemented by the subgraph `access`. */
export interface VoucherBook {
  /** The voucher when this caller may use it for this purpose now (V1); undefined for any other, unknown ones included. */
  usable(id: string, principal: Principal, purpose: string | undefined, now: Date): Promise<Voucher | undefined>;
  /** Counts one use under the request's id, once however often it is asked (V3). False when no use was left. */
  claim(id: string, requestId: string): Promise<boolean>;
}

/** Explanations of operations; the gateway's, which alone knows the whole graph. */
export interface Explainer {
  /** @throws BAD_USER_INPUT, LIMIT_EXCEEDED, FORBIDDEN */
  explain(caller: Caller, query: string, variables: Readonly<Record<string, unknown>>): AccessExplanation;
  whoMaySee(today: string, coordinate: string): readonly CoordinateAccess[];
}
