import type { RecordType } from '../../../schema/catalogue.ts';
import type { Document } from '../../../store/port.ts';
import { type Correction, correctRecord, type Withdrawal, withdrawRecord } from './change-record.ts';
import type { Origin, RawRow, RowOutcome } from './rows.ts';
import { type EngineParts, submitRows } from './submit.ts';

/** Judges and writes records of every type from their SDL; disclosure and authorisation are the caller's. */
export interface RecordEngine {
  /** Judges each row by itself and writes those that stand. @throws FORBIDDEN for a type or caller that cannot submit */
  submit(type: RecordType, rows: readonly RawRow[], origin: Origin): Promise<readonly RowOutcome[]>;
  /** Replaces fields of a record that the caller may correct. @throws NOT_FOUND, BAD_USER_INPUT, CONFLICT, INVALID_TRANSITION */
  correct(type: RecordType, correction: Correction): Promise<Document>;
  /** Withdraws a record that the caller may withdraw, and those of every other source about the same act; the first answered is the one that was asked for. @throws NOT_FOUND, CONFLICT, INVALID_TRANSITION */
  withdraw(type: RecordType, withdrawal: Withdrawal): Promise<readonly [Document, ...Document[]]>;
}

/** The record engine on these parts. */
export function createRecordEngine(parts: EngineParts): RecordEngine {
  return {
    submit: (type, rows, origin) => submitRows(parts, type, rows, origin),
    correct: (type, correction) => correctRecord(parts, type, correction),
    withdraw: (type, withdrawal) => withdrawRecord(parts, type, withdrawal),
  };
}
