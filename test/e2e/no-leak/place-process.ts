import { openPlace } from './open-place.ts';
import type { PairName } from './place.ts';

// One hub in a process of its own: tells its address when it is filled, and ends when its parent lets go of it.

const [pair, side, round] = process.argv.slice(2);
const { close, ...address } = await openPlace({ pair: pair as PairName, side: side === '0' ? 0 : 1, round: Number(round) });
const end = () => void close().finally(() => process.exit());
// An interrupt reaches the whole group; what ends this process is the end of its parent, after it has put away its folder.
process.on('SIGINT', () => undefined);
process.once('disconnect', end);
if (process.connected) process.send?.(address);
else end();
