import { HubError } from '../../schema/errors.ts';
import type { Connection } from './connection.ts';

/** To ask costs a few microseconds. */
const LOOK_EVERY_MS = 50;

/** Calls `wake` when another connection, of whichever process, has committed to the file. Ends when the returned function is called. */
export function watchCommits(connection: Connection, wake: () => void): () => void {
  let seen = dataVersion(connection);
  const look = () => {
    const now = dataVersion(connection) ?? seen;
    if (now !== seen) wake();
    seen = now;
  };
  const timer = setInterval(look, LOOK_EVERY_MS).unref();
  return () => clearInterval(timer);
}

/** Counts the commits of all connections but this one; undefined while the file does not answer. */
function dataVersion(connection: Connection): number | undefined {
  try {
    const [version] = connection.row('PRAGMA data_version') ?? [];
    return Number(version);
  } catch (error) {
    if (error instanceof HubError) return undefined;
    throw error;
  }
}
