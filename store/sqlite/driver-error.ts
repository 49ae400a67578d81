import { HubError } from '../../schema/errors.ts';

const UNIQUE_VIOLATIONS: ReadonlySet<number> = new Set([2067, 1555]);
const BUSY = 5;
const LOCKED = 6;
/** Primary result codes of a file that cannot be reached, read or written now: PERM, BUSY, LOCKED, NOMEM, READONLY, IOERR, CORRUPT, FULL, CANTOPEN, PROTOCOL, NOTADB. */
const UNAVAILABLE: ReadonlySet<number> = new Set([3, BUSY, LOCKED, 7, 8, 10, 11, 13, 14, 15, 26]);

/** What the driver threw, as the hub's error where a caller can act on it, and as it is where it is a defect. */
export function translate(error: unknown): unknown {
  const code = resultCode(error);
  if (code === undefined) return error;
  if (UNIQUE_VIOLATIONS.has(code)) return new HubError('CONFLICT', 'a value that has to be unique is taken', { cause: error });
  if (UNAVAILABLE.has(primary(code))) return new HubError('STORE_UNAVAILABLE', 'the store did not answer', { cause: error });
  return error;
}

/** True when another connection holds what was asked for, so that asking again later may help. */
export function isBusy(error: unknown): boolean {
  const code = error instanceof HubError ? resultCode(error.cause) : undefined;
  return code !== undefined && (primary(code) === BUSY || primary(code) === LOCKED);
}

function resultCode(error: unknown): number | undefined {
  return typeof error === 'object' && error !== null && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : undefined;
}

function primary(code: number): number {
  return code & 0xff;
}
