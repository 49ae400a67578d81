import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Hub, openHub } from '../../cli/open-hub.ts';
import { addDays, shanghaiToday } from '../../schema/calendar-date.ts';
import type { ColumnValue } from '../../schema/filter.ts';
import type { JsonObject } from '../../schema/json.ts';
import { usccCheckDigit } from '../../schema/uscc.ts';
import type { Document, Put } from '../../store/port.ts';
import { EXAMPLE_USCC, exampleRows } from './example-rows.ts';

/** A data folder full of records. */
export interface BenchData {
  readonly dataDir: string;
  readonly records: number;
  readonly subjects: number;
  /** Removes it, unless it is to be kept. */
  remove(): void;
}

/** What one subject has of each type. */
export const RECORDS_OF_A_SUBJECT = { PENALTY: 6, LICENSE: 8, LIST_ENTRY: 3, COMMITMENT: 4, TAX_CREDIT: 4 } as const;
const PER_SUBJECT = Object.values(RECORDS_OF_A_SUBJECT).reduce((sum, count) => sum + count, 0);
const SUBJECTS_AT_ONCE = 200;
const MARK = 'bench.json';

/** Makes, or finds in `HUB_BENCH_DATA`, a store of so many records: copies of rows that the hub itself has judged, with their own ids, codes, numbers and days. */
export async function openBenchData(records: number, kept = process.env.HUB_BENCH_DATA): Promise<BenchData> {
  const subjects = Math.max(1, Math.round(records / PER_SUBJECT));
  const made = { records: subjects * PER_SUBJECT, subjects };
  const dataDir = kept ?? mkdtempSync(join(tmpdir(), 'hub-bench-'));
  const remove = () => {
    if (kept === undefined) rmSync(dataDir, { recursive: true, force: true });
  };
  const mark = join(dataDir, MARK);
  if (existsSync(mark)) {
    const found = JSON.parse(readFileSync(mark, 'utf8'));
    if (found.subjects !== subjects) throw new Error(`${dataDir} holds ${found.records} records, not ${made.records}`);
    return { dataDir, ...made, remove };
  }
  mkdirSync(dataDir, { recursive: true });
  const hub = await openHub({ dataDir });
  try {
    await fill(hub, subjects);
    await hub.effects.settle(); // or a hub that is started on it would do so while it is measured
  } finally {
    await hub.close();
  }
  writeFileSync(mark, JSON.stringify(made));
  return { dataDir, ...made, remove };
}

/** The code of the n-th subject. */
export function usccOf(subject: number): string {
  const body = `91411502MA${String(subject).padStart(7, '0')}`;
  return body + (usccCheckDigit(body) ?? '');
}

async function fill(hub: Hub, subjects: number): Promise<void> {
  const examples = await judgedExamples(hub);
  for (let from = 0; from < subjects; from += SUBJECTS_AT_ONCE) {
    const some = Array.from({ length: Math.min(SUBJECTS_AT_ONCE, subjects - from) }, (_, index) => from + index);
    await hub.store.write(
      async (tx) => {
        for (const { collection, count, document } of examples) {
          const puts = some.flatMap((subject) =>
            Array.from({ length: count }, (_, place) => copyOf(collection, document, { subject, place })),
          );
          await tx.putMany(collection, puts);
        }
      },
      { actor: 'bench' },
    );
    if (from % (SUBJECTS_AT_ONCE * 20) === 0) console.error(`subjects ${from} of ${subjects}`);
  }
}

interface Example {
  readonly collection: string;
  readonly count: number;
  readonly document: Document;
}

/** One row of each type, taken in by the record engine: its body, gate and columns are what a real row would have. */
async function judgedExamples({ engine, effects, catalogue, store, clock }: Hub): Promise<readonly Example[]> {
  const rows = exampleRows(shanghaiToday(clock.now()));
  const types = Object.entries(RECORDS_OF_A_SUBJECT).map(([code, count]) => {
    const type = catalogue.types.find((candidate) => candidate.code === code);
    const row = rows[code];
    if (!type || !row) throw new Error(`there is no type ${code}`);
    return { type, count, row };
  });
  for (const { type, row } of types) {
    const [outcome] = await engine.submit(type, [{ row: 1, values: row }], { actor: 'bench', mode: 'MANUAL', viaToken: false });
    if (outcome?.outcome !== 'accepted') throw new Error(`the example of ${type.code} was ${JSON.stringify(outcome)}`);
  }
  await effects.settle();
  return store.read(async (tx) => {
    const subject: Example = { collection: 'subject', count: 1, document: await only('subject', 'column.uscc', EXAMPLE_USCC) };
    const records: Example[] = [];
    for (const { type, count } of types) {
      records.push({ collection: type.collection, count, document: await only(type.collection, 'gate.subjectId', subject.document.key) });
    }
    return [subject, ...records];

    async function only(collection: string, field: 'column.uscc' | 'gate.subjectId', value: string): Promise<Document> {
      const [document] = await tx.find(collection, { where: { op: 'eq', field, value }, order: [], limit: 1 });
      if (!document) throw new Error(`the example of ${collection} is not there`);
      return document;
    }
  });
}

function copyOf(collection: string, { body, gate, columns }: Document, { subject, place }: { subject: number; place: number }): Put {
  const key = idOf(`${collection} ${subject} ${place}`);
  const subjectId = idOf(`subject ${subject} 0`);
  const own = ownValues(body, subject, place);
  return {
    key,
    expected: 0,
    body: { ...body, ...own },
    ...(gate && { gate: { ...gate, subjectId } }),
    columns: Object.fromEntries(Object.entries(columns).map(([name, value]) => [name, ownColumn(name, value, key, own)])),
  };
}

/** Names, codes, numbers and days by which the copies of one row differ. */
function ownValues(body: JsonObject, subject: number, place: number): JsonObject {
  const own: Record<string, string | number> = {};
  for (const [name, value] of Object.entries(body)) {
    if (value === EXAMPLE_USCC) own[name] = usccOf(subject);
    else if (/^(name|counterpartName|subjectName|taxpayerName)$/.test(name)) own[name] = `浉河区第${subject}食品有限公司`;
    else if (/(No|Id)$/.test(name) && typeof value === 'string') own[name] = `${value.slice(0, 20)}${subject}-${place}`;
    else if (name === 'decisionDate' && typeof value === 'string') own[name] = addDays(value, -place * 3);
    else if (name === 'ratingYear' && typeof value === 'number') own[name] = value - place;
  }
  return own;
}

const DIGESTS = new Set(['identity', 'triple', 'document']);

function ownColumn(name: string, value: ColumnValue, key: string, own: JsonObject): ColumnValue {
  if (value === null) return null;
  if (DIGESTS.has(name)) return idOf(`${name} ${key}`);
  const known = own[name];
  return typeof known === 'string' || typeof known === 'number' ? known : value;
}

function idOf(text: string): string {
  return createHash('sha256').update(text).digest().toString('base64url', 0, 16);
}
