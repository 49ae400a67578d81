import type { CollectionSpec } from '../../store/port.ts';

/** Subjects of all three kinds. Only here stands the index by which a person is found. */
export const SUBJECTS: CollectionSpec = {
  name: 'subject',
  gated: true,
  columns: [
    { name: 'uscc', type: 'text' },
    { name: 'name', type: 'text' },
    { name: 'personIndex', type: 'text' },
    { name: 'kind', type: 'text' },
    { name: 'regionCode', type: 'text' },
  ],
  indexes: [
    { fields: ['column.uscc'], unique: true },
    { fields: ['column.personIndex'], unique: true },
    { fields: ['column.name'], covering: true },
    { fields: ['column.regionCode'], covering: true },
  ],
};

/** What somebody of the operator's has to look at: codes that fail their check, names that differ. */
export const WORK_ITEMS: CollectionSpec = {
  name: 'work-item',
  gated: false,
  columns: [
    { name: 'kind', type: 'text' },
    { name: 'subjectId', type: 'text' },
  ],
  indexes: [{ fields: ['column.kind'] }, { fields: ['column.subjectId'] }],
};
