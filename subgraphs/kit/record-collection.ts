import type { Item, RecordType } from '../../schema/catalogue.ts';
import { itemWithRole } from '../../schema/catalogue.ts';
import { sortableDecimal } from '../../schema/decimal.ts';
import type { ColumnValue } from '../../schema/filter.ts';
import type { Json } from '../../schema/json.ts';
import type { CollectionSpec } from '../../store/port.ts';
import { TAIL_COLUMN, tailItems } from './person-tail.ts';

/** Identity columns of every record; each holds a digest. */
export const IDENTITY_COLUMNS = ['identity', 'triple', 'document'] as const;
export const STATE_COLUMN = 'state';
export const DECISION_COLUMN = 'decisionDate';

/** How the store lays out a record type: derived from its SDL alone. */
export function collectionOf(type: RecordType): CollectionSpec {
  if (type.kind === 'catalogue') {
    return {
      name: type.collection,
      gated: true,
      columns: [{ name: 'identity', type: 'text' }, ...indexedItems(type).map((item) => ({ name: item.name, type: columnType(item) }))],
      indexes: [
        { fields: ['column.identity'], unique: true },
        ...(type.about === undefined ? [] : [{ fields: ['gate.subjectId' as const] }]),
        ...indexedItems(type)
          .filter(({ type: named, list }) => named === 'UnifiedSocialCreditCode' && !list)
          .map((item) => ({ fields: [`column.${item.name}` as const] })),
      ],
    };
  }
  const indexed = indexedItems(type).filter(({ name }) => name !== DECISION_COLUMN);
  return {
    name: type.collection,
    gated: true,
    columns: [
      ...IDENTITY_COLUMNS.map((name) => ({ name, type: 'text' as const })),
      { name: DECISION_COLUMN, type: 'text' },
      ...(itemWithRole(type, 'STATE') ? [{ name: STATE_COLUMN, type: 'text' as const }] : []),
      ...(tailItems(type) ? [{ name: TAIL_COLUMN, type: 'text' as const }] : []),
      ...indexed.map((item) => ({ name: item.name, type: columnType(item) })),
    ],
    indexes: [
      { fields: ['column.identity'], unique: true, ofSubject: type.identity.includes('subject') },
      ...(tailItems(type) ? [{ fields: [`column.${TAIL_COLUMN}` as const] }] : []),
      { fields: ['column.triple'] },
      { fields: ['column.document'] },
      { fields: [`column.${DECISION_COLUMN}`], covering: true },
      // One subject has few rows, which are read anyway; the gate beside them would make every import slower.
      { fields: ['gate.subjectId', `column.${DECISION_COLUMN}`] },
      { fields: ['gate.sourceOrg', `column.${DECISION_COLUMN}`] },
      ...indexed
        .filter((item) => !item.list && (item.order || item.role === 'DOCUMENT_NUMBER'))
        .map((item) => ({ fields: [`column.${item.name}` as const] })),
    ],
  };
}

/** Of a row in `record-index`: the next day on which the clock alone changes who may see it. */
export const TURNS_ON = 'turnsOn';

/** `record-index`: by which an id is resolved without asking every subgraph. */
export const RECORD_INDEX: CollectionSpec = {
  name: 'record-index',
  gated: true,
  columns: [
    { name: 'recordType', type: 'text' },
    { name: TURNS_ON, type: 'text' },
  ],
  indexes: [{ fields: [`column.${TURNS_ON}`] }],
  derived: true,
};

/** Items that get a column of their own. */
export function indexedItems(type: RecordType): readonly Item[] {
  return type.items.filter((item) => item.filter || item.order);
}

/** A value in the form in which columns hold it, so that the store's binary order is the value's own order. */
export function columnValue(item: Item, value: Json | undefined): ColumnValue {
  if (value === undefined || value === null) return null;
  if (item.list) return Array.isArray(value) ? value.map(String) : [String(value)];
  if (item.type === 'CnyWan' || item.type === 'Decimal') return sortableDecimal(String(value));
  if (item.type === 'Int') return typeof value === 'number' ? value : Number(value);
  return String(value);
}

function columnType(item: Item): 'text' | 'integer' | 'list' {
  if (item.list) return 'list';
  return item.type === 'Int' ? 'integer' : 'text';
}
