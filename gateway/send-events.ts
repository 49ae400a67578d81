import type { ServerResponse } from 'node:http';
import type { EventStream } from './http-answer.ts';

/** Times in milliseconds. */
export interface EventLimits {
  /** A stream with nothing to tell shows this often that it stands. */
  readonly heartbeatTime: number;
  /** A reader that takes longer for one event is too slow. */
  readonly slowMs: number;
}

const HEARTBEAT = ':\n\n';

/** Sends events behind a head that was sent, each when the reader has taken the one before; returns how many bytes. Never rejects. */
export async function sendEvents(response: ServerResponse, { chunks, stop }: EventStream, limits: EventLimits): Promise<number> {
  let bytes = 0;
  response.once('close', stop);
  if (response.destroyed) stop();
  // A write can come too late for a connection that has just ended.
  response.on('error', stop);
  const beat = () => {
    if (!response.writableNeedDrain && !response.destroyed) response.write(HEARTBEAT);
  };
  beat(); // so that the head leaves at once
  const beating = setInterval(beat, limits.heartbeatTime).unref();
  for await (const chunk of chunks) {
    if (response.destroyed) break;
    bytes += Buffer.byteLength(chunk);
    if (!response.write(chunk)) await drained(response, 2 * limits.slowMs);
  }
  clearInterval(beating);
  response.end();
  return bytes;
}

/** Until everything was handed on or nobody is there; a reader that takes nothing for too long is cut off. */
function drained(response: ServerResponse, patience: number): Promise<void> {
  return new Promise((resolve) => {
    if (response.destroyed) return resolve();
    const stuck = setTimeout(() => response.destroy(), patience);
    const go = () => {
      clearTimeout(stuck);
      response.off('drain', go);
      response.off('close', go);
      resolve();
    };
    response.on('drain', go);
    response.on('close', go);
  });
}
