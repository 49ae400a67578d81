import type { Gate } from '../../schema/gate.ts';
import type { CollectionSpec, Put } from '../../store/port.ts';

/** Collections that stand for all that a store has to hold. */
export const PENALTIES: CollectionSpec = {
  name: 'test-penalty',
  gated: true,
  columns: [
    { name: 'documentNo', type: 'text' },
    { name: 'amount', type: 'integer' },
    { name: 'tags', type: 'list' },
  ],
  indexes: [
    { fields: ['gate.subjectId', 'column.amount'], covering: true },
    { fields: ['column.documentNo'], covering: true },
    { fields: ['column.amount', 'key'] },
    { fields: ['gate.status'] },
  ],
};
export const ACCOUNTS: CollectionSpec = {
  name: 'account',
  gated: false,
  columns: [
    { name: 'email', type: 'text' },
    { name: 'region', type: 'text' },
    { name: 'number', type: 'integer' },
  ],
  indexes: [
    { fields: ['column.email'], unique: true },
    { fields: ['column.region', 'column.number'], unique: true },
  ],
};
export const COLLECTIONS: readonly CollectionSpec[] = [PENALTIES, ACCOUNTS];

/** A gate with these values and nothing else in it. */
export function gateWith(values: Partial<Gate>): Gate {
  return { ...EMPTY_GATE, ...values };
}

/** A penalty as it is stored for the first time. */
export function penalty(key: string, { gate = {}, ...rest }: Partial<Omit<Put, 'gate'>> & { readonly gate?: Partial<Gate> } = {}): Put {
  return { key, body: { documentNo: key }, expected: 0, gate: gateWith(gate), ...rest };
}

/** An account as it is stored for the first time. */
export function account(key: string, rest: Partial<Put> = {}): Put {
  return { key, body: { holder: key }, expected: 0, ...rest };
}

const EMPTY_GATE: Gate = {
  subjectId: null,
  subjectKind: null,
  sourceOrg: null,
  parties: [],
  region: null,
  share: null,
  section: null,
  nature: null,
  status: null,
  stopped: null,
  draft: null,
  publishedFrom: null,
  publishedUntil: null,
  actEnd: null,
  heldByBlack: null,
  severity: null,
  secrecy: null,
  exception: null,
  valueOpen: null,
  objection: null,
};
