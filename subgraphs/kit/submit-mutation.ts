import type { Caller } from '../../auth/caller.ts';
import type { RecordType } from '../../schema/catalogue.ts';
import { HubError } from '../../schema/errors.ts';
import { actorOf } from './actor.ts';
import type { RecordEngine } from './record-engine/engine.ts';
import type { RowOutcome } from './record-engine/rows.ts';

export interface SubmissionAnswer {
  readonly accepted: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly rejected: number;
  readonly reasons: readonly { readonly row: number; readonly column: string | null; readonly code: string; readonly message: string }[];
  readonly notices: readonly { readonly row: number; readonly column: string | null; readonly code: string; readonly message: string }[];
}

/** Takes a department's own rows; each is judged by itself. @throws FORBIDDEN for anyone but a department */
export type SubmitMutation = (
  type: RecordType,
  rows: readonly Readonly<Record<string, unknown>>[],
  caller: Caller,
) => Promise<SubmissionAnswer>;

/** Submission through GraphQL on the record engine; `settle` waits until what follows from the rows in other subgraphs has been done. */
export function createSubmitMutation(engine: RecordEngine, settle: () => Promise<void>): SubmitMutation {
  return async (type, rows, caller) => {
    const { audience, orgUscc } = caller.principal;
    if (audience !== 'AGENCY' || !orgUscc) throw new HubError('FORBIDDEN', 'records are submitted by the department that holds them');
    const numbered = rows.map((values, index) => ({ row: index + 1, values }));
    const outcomes = await engine.submit(type, numbered, { source: orgUscc, actor: actorOf(caller), mode: 'REALTIME', viaToken: true });
    await settle();
    const count = (outcome: RowOutcome['outcome']) => outcomes.filter((row) => row.outcome === outcome).length;
    return {
      accepted: count('accepted'),
      updated: count('updated'),
      unchanged: count('unchanged'),
      rejected: count('rejected'),
      reasons: outcomes.flatMap(({ reasons }) => reasons),
      notices: outcomes.flatMap(({ notices }) => notices),
    };
  };
}
