import { entryNo, openLog } from './log-place.ts';

// A process of its own that writes to the log of a folder, and tells its parent of each entry that is durable.
const [folder = '', start = '0', count = '1'] = process.argv.slice(2);
const { log, close } = await openLog(folder);
const next = Array.from({ length: Number(count) }, (_, number) => Number(start) + number).values();
const client = async () => {
  for (const number of next) {
    await log.record(entryNo(number));
    process.send?.(entryNo(number).requestId);
  }
};
await Promise.all(Array.from({ length: 8 }, client));
await close();
process.disconnect?.();
