import type { AccessEntry } from './access-entry.ts';
import type { Caller, Grant, Voucher } from './caller.ts';
import type { AccessExplanation, CoordinateAccess } from './explain.ts';
import type { Principal } from './principal.ts';

/** Whom a grant names as grantee: a department, or the client entry of a supervision system. */
export interface Grantee {
  readonly orgUscc?: string | undefined;
  readonly clientId?: string | undefined;
}

/** Duty grants; implemented by the subgraph `access`. */
export interface GrantBook {
  /** Grants that were given to the grantee, whether they still run or not. */
  grantsOf(grantee: Grantee): Promise<readonly Grant[]>;
}

/** Why a voucher cannot be used. */
export type VoucherFault =
  | 'PENDING'
  | 'REFUSED'
  | 'LAPSED'
  | 'NOT_YET_VALID'
  | 'EXPIRED'
  | 'EXHAUSTED'
  | 'REVOKED'
  | 'SUSPENDED'
  | 'VOID'
  | 'OTHER_PURPOSE';

/** The voucher when it may be used; else why not, which nobody but its own grantee and staff is told. */
export interface VoucherCheck {
  readonly voucher?: Voucher | undefined;
  readonly fault?: VoucherFault | undefined;
}

/** Vouchers; implemented by the subgraph `access`. */
export interface VoucherBook {
  /** Whether this caller may use the voucher for this purpose now (V1). Another's voucher and an unknown one answer alike. */
  usable(id: string, principal: Principal, purpose: string | undefined, now: Date): Promise<VoucherCheck>;
  /** Counts one use under the request's id, once however often it is asked (V3). False when no use was left. */
  claim(id: string, requestId: string): Promise<boolean>;
}

/** The access log; implemented by the subgraph `access`. */
export interface AccessLog {
  /** Resolves when the entry is durable: only then may leave what it tells of. @throws STORE_UNAVAILABLE when it cannot be written */
  record(entry: AccessEntry): Promise<void>;
}

/** Explanations of operations; the gateway's, which alone knows the whole graph. */
export interface Explainer {
  /** @throws BAD_USER_INPUT, LIMIT_EXCEEDED, FORBIDDEN */
  explain(caller: Caller, query: string, variables: Readonly<Record<string, unknown>>): AccessExplanation;
  whoMaySee(today: string, coordinate: string): readonly CoordinateAccess[];
}
