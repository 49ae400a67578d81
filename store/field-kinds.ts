import type { GateColumn } from '../schema/gate.ts';

/** What a stored field holds. */
export type Kind = 'text' | 'integer' | 'boolean' | 'list';

const GATE_KINDS: Partial<Record<GateColumn, Kind>> = {
  parties: 'list',
  heldByBlack: 'boolean',
  valueOpen: 'boolean',
  objection: 'boolean',
};

/** What a column of the gate holds. */
export function gateKind(column: GateColumn): Kind {
  return GATE_KINDS[column] ?? 'text';
}
