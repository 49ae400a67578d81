import type { GrantBook } from '../../auth/ports.ts';
import { EVERY } from '../../schema/filter.ts';
import type { Document, Query, Reader, Store } from '../../store/port.ts';
import { withSubordinates } from './department-tree.ts';
import { grantIn, grantStatus } from './grant-terms.ts';
import { stringIn } from './stored-values.ts';

const DUTY_GRANTS = 'duty-grant';
const GRANTS_AT_ONCE = 200;

/** The grants of the store, as they stand when a request asks for them. */
export function createGrantBook(store: Store): GrantBook {
  return {
    grantsOf: ({ orgUscc, clientId }) =>
      store.read(async (tx) => {
        const documents = [
          ...(orgUscc ? await grantsWith(tx, 'column.granteeUscc', orgUscc) : []),
          ...(clientId ? await grantsWith(tx, 'column.granteeClientId', clientId) : []),
        ];
        const given = documents.filter(({ body }) => GIVEN.includes(grantStatus(body, '')));
        const sources = new Map<string, readonly string[]>();
        for (const { body } of given) {
          const approver = stringIn(body.approverUscc);
          if (approver && !sources.has(approver)) sources.set(approver, await withSubordinates(tx, approver));
        }
        return given.map(({ key, body }) => grantIn(key, body, sources.get(stringIn(body.approverUscc) ?? '') ?? []));
      }),
  };
}

const GIVEN: readonly string[] = ['APPROVED', 'SUSPENDED', 'EXPIRED'];

/** The first page of those that name a grantee, compiled once for each way to name it. */
const FIRST_PAGE: Readonly<Record<GranteeField, Query>> = {
  'column.granteeUscc': { where: EVERY, order: [{ field: 'column.granteeUscc', direction: 'ASC' }], limit: GRANTS_AT_ONCE },
  'column.granteeClientId': { where: EVERY, order: [{ field: 'column.granteeClientId', direction: 'ASC' }], limit: GRANTS_AT_ONCE },
};
type GranteeField = 'column.granteeUscc' | 'column.granteeClientId';

/** All grants that name this grantee, page after page. */
async function grantsWith(tx: Reader, field: GranteeField, grantee: string): Promise<readonly Document[]> {
  const found: Document[] = [];
  for (let query = FIRST_PAGE[field]; ; ) {
    const [page = []] = await tx.findPer(DUTY_GRANTS, field, [grantee], query);
    found.push(...page);
    const last = page.at(-1);
    if (!last || page.length < GRANTS_AT_ONCE) return found;
    query = { ...query, after: { values: [grantee], key: last.key } };
  }
}
