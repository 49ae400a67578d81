import type { RecordType } from '../../../schema/catalogue.ts';
import type { ColumnValue } from '../../../schema/filter.ts';
import type { Gate } from '../../../schema/gate.ts';
import type { JsonObject } from '../../../schema/json.ts';
import type { Document, Writer } from '../../../store/port.ts';
import { RECORD_INDEX, TURNS_ON } from '../record-collection.ts';
import { nextTurn } from './window-turn.ts';

/** A new version of a record. */
export interface RecordPut {
  readonly key: string;
  readonly body: JsonObject;
  readonly expected: number;
  readonly gate: Gate;
  readonly columns: Readonly<Record<string, ColumnValue>>;
}

/** Writes records, and with each its entry in `record-index`, by which an id is resolved and the clock finds what turns after today. @throws CONFLICT */
export async function putRecords(tx: Writer, type: RecordType, puts: readonly RecordPut[], today: string): Promise<readonly Document[]> {
  const stored = await tx.putMany(type.collection, puts);
  if (type.kind !== 'record') return stored;
  const standing = puts.filter(({ expected }) => expected > 0).map(({ key }) => key);
  const entries = standing.length > 0 ? await tx.get(RECORD_INDEX.name, standing) : [];
  const versions = new Map(entries.flatMap((entry) => (entry ? [[entry.key, entry.version] as const] : [])));
  const body = { recordType: type.code };
  await tx.putMany(
    RECORD_INDEX.name,
    puts.map(({ key, gate }) => ({
      key,
      body,
      expected: versions.get(key) ?? 0,
      gate,
      columns: { ...body, [TURNS_ON]: nextTurn(gate, type.regions, today) },
    })),
  );
  return stored;
}
