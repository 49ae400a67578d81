import { openLogStore } from '../../cli/log-store.ts';
import { ACCESS_LOG, readRecord } from '../../subgraphs/access/log-chain.ts';
import type { Callers } from './callers.ts';
import type { Costs } from './judge-answer.ts';
import { type Load, startLoad, type Tally } from './load.ts';

export interface ProcessFault<Hub> {
  readonly name: string;
  readonly costs: Costs;
  /** Strikes while everybody asks, and resolves when it is over. */
  readonly strike: (hub: Hub, load: Load) => Promise<void>;
}

/** A hub under load, and where its access log stands. */
export interface Stage<Hub> {
  readonly hub: Hub;
  readonly url: string;
  readonly callers: Callers;
  readonly dataDir: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Requests that are answered before the fault strikes. */
const WARM = 20;
let tries = 0;

/** Strikes once, waits until everybody is answered whole again, and tells what became of the requests. */
export async function tryFault<Hub>({ hub, url, callers, dataDir, env }: Stage<Hub>, fault: ProcessFault<Hub>): Promise<Tally> {
  tries += 1;
  const load = await startLoad({ url, callers, prefix: `故障${tries}-`, costs: fault.costs });
  try {
    await load.ended(WARM);
    await fault.strike(hub, load);
    await load.recovered();
  } catch (error) {
    load.tally.wrong.push(String(error));
  } finally {
    await load.stop();
  }
  const logged = await loggedRequests({ dataDir, env });
  const unlogged = load.tally.requestIds.filter((id) => !logged.has(id));
  if (unlogged.length > 0) load.tally.wrong.push(`${unlogged.length} answers are not in the access log`);
  return load.tally;
}

async function loggedRequests({ dataDir, env }: Pick<Stage<never>, 'dataDir' | 'env'>): Promise<ReadonlySet<string>> {
  const store = await openLogStore({ dataDir, storeUrl: env.HUB_STORE });
  try {
    const entries = await store.read((tx) => tx.entries(ACCESS_LOG, 0, 10_000_000));
    return new Set(
      entries.flatMap(({ entry }) => {
        const record = readRecord(entry);
        return record?.k === 'ACCESS' ? [String(record.e.requestId)] : [];
      }),
    );
  } finally {
    await store.close();
  }
}
