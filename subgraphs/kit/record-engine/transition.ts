import { type Gate, STOPPED, type Stopped } from '../../../schema/gate.ts';
import type { JsonObject } from '../../../schema/json.ts';
import type { Document, Writer } from '../../../store/port.ts';
import { stateOf } from './gate.ts';
import { higher } from './scale.ts';
import type { TypePlan } from './type-plan.ts';
import { putRecords, type RecordPut } from './write-records.ts';

/** What other documents make of a record. */
export interface Standing {
  readonly heldByBlack: boolean;
  readonly objection: boolean;
  /** The strongest of the repair cases that stand; null when none does, or none any more. */
  readonly repair: 'REPAIRED' | 'SHIELDED' | null;
}

/** Brings the gates of records, and their entries in `record-index`, in line with what other documents make of them; answers those that changed. */
export async function transition(
  tx: Writer,
  plan: TypePlan,
  records: readonly { readonly record: Document; readonly standing: Standing }[],
  today: string,
): Promise<readonly Document[]> {
  const puts = records.flatMap(({ record, standing }) => changed(plan, record, standing) ?? []);
  return puts.length > 0 ? putRecords(tx, plan.type, puts, today) : [];
}

function changed(plan: TypePlan, record: Document, { heldByBlack, objection, repair }: Standing): RecordPut | undefined {
  const { key, version, gate, columns } = record;
  if (!gate) return undefined;
  const { stopped, body } = stoppedBy(plan, record, gate, repair);
  if (gate.heldByBlack === heldByBlack && gate.objection === objection && gate.stopped === stopped) return undefined;
  return { key, body, expected: version, gate: { ...gate, heldByBlack, objection, stopped }, columns };
}

/** `stopped` only rises; when a repair or a shield ends, it falls back to what its own state says and what stood before. */
function stoppedBy(
  plan: TypePlan,
  { body }: Document,
  { stopped }: Gate,
  repair: Standing['repair'],
): { readonly stopped: Stopped | null; readonly body: JsonObject } {
  if (stopped !== null && ABOVE_REPAIR.includes(stopped)) return { stopped, body };
  const { $stoppedBefore, ...rest } = body;
  const before = isByRepair(stopped) ? (BELOW_REPAIR.find((word) => word === $stoppedBefore) ?? null) : stopped;
  const own = higher(STOPPED, before, stateOf(plan, body)?.stopped ?? null);
  const next = higher(STOPPED, own, repair);
  return { stopped: next, body: isByRepair(next) && before !== null ? { ...rest, $stoppedBefore: before } : rest };
}

const BELOW_REPAIR: readonly Stopped[] = ['EXPIRED', 'ARCHIVED'];
const ABOVE_REPAIR: readonly Stopped[] = ['WRONG_IDENTITY', 'WITHDRAWN'];

function isByRepair(stopped: Stopped | null): boolean {
  return stopped === 'REPAIRED' || stopped === 'SHIELDED';
}
