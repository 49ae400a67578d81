import { withoutNumber } from '../../auth/log-entry.ts';
import type { RevealBook } from '../../auth/ports.ts';
import type { Principal } from '../../auth/principal.ts';
import { scrubText } from '../../schema/text-scrub.ts';
import type { Document, Query, Reader, Store } from '../../store/port.ts';
import { actorOf } from '../kit/actor.ts';
import type { Sealer } from '../kit/sealer.ts';
import { REVEALS } from './collections.ts';

/** Decision table, Q7. */
const MINUTES = 15;
const AT_ONCE = 200;

/** The reveals of the store, as they stand when a request asks for them. */
export function createRevealBook({
  store,
  sealer,
  newId,
}: {
  readonly store: Store;
  readonly sealer: Sealer;
  readonly newId: () => string;
}): RevealBook {
  return {
    async revealedTo(principal, now) {
      const { staffId } = principal;
      if (staffId === undefined) return [];
      const found = await store.read((tx) => inForce(tx, holderOf(sealer, principal, staffId), now.toISOString()));
      return [...new Set(found.map(({ columns }) => String(columns.recordId)))];
    },
    async reveal(caller, { staffId, recordId, recordType, reason }) {
      const { principal, now } = caller;
      const at = now.toISOString();
      const until = new Date(now.getTime() + MINUTES * 60_000).toISOString();
      const staff = withoutNumber(staffId) ?? null;
      const columns = { holder: holderOf(sealer, principal, staffId), until, at, staff, recordId };
      // An auditor reads the reason, and nothing of the person about whom somebody wrote it.
      const body = { at, until, organisation: principal.orgUscc ?? null, staff, recordType, recordId, reason: scrubText(reason) };
      await store.write((tx) => tx.put(REVEALS.name, newId(), { body, columns, expected: 0 }), { actor: actorOf(caller) });
    },
  };
}

/** Two issuers may know two people by one id. */
function holderOf(sealer: Sealer, { iss, orgUscc }: Principal, staffId: string): string {
  return sealer.digest(`reveal|${JSON.stringify([iss ?? null, orgUscc ?? null, staffId])}`);
}

/** Every reveal of one member of staff that has not ended at that time, page after page. */
async function inForce(tx: Reader, holder: string, now: string): Promise<readonly Document[]> {
  const found: Document[] = [];
  for (let after: Query['after']; ; ) {
    const page = await tx.find(REVEALS.name, {
      where: {
        op: 'all',
        of: [
          { op: 'eq', field: 'column.holder', value: holder },
          { op: 'gt', field: 'column.until', value: now },
        ],
      },
      order: [{ field: 'column.until', direction: 'ASC' }],
      after,
      limit: AT_ONCE,
    });
    found.push(...page);
    const last = page.at(-1);
    if (!last || page.length < AT_ONCE) return found;
    after = { values: [String(last.columns.until)], key: last.key };
  }
}
