import type { CollectionSpec } from '../../store/port.ts';

/** Under a voucher's id how often it was used, and under that id and a request's that this request was one of the uses. */
export const VOUCHER_USES: CollectionSpec = { name: 'voucher-use', gated: false, columns: [], indexes: [] };
