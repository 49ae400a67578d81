import type { ErrorCode } from '../schema/errors.ts';
import type { Audience } from './principal.ts';

/** A row of which a caller read more than everybody may. */
export interface DisclosedRow {
  readonly subjectId: string;
  readonly section: string | null;
  readonly sourceOrg: string | null;
  readonly recordType: string;
  readonly row?: string | undefined;
  readonly rules: readonly string[];
}

/** What was disclosed of one subject, from one source and type, under the same rules. */
export type DisclosedRows = {
  readonly subject: string;
  readonly section?: string | undefined;
  readonly source?: string | undefined;
  readonly recordType: string;
  readonly rules: readonly string[];
  /** Ids of the rows; not all of them where the request read very many. */
  readonly rows: readonly string[];
};

/** What an auditor looks for. OVER_REQUEST: fields were selected that the grant, or the matter stated, leaves out (decision table, G2). */
export const SIGNALS = ['OVER_REQUEST'] as const;
export type Signal = (typeof SIGNALS)[number];

/** One request in the access log: no value of a record, of an argument or of a variable, and of a person nothing but the subject's id. */
export type AccessEntry = {
  /** RFC 3339. */
  readonly at: string;
  readonly requestId: string;
  /** The door: `gateway`, or the subgraph that stands alone. */
  readonly channel: string;
  readonly audience: Audience;
  readonly organisation?: string | undefined;
  readonly department?: string | undefined;
  readonly staff?: string | undefined;
  readonly client?: string | undefined;
  /** Of a SUBJECT: who it is. */
  readonly asker?: string | undefined;
  readonly purpose?: string | undefined;
  readonly matter?: string | undefined;
  /** Grants by which a disclosed row was held. */
  readonly grants?: readonly string[] | undefined;
  readonly voucher?: string | undefined;
  /** EXPORT: everything was taken out of the hub, or brought into it, at the command line. */
  readonly kind: 'QUERY' | 'MUTATION' | 'REVEAL' | 'EXPORT';
  /** PARTIAL: something was masked or left out. DENY: it was stopped, or nothing was answered beyond what everybody may read. */
  readonly decision: 'ALLOW' | 'PARTIAL' | 'DENY';
  /** Coordinates answered, or filtered and ordered by, clear to this caller and not so to everybody. */
  readonly granted: readonly string[];
  readonly masked: readonly string[];
  readonly denied: readonly string[];
  readonly disclosed: readonly DisclosedRows[];
  readonly signals?: readonly Signal[] | undefined;
  readonly policy: string;
  /** Hash of the operation without its literals. */
  readonly operation: string;
  readonly error?: ErrorCode | undefined;
  /** The subject is not told of it. */
  readonly withheldFromSubject?: true | undefined;
  /** Up to this day it has to be kept. */
  readonly keepUntil?: string | undefined;
};

/** What became of an answered request. */
export interface Outcome {
  readonly granted: Iterable<string>;
  readonly masked: Iterable<string>;
  readonly denied: Iterable<string>;
  readonly disclosed: readonly DisclosedRow[];
  readonly signals: readonly Signal[];
  readonly error?: ErrorCode | undefined;
  /** Some root field was answered. */
  readonly isAnswered: boolean;
}
