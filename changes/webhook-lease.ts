import { HubError } from '../schema/errors.ts';
import type { Clock, Reader, Store } from '../store/port.ts';
import { WEBHOOK_LEASES } from './webhook-documents.ts';

/** That one process works for a webhook and no other does. */
export interface Lease {
  /** Whether it still stands within this transaction: what was found out under a lease that is lost is not noted. */
  stands(tx: Reader): Promise<boolean>;
  /** Whether a delivery that begins now ends while it stands. */
  isSafe(): boolean;
  release(): Promise<void>;
}

/** Longer than a delivery may take, so that it stands for each one that was begun under it. */
export const LEASE_MS = 20_000;
const RENEW_MS = 5_000;
/** The longest that a delivery takes. */
const DELIVERY_MS = 10_000;

/** Undefined while another process holds it. It is renewed until it is given back; that of a process which died ends by itself. */
export async function takeLease(
  { store, clock, holder }: { readonly store: Store; readonly clock: Clock; readonly holder: string },
  webhookId: string,
): Promise<Lease | undefined> {
  const actor = 'webhooks';
  const standing = async (tx: Reader) => (await tx.get(WEBHOOK_LEASES.name, [webhookId]))[0];
  const holdFor = (milliseconds: number, mayTake: boolean) =>
    store.write(
      async (tx) => {
        const lease = await standing(tx);
        const now = clock.now().getTime();
        const isMine = lease?.body.holder === holder;
        if (!isMine && (!mayTake || Number(lease?.body.until ?? 0) > now)) return false;
        await tx.put(WEBHOOK_LEASES.name, webhookId, { body: { holder, until: now + milliseconds }, expected: lease?.version ?? 0 });
        return true;
      },
      { actor },
    );
  let heldSince = performance.now();
  const taken = await holdFor(LEASE_MS, true).catch(loseToAnother);
  if (!taken) return undefined;
  const renew = async () => {
    const since = performance.now();
    // What fails is tried again by the next turn, and shows itself when a round is noted.
    if (await holdFor(LEASE_MS, false).catch(() => false)) heldSince = since;
  };
  const renewal = setInterval(() => void renew(), RENEW_MS).unref();
  return {
    isSafe: () => performance.now() - heldSince < LEASE_MS - DELIVERY_MS,
    stands: async (tx) => (await standing(tx))?.body.holder === holder,
    async release() {
      clearInterval(renewal);
      await holdFor(0, false).catch(loseToAnother);
    },
  };
}

function loseToAnother(error: unknown): false {
  if (error instanceof HubError && error.code === 'CONFLICT') return false;
  throw error;
}
