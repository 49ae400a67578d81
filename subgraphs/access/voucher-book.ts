import type { Voucher } from '../../auth/caller.ts';
import type { VoucherBook, VoucherCheck, VoucherFault, VoucherRequest } from '../../auth/ports.ts';
import type { Principal } from '../../auth/principal.ts';
import type { Catalogue } from '../../schema/catalogue.ts';
import { HubError } from '../../schema/errors.ts';
import { SECTIONS } from '../../schema/gate.ts';
import type { Clock, Reader, Store } from '../../store/port.ts';
import { useInCursor } from '../kit/cursor.ts';
import type { Values } from '../kit/record-engine/rows.ts';
import { planOf } from '../kit/record-engine/type-plan.ts';
import type { Sealer } from '../kit/sealer.ts';
import { VOUCHER_USES } from './collections.ts';
import { typeNamed } from './documents.ts';
import { stringIn, stringsIn } from './stored-values.ts';
import { timeOf, usesIn, type VoucherFacts, voucherFacts, voucherStatus } from './voucher-state.ts';

const ATTEMPTS = 20;
/** V3: how long further pages belong to the use that the first one made. */
const PAGES_WITHIN_MS = 600_000;

/** Which kinds of vouchers a body of the audience may use, and by what its people or its programs prove to be those the voucher names (V1). */
const USED_BY: Readonly<
  Partial<Record<string, { readonly types: readonly string[]; readonly isNamed: (values: Values, who: Principal) => boolean }>>
> = {
  CREDIT_BODY: {
    types: ['PAPER', 'E_SIGN'],
    isNamed: ({ granteeStaff }, { staffId }) => staffId !== undefined && stringsIn(granteeStaff).includes(staffId),
  },
  APP_ORG: {
    types: ['E_CERT'],
    isNamed: ({ certSerial: named }, { certSerial }) => certSerial !== undefined && certSerial === named,
  },
};

/** The vouchers of the store, as they stand when a request presents one. */
export function createVoucherBook({
  store,
  catalogue,
  sealer,
  clock,
}: {
  readonly store: Store;
  readonly catalogue: Catalogue;
  readonly sealer: Sealer;
  readonly clock: Clock;
}): VoucherBook {
  const type = typeNamed(catalogue, 'AuthorizationVoucher');
  const plan = planOf(catalogue, type);
  return {
    usable: (id, request) =>
      store.read(async (tx): Promise<VoucherCheck> => {
        const [document] = await tx.get(type.collection, [id]);
        if (!document) return {};
        const facts = await voucherFacts(tx, plan, sealer, document);
        const { values } = facts;
        const { principal, purpose, now } = request;
        if (!isTheirs(values, principal)) return {};
        const continues = await useContinued(tx, sealer, id, request);
        // A use that goes on is counted already: V1 leaves the count out.
        const fault = faultOf(continues === undefined ? facts : { ...facts, used: 0 }, purpose, now);
        return fault ? { fault } : { voucher: voucherIn(id, values), continues };
      }),
    counted: (id, use, { principal, purpose, now }) =>
      store.read(async (tx): Promise<VoucherCheck> => {
        const [document] = await tx.get(type.collection, [id]);
        const [claimed] = await tx.get(VOUCHER_USES.name, [useKey(id, use)]);
        if (!document || claimed?.body.by !== userOf(sealer, principal)) return {};
        const facts = await voucherFacts(tx, plan, sealer, document);
        if (!isTheirs(facts.values, principal)) return {};
        const fault = faultOf({ ...facts, used: 0 }, purpose, now);
        return fault ? { fault } : { voucher: voucherIn(id, facts.values), continues: use };
      }),
    async claim(id, requestId, { principal, asked }) {
      const use = useKey(id, requestId);
      for (let attempt = 1; ; attempt++) {
        try {
          return await store.write(
            async (tx) => {
              const [document] = await tx.get(type.collection, [id]);
              const [counter, claimed] = await tx.get(VOUCHER_USES.name, [id, use]);
              if (claimed) return true;
              const now = clock.now();
              if (!document || voucherStatus(await voucherFacts(tx, plan, sealer, document), now) !== 'ACTIVE') return false;
              await tx.putMany(VOUCHER_USES.name, [
                { key: id, body: { used: usesIn(counter) + 1 }, expected: counter?.version ?? 0 },
                { key: use, body: { at: now.toISOString(), by: userOf(sealer, principal), asked: digests(sealer, asked) }, expected: 0 },
              ]);
              return true;
            },
            { actor: 'vouchers' },
          );
        } catch (error) {
          // Another request counted its use between our look and our write: look again.
          if (!(error instanceof HubError && error.code === 'CONFLICT') || attempt === ATTEMPTS) throw error;
        }
      }
    },
  };
}

/** V1: whom the voucher names. */
function isTheirs(values: Values, principal: Principal): boolean {
  const use = USED_BY[principal.audience];
  return (
    use !== undefined &&
    values.granteeUscc === principal.orgUscc &&
    use.types.includes(String(values.type)) &&
    use.isNamed(values, principal)
  );
}

function useKey(voucherId: string, requestId: string): string {
  return `${voucherId}.${requestId}`;
}

/** V3: the one use of this voucher under which all cursors were made, while it may still be gone on with by who asks and for what is asked. */
async function useContinued(tx: Reader, sealer: Sealer, id: string, { principal, now, asked, cursors }: VoucherRequest) {
  const [first, ...others] = new Set(cursors.map((cursor) => useInCursor(sealer, cursor)));
  if (first === undefined || others.length > 0) return undefined;
  const [use] = await tx.get(VOUCHER_USES.name, [useKey(id, first)]);
  if (!use || now.getTime() > timeOf(use.body.at) + PAGES_WITHIN_MS || use.body.by !== userOf(sealer, principal)) return undefined;
  const before = stringsIn(use.body.asked);
  return digests(sealer, asked).every((list) => before.includes(list)) ? first : undefined;
}

/** The staff or the certificate, which V1 names. */
function userOf(sealer: Sealer, { audience, orgUscc, staffId, certSerial }: VoucherRequest['principal']): string {
  return sealer.digest(JSON.stringify(['voucher user', audience, orgUscc, audience === 'APP_ORG' ? certSerial : staffId]));
}

function digests(sealer: Sealer, asked: readonly string[]): readonly string[] {
  return asked.map((list) => sealer.digest(`voucher list|${list}`).slice(0, 16));
}

function faultOf(facts: VoucherFacts, purpose: string | undefined, now: Date): VoucherFault | undefined {
  const status = voucherStatus(facts, now);
  if (status !== 'ACTIVE') return status;
  if (now.getTime() < timeOf(facts.values.validFrom)) return 'NOT_YET_VALID';
  return purpose === facts.values.purpose ? undefined : 'OTHER_PURPOSE';
}

function voucherIn(id: string, values: Values): Voucher {
  const type = VOUCHER_TYPES.find((known) => known === values.type);
  const [subjectId, validTo] = [stringIn(values.subjectId), stringIn(values.validTo)];
  if (!type || !subjectId || !validTo) throw new Error('a voucher in force has a type, a subject and an end');
  const named = stringsIn(values.sections);
  return {
    id,
    type,
    subjectId,
    sections: SECTIONS.filter((section) => named.includes(section)),
    fieldsExcluded: stringsIn(values.fieldsExcluded),
    opened: stringsIn(values.opened),
    validTo,
  };
}

const VOUCHER_TYPES = ['PAPER', 'E_SIGN', 'E_CERT', 'COURT_ORDER'] as const satisfies readonly Voucher['type'][];
