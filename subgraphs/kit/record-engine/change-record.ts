import { shanghaiToday } from '../../../schema/calendar-date.ts';
import type { RecordType, Role } from '../../../schema/catalogue.ts';
import { HubError } from '../../../schema/errors.ts';
import type { JsonObject } from '../../../schema/json.ts';
import type { Document, Reader } from '../../../store/port.ts';
import { contentColumns, contentHash, plainValues } from './content.ts';
import { Findings } from './findings.ts';
import { carriedOver, recordGate, regionOf } from './gate.ts';
import { judge } from './judge.ts';
import { filledIn } from './prepare.ts';
import { readCorrection } from './read-row.ts';
import { correctedBody } from './record-body.ts';
import type { EngineParts } from './submit.ts';
import { planOf, type TypePlan } from './type-plan.ts';
import { putRecords, type RecordPut } from './write-records.ts';

/** A change of fields of one record. */
export interface Correction {
  readonly id: string;
  /** By item name, as in a submission; null empties a field. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly reason: string;
  readonly expectedVersion?: number | undefined;
  readonly actor: string;
}

/** The end of a record whose act was revoked, changed or declared void. */
export interface Withdrawal {
  readonly id: string;
  readonly documentRef: string;
  readonly reason: string;
  readonly expectedVersion?: number | undefined;
  readonly actor: string;
}

const ATTEMPTS = 5;

/** What makes a record that very record, or is for a state machine to change. */
const FIXED_ROLES: ReadonlySet<Role | undefined> = new Set([
  'SUBJECT_NAME',
  'SUBJECT_KIND',
  'SUBJECT_CODE',
  'SUBJECT_ID_TYPE',
  'SUBJECT_ID_NUMBER',
  'SOURCE',
  'SOURCE_CODE',
  'STATE',
]);

/** Replaces fields of a record, judged like a submission; the secrecy may be loosened, states stay. @throws NOT_FOUND, BAD_USER_INPUT, CONFLICT, INVALID_TRANSITION */
export async function correctRecord(parts: EngineParts, type: RecordType, correction: Correction): Promise<Document> {
  const today = shanghaiToday(parts.clock.now());
  const plan = planOf(parts.catalogue, type);
  checkFields(plan, correction.fields);
  return undisturbed(() =>
    parts.store.write(
      async (tx) => {
        const present = await standing(tx, type, correction);
        if (present.gate?.stopped) throw new HubError('INVALID_TRANSITION', 'a record that has been stopped cannot be corrected');
        const [document] = await putRecords(tx, type, [correctedVersion(parts, plan, present, correction)], today);
        if (!document) throw new Error('the store did not answer what it stored');
        return document;
      },
      { actor: correction.actor },
    ),
  );
}

/** Stops a record and those of other sources about the same act for good, from every state. @throws NOT_FOUND, CONFLICT, INVALID_TRANSITION */
export function withdrawRecord(parts: EngineParts, type: RecordType, withdrawal: Withdrawal): Promise<readonly [Document, ...Document[]]> {
  const on = shanghaiToday(parts.clock.now());
  return undisturbed(() =>
    parts.store.write(
      async (tx) => {
        const present = await standing(tx, type, withdrawal);
        if (present.gate?.stopped === 'WITHDRAWN') throw new HubError('INVALID_TRANSITION', 'the record has been withdrawn already');
        const others = await sameAct(tx, type, present);
        const $withdrawal = { documentRef: withdrawal.documentRef, reason: withdrawal.reason, on };
        const [first, ...rest] = await putRecords(
          tx,
          type,
          [present, ...others].map((record) => withdrawn(record, $withdrawal)),
          on,
        );
        if (!first) throw new Error('the store did not answer what it stored');
        return [first, ...rest] as const;
      },
      { actor: withdrawal.actor },
    ),
  );
}

function checkFields(plan: TypePlan, fields: Readonly<Record<string, unknown>>): void {
  const names = Object.keys(fields);
  if (names.length === 0) throw new HubError('BAD_USER_INPUT', 'a correction names at least one field');
  for (const name of names) {
    const item = plan.items.get(name);
    if (!item?.input) throw new HubError('BAD_USER_INPUT', `a record of ${plan.type.name} is given no such field`);
    if (plan.type.identity.includes(name) || FIXED_ROLES.has(item.role)) {
      throw new HubError('BAD_USER_INPUT', `${name} is part of the identity, the subject, the source or the state and cannot be corrected`);
    }
  }
}

async function standing(
  tx: Reader,
  type: RecordType,
  { id, expectedVersion }: { readonly id: string; readonly expectedVersion?: number | undefined },
): Promise<Document> {
  const [document] = await tx.get(type.collection, [id]);
  if (!document) throw new HubError('NOT_FOUND', 'there is no such record');
  if (expectedVersion !== undefined && document.version !== expectedVersion)
    throw new HubError('CONFLICT', 'the record has moved on to another version');
  return document;
}

/** Also those that nobody has opened yet: whatever the source, it is one act. */
async function sameAct(tx: Reader, type: RecordType, { key, columns }: Document): Promise<readonly Document[]> {
  const { triple } = columns;
  if (typeof triple !== 'string') return [];
  const found: Document[] = [];
  for (let after: { values: readonly string[]; key: string } | undefined; ; ) {
    const page = await tx.find(type.collection, {
      where: { op: 'eq', field: 'column.triple', value: triple },
      order: [{ field: 'column.triple', direction: 'ASC' }],
      after,
      limit: PAGE,
    });
    found.push(...page);
    const last = page.at(-1);
    if (page.length < PAGE || !last) return found.filter((record) => record.key !== key && record.gate?.stopped !== 'WITHDRAWN');
    after = { values: [triple], key: last.key };
  }
}
const PAGE = 100;

function withdrawn({ key, version, body, gate, columns }: Document, $withdrawal: JsonObject): RecordPut {
  if (!gate) throw new Error('a record has no gate');
  return { key, expected: version, body: { ...body, $withdrawal }, gate: { ...gate, stopped: 'WITHDRAWN' }, columns };
}

function correctedVersion({ sealer, clock, rules }: EngineParts, plan: TypePlan, present: Document, correction: Correction): RecordPut {
  const { key, version, body, gate, columns } = present;
  if (!gate?.subjectId || !gate.subjectKind || !gate.sourceOrg) throw new Error('a record has no subject or source');
  const now = clock.now();
  const today = shanghaiToday(now);
  const own = rules?.get(plan.type.name);
  const findings = new Findings(1);
  const values = readCorrection(plan, plainValues(plan, sealer, body), correction.fields, findings);
  const region = regionOf(plan, values, gate.sourceOrg);
  judge(plan, values, { today, region, rules: own }, findings);
  const [reason] = findings.reasons;
  if (reason) throw new HubError('BAD_USER_INPUT', findings.reasons.map(({ code, message }) => `${code}: ${message}`).join('; '));
  const complete = filledIn(plan, values, { source: gate.sourceOrg, region });
  const facts = {
    subject: { id: gate.subjectId, kind: gate.subjectKind },
    source: gate.sourceOrg,
    region,
    today,
    isSecondSource: body.$secondSource === true,
    rules: own,
  };
  const computed = recordGate(plan, complete, facts, findings);
  const next = carriedOver(computed.gate, gate, { mayLoosenSecrecy: true, keepsState: plan.roles.has('STATE') });
  const hash = contentHash(plan, sealer, complete);
  const made = correctedBody(
    {
      plan,
      sealer,
      values: complete,
      hash,
      gate: next,
      publicityMinEndOn: computed.publicityMinEndOn,
      now,
      present: body,
      reason: correction.reason,
    },
    findings,
  );
  return { key, expected: version, body: made, gate: next, columns: { ...columns, ...contentColumns(plan, sealer, complete, made) } };
}

async function undisturbed<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof HubError && error.code === 'CONFLICT') || attempt === ATTEMPTS) throw error;
    }
  }
}
