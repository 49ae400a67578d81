import type { Exception, SubjectKind } from '../../../schema/gate.ts';
import type { Json } from '../../../schema/json.ts';
import type { RegionProfile } from '../../../schema/region-profiles.ts';
import type { Notice, Reason, ReasonCode } from './findings.ts';

/** One row as it was submitted: cells by heading, exchange code or item name. */
export interface RawRow {
  readonly row: number;
  readonly values: ReadonlyMap<string, unknown> | Readonly<Record<string, unknown>>;
  readonly truncated?: boolean | undefined;
  /** Why it could not be read. */
  readonly malformed?: string | undefined;
}

/** Values of a row by item name. `null` stands for a date that was given as "without end". */
export type Values = Readonly<Record<string, Json>>;

/** Who submits, and how. */
export interface Origin {
  /** The department for which the rows are taken, whatever they say. */
  readonly source?: string | undefined;
  readonly actor: string;
  readonly mode: 'REALTIME' | 'SCHEDULED' | 'MANUAL';
  /** Submitted under a department's token, whose own rows these have to be. */
  readonly viaToken: boolean;
}

/** What became of a row; the four outcomes exclude each other. */
export interface RowOutcome {
  readonly row: number;
  readonly outcome: 'accepted' | 'updated' | 'unchanged' | 'rejected';
  readonly id?: string | undefined;
  readonly reasons: readonly Reason[];
  readonly notices: readonly Notice[];
}

/** Rules of one type that its SDL cannot say. */
export interface TypeRules {
  check?(values: Values, kind: SubjectKind): readonly { readonly code: ReasonCode; readonly item: string }[];
  exception?(values: Values, profile: RegionProfile): Exception;
}
