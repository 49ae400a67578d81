import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { type Pair, type PairName, type Place, type PlaceAddress, type PlaceChoice, placeAt } from './place.ts';

export interface Pairs extends Readonly<Record<PairName, Pair>> {
  close(): Promise<void>;
}

/** Starts all hubs, each in a process of its own, so that both of a pair answer at the same time. */
export async function startPairs(round: number): Promise<Pairs> {
  const children: ChildProcess[] = [];
  const place = async (pair: PairName, side: PlaceChoice['side']): Promise<Place> => {
    const child = startPlace({ pair, side, round });
    children.push(child);
    return placeAt(await addressOf(child));
  };
  const close = async () => {
    await Promise.all(children.map(stop));
  };
  try {
    const [usual, strong] = await Promise.all([
      Promise.all([place('usual', 0), place('usual', 1)]),
      Promise.all([place('strong', 0), place('strong', 1)]),
    ]);
    return { usual, strong, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function startPlace({ pair, side, round }: PlaceChoice): ChildProcess {
  const env = { ...process.env, APOLLO_TELEMETRY_DISABLED: 'true' };
  const script = new URL('place-process.ts', import.meta.url);
  return fork(script, [pair, String(side), String(round)], { env, execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
}

async function addressOf(child: ChildProcess): Promise<PlaceAddress> {
  const ended = once(child, 'exit').then(([code]) => Promise.reject(new Error(`a hub ended with ${code} before it listened`)));
  const [address] = await Promise.race([once(child, 'message'), ended]);
  ended.catch(() => undefined);
  return address;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  if (child.connected) child.disconnect();
  await ended;
}
