import type { AccessEntry } from './access-entry.ts';
import type { AskedLists } from './asked-lists.ts';
import type { Caller, Grant, Voucher } from './caller.ts';
import type { AccessExplanation, CoordinateAccess } from './explain.ts';
import type { Principal } from './principal.ts';

/** What may happen once, over all processes of a subgraph; implemented by the subgraph `access`. */
export interface OnceBook {
  /** Whether nobody has claimed the id before; nobody else will until then. @throws STORE_UNAVAILABLE */
  claim(id: string, until: Date): Promise<boolean>;
}

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
  /** The use that the request goes on with instead of making one (V3). */
  readonly continues?: string | undefined;
}

/** Who presents a voucher, for what, and what is asked for under it. */
export interface VoucherRequest extends AskedLists {
  readonly principal: Principal;
  readonly purpose: string | undefined;
  readonly now: Date;
}

/** Vouchers; implemented by the subgraph `access`. */
export interface VoucherBook {
  /**
   * Whether this caller may use the voucher for this purpose now (V1). Another's voucher and an unknown one answer alike.
   * A request whose cursors were all made under one use of these last minutes, by the same staff and for the same lists, goes on with that use.
   */
  usable(id: string, request: VoucherRequest): Promise<VoucherCheck>;
  /** Counts one use under the request's id, once however often it is asked (V3). False when no use was left. */
  claim(id: string, requestId: string, request: Pick<VoucherRequest, 'principal' | 'asked'>): Promise<boolean>;
  /** The voucher of a use that was counted for this caller and this purpose, while it may be read under. */
  counted(id: string, use: string, request: Pick<VoucherRequest, 'principal' | 'purpose' | 'now'>): Promise<VoucherCheck>;
}

/** A record that one member of staff is to see unmasked, and why. */
export interface Reveal {
  readonly staffId: string;
  readonly recordId: string;
  readonly recordType: string;
  readonly reason: string;
}

/** Reveals: one row, one member of staff, for a while; implemented by the subgraph `access`. */
export interface RevealBook {
  /** Ids of the rows that are revealed to this member of staff at that time; none to somebody whose token names no staff. */
  revealedTo(principal: Principal, now: Date): Promise<readonly string[]>;
  /** Reveals a row, which has to be one that the caller sees, from the time of this request on. */
  reveal(caller: Caller, reveal: Reveal): Promise<void>;
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
