import { COMPANY, HOUSING, MARKET, OTHER_COMPANY, TAX } from '../../support/fixtures.ts';
import type { Asking } from '../../support/hub.ts';
import type { AskedHub, PairName, Place } from './place.ts';

export const BANK = '91411502MA3TE5T03U';
export const bank = (hub: Pick<AskedHub, 'token'>): Asking => ({
  token: hub.token('CREDIT_BODY', { orgUscc: BANK, staffId: 'clerk-1' }),
  purpose: 'LOAN',
});
export const asSource = (hub: Pick<AskedHub, 'token'>): Asking => ({
  token: hub.token('AGENCY', { orgUscc: MARKET }),
  purpose: 'RECORD_MANAGEMENT',
});

/** How a caller of this place asks. */
export type Asks = (place: Place) => Asking;
/** Callers without rights of their own. */
export const USUAL: Readonly<Record<string, Asks>> = {
  'the public': () => ({}),
  'another department': ({ hub }) => ({ token: hub.token('AGENCY', { orgUscc: HOUSING }), purpose: 'LICENSING' }),
  'a department that states no purpose': ({ hub }) => ({ token: hub.token('AGENCY', { orgUscc: HOUSING }) }),
  'a credit body without a voucher': ({ hub }) => bank(hub),
  'a credit body with a voucher for another subject': ({ hub, voucher }) => ({ ...bank(hub), headers: { 'hub-voucher': voucher } }),
  'a bank': ({ hub }) => ({ token: hub.token('FINANCE', { orgUscc: OTHER_COMPANY }) }),
  'another subject': ({ hub }) => ({ token: hub.token('SUBJECT', { subjectUscc: '91370306MA3TE5T2XK', authLevel: 2 }) }),
  'supervision of another region': ({ hub }) => ({
    token: hub.token('SUPERVISION', { clientId: 'c', regionCode: '370000' }),
    purpose: 'SUPERVISION',
  }),
  'an operator of another region': ({ hub }) => ({ token: hub.token('OPERATOR', { regionCode: '370000' }) }),
};
/** Callers with rights, none of them over what differs. */
const STRONG: Readonly<Record<string, Asks>> = {
  'a department with a grant': ({ hub }) => ({ token: hub.token('AGENCY', { orgUscc: TAX }), purpose: 'LICENSING' }),
  'supervision of the region': ({ hub }) => ({
    token: hub.token('SUPERVISION', { clientId: 'c', regionCode: '410000' }),
    purpose: 'SUPERVISION',
  }),
  'the subject itself': ({ hub }) => ({ token: hub.token('SUBJECT', { subjectUscc: COMPANY, authLevel: 2 }) }),
  'a credit body with a voucher for the subject': ({ hub, voucher }) => ({ ...bank(hub), headers: { 'hub-voucher': voucher } }),
  'a party of a case': ({ hub }) => ({ token: hub.token('SPECIFIC_PARTY', { caseId: 'k', partyId: 'p' }) }),
};
/** Each with the pair of hubs that it has to find the same. */
export const CALLERS: readonly (readonly [string, PairName, Asks])[] = [
  ...Object.entries(USUAL).map(([who, asks]) => [who, 'usual', asks] as const),
  ...Object.entries(STRONG).map(([who, asks]) => [who, 'strong', asks] as const),
];
