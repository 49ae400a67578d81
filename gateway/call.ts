import type { DisclosedRow } from '../auth/access-entry.ts';
import type { Caller } from '../auth/caller.ts';
import type { ErrorCode } from '../schema/errors.ts';

/** A place in the answer, list indexes as `@`; below `_entities` it begins at the entity, which is named by its id. */
export interface Place {
  readonly path: readonly string[];
  readonly entity?: string | undefined;
}
export interface WithheldRemark extends Place {
  readonly coordinate: string;
  readonly effect: 'DENIED' | 'MASKED';
  readonly class: string;
  readonly reason: string;
}
export interface AnnotationRemark extends Place {
  readonly recordId: string;
  readonly kind: string;
  readonly note: string;
}
export interface NarrowedRemark extends Place {
  readonly coordinate: string;
}
/** A row of which the caller read more than everybody may. */
export interface DisclosedRemark extends DisclosedRow {
  /** The entity of `_entities` below which it stands. */
  readonly entity?: string | undefined;
}
/** By what the caller read a coordinate under an obligation. */
export interface AuthorisedRemark {
  /** The entity of `_entities` below which it stands. */
  readonly entity?: string | undefined;
  /** Undefined for one that was filtered or ordered by. */
  readonly coordinate?: string | undefined;
  readonly by: readonly string[];
}

/** What a subgraph says about its part of an answer. */
export interface SubgraphRemarks {
  readonly withheld: readonly WithheldRemark[];
  readonly annotations: readonly AnnotationRemark[];
  readonly narrowed: readonly NarrowedRemark[];
  readonly disclosed: readonly DisclosedRemark[];
  /** Coordinates that were answered clear to this caller and are not so to everybody. */
  readonly granted: ReadonlySet<string>;
  readonly authorised: readonly AuthorisedRemark[];
  /** Ids of rows that the call revealed to the caller. */
  readonly revealed?: readonly string[] | undefined;
  /** Of a reading of the change feed up to its end: where that is. */
  readonly place?: string | undefined;
}

/** How the gateway calls a subgraph, wherever it runs. */
export interface SubgraphCall {
  readonly query: string;
  readonly operationName?: string | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly caller: Caller;
}
export interface SubgraphAnswer {
  readonly data?: Record<string, unknown> | null | undefined;
  readonly errors?:
    | readonly { readonly message: string; readonly path?: readonly (string | number)[] | undefined; readonly code: ErrorCode }[]
    | undefined;
  readonly remarks: SubgraphRemarks;
}
export type CallSubgraph = (call: SubgraphCall) => Promise<SubgraphAnswer>;
