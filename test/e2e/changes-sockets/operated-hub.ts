import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openHub } from '../../../cli/open-hub.ts';
import { type ServedHub, serveHub } from '../../support/command.ts';
import { askAt, importRows, RATES, type TestHub, tokenOf } from '../../support/hub.ts';
import { dropStore, storeSettings } from '../../support/test-store.ts';

/** A hub in a process of its own that can be killed, and the operator's import, which goes on without it. */
export interface OperatedHub extends Pick<TestHub, 'load' | 'token' | 'ask'> {
  /** Another one after each start. @throws where it is dead */
  readonly url: string;
  readonly isAlive: boolean;
  start(): Promise<void>;
  /** By SIGKILL. */
  kill(): Promise<void>;
  close(): Promise<void>;
}

const clock = { now: () => new Date() };

export async function operateHub(): Promise<OperatedHub> {
  const dataDir = await mkdtemp(join(tmpdir(), 'hub-'));
  const env = { ...RATES, ...storeSettings(dataDir) };
  const serve = () => serveHub(['--data', dataDir], { env });
  let served: ServedHub | undefined = await serve();
  const operator = await openHub({ dataDir, env, clock, untouched: true });
  await operator.windows.turn();
  const address = () => {
    if (!served) throw new Error('the hub is dead');
    return served.url;
  };
  const kill = async () => {
    const killed = served;
    served = undefined;
    await killed?.stop('SIGKILL');
  };
  return {
    get url() {
      return address();
    },
    get isAlive() {
      return served !== undefined;
    },
    async start() {
      served ??= await serve();
    },
    kill,
    load: (typeCode, rows, source) => importRows(operator, { typeCode, rows, source }),
    token: (audience, claims) => tokenOf(dataDir, clock, { audience, ...claims }),
    ask: (query, asking) => askAt(address(), query, asking),
    async close() {
      await kill();
      await operator.close();
      await dropStore(dataDir);
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
