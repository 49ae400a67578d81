import type { Voucher } from '../../auth/caller.ts';
import type { VoucherBook, VoucherCheck, VoucherFault } from '../../auth/ports.ts';
import type { Principal } from '../../auth/principal.ts';
import type { Catalogue } from '../../schema/catalogue.ts';
import { HubError } from '../../schema/errors.ts';
import { SECTIONS } from '../../schema/gate.ts';
import type { Clock, Store } from '../../store/port.ts';
import type { Values } from '../kit/record-engine/rows.ts';
import { planOf } from '../kit/record-engine/type-plan.ts';
import type { Sealer } from '../kit/sealer.ts';
import { VOUCHER_USES } from './collections.ts';
import { typeNamed } from './documents.ts';
import { stringIn, stringsIn } from './stored-values.ts';
import { timeOf, usesIn, type VoucherFacts, voucherFacts, voucherStatus } from './voucher-state.ts';

const ATTEMPTS = 20;

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
    usable: (id, principal, purpose, now) =>
      store.read(async (tx): Promise<VoucherCheck> => {
        const [document] = await tx.get(type.collection, [id]);
        if (!document) return {};
        const facts = await voucherFacts(tx, plan, sealer, document);
        const { values } = facts;
        const use = USED_BY[principal.audience];
        const isTheirs =
          use !== undefined &&
          values.granteeUscc === principal.orgUscc &&
          use.types.includes(String(values.type)) &&
          use.isNamed(values, principal);
        if (!isTheirs) return {};
        const fault = faultOf(facts, purpose, now);
        return fault ? { fault } : { voucher: voucherIn(id, values) };
      }),
    async claim(id, requestId) {
      const use = `${id}.${requestId}`;
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
                { key: use, body: { at: now.toISOString() }, expected: 0 },
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

function faultOf(facts: VoucherFacts, purpose: string | undefined, now: Date): VoucherFault | undefined {
  const status = voucherStatus(facts, now);
  if (status !== 'ACTIVE') return status;
  if (now.getTime() < timeOf(facts.values.validFrom)) return 'NOT_YET_VALID';
  return purpose === facts.values.purpose ? undefined : 'OTHER_PURPOSE';
}

function voucherIn(id: string, values: Values): Voucher {
  const type = VOUCHER_TYPES.find((known) => known === values.type);
  const subjectId = stringIn(values.subjectId);
  if (!type || !subjectId) throw new Error('a voucher in force has neither type nor subject');
  const named = stringsIn(values.sections);
  return {
    id,
    type,
    subjectId,
    sections: SECTIONS.filter((section) => named.includes(section)),
    fieldsExcluded: stringsIn(values.fieldsExcluded),
    opened: stringsIn(values.opened),
  };
}

const VOUCHER_TYPES = ['PAPER', 'E_SIGN', 'E_CERT', 'COURT_ORDER'] as const satisfies readonly Voucher['type'][];
