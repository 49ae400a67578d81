import type { CollectionSpec } from '../../store/port.ts';

/** Under a voucher's id how often it was used, and under that id and a request's that this request was one of the uses. */
export const VOUCHER_USES: CollectionSpec = { name: 'voucher-use', gated: false, columns: [], indexes: [] };

/**
 * Reveals as they were made: none is ever changed or removed, whether one is in force follows from the clock. `holder` is a keyed digest of the member of
 * staff and who vouches for it; `staff` is who the auditor reads of.
 */
export const REVEALS: CollectionSpec = {
  name: 'reveal',
  gated: false,
  columns: ['holder', 'until', 'at', 'staff', 'recordId'].map((name) => ({ name, type: 'text' })),
  indexes: [
    { fields: ['column.holder', 'column.until'] },
    { fields: ['column.staff', 'column.at'] },
    { fields: ['column.recordId', 'column.at'] },
    { fields: ['column.at'] },
  ],
};
