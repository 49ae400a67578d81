import { MongoBulkWriteError, MongoError, MongoNetworkError, MongoServerError, MongoServerSelectionError } from 'mongodb';
import { HubError } from '../../schema/errors.ts';

const DUPLICATE_KEY = 11000;
/** Codes of a server that cannot answer now: it is being elected, stopped, restarted, out of disk or time. */
const UNAVAILABLE: ReadonlySet<number> = new Set([
  6, 7, 50, 89, 91, 112, 189, 246, 251, 262, 286, 9001, 10107, 11600, 11602, 13435, 13436, 14031,
]);

/** What the driver threw, as the hub's error where a caller can act on it, and as it is where it is a defect. */
export function translate(error: unknown): unknown {
  if (!(error instanceof MongoError)) return error;
  if (error.code === DUPLICATE_KEY) return new HubError('CONFLICT', 'a value that has to be unique is taken', { cause: error });
  return cannotAnswer(error) ? new HubError('STORE_UNAVAILABLE', 'the store did not answer', { cause: error }) : error;
}

/** True when the whole transaction may be run again: nothing of it was kept. */
export function isTransient(error: unknown): boolean {
  return hasLabel(error, 'TransientTransactionError');
}

/** True when nobody knows yet whether the transaction was kept. */
export function isUnknownOutcome(error: unknown): boolean {
  return hasLabel(error, 'UnknownTransactionCommitResult');
}

/** True when the database did not answer; what it was told to do it may have done. */
export function isUnavailable(error: unknown): boolean {
  return error instanceof HubError && error.cause instanceof MongoError && error.code === 'STORE_UNAVAILABLE';
}

export function isDuplicateKey(error: unknown): boolean {
  return error instanceof MongoError && error.code === DUPLICATE_KEY;
}

function hasLabel(error: unknown, label: string): boolean {
  const cause = error instanceof HubError ? error.cause : error;
  return cause instanceof MongoError && cause.hasErrorLabel(label);
}

function cannotAnswer(error: MongoError): boolean {
  // What several writes at once have met is wrapped, be it the loss of the connection.
  if (error instanceof MongoBulkWriteError) {
    const met: unknown = error.errorResponse;
    if (met instanceof MongoError && !(met instanceof MongoBulkWriteError)) return cannotAnswer(met);
  }
  if (error instanceof MongoNetworkError || error instanceof MongoServerSelectionError) return true;
  if (error.hasErrorLabel('TransientTransactionError') || error.hasErrorLabel('UnknownTransactionCommitResult')) return true;
  if (error instanceof MongoServerError) return typeof error.code === 'number' && UNAVAILABLE.has(error.code);
  return error.name === 'MongoNotConnectedError' || error.name === 'MongoTopologyClosedError' || error.name === 'MongoPoolClearedError';
}
