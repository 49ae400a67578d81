import type { GrantBook, VoucherBook } from '../../auth/ports.ts';

/** A hub in which no duty grant has been given and no voucher signed: every grant and voucher cell of the table stays closed. */
export const NO_GRANTS: GrantBook = { grantsOf: async () => [] };
export const NO_VOUCHERS: VoucherBook = { usable: async () => undefined, claim: async () => false };
