import { shanghaiToday } from '../../../schema/calendar-date.ts';
import type { Catalogue, RecordType } from '../../../schema/catalogue.ts';
import { HubError } from '../../../schema/errors.ts';
import type { Gate } from '../../../schema/gate.ts';
import type { Clock, Store } from '../../../store/port.ts';
import type { Sealer } from '../sealer.ts';
import type { KnownSubject, SubjectDirectory, SubjectHandle } from '../subject-directory.ts';
import { cataloguePut } from './catalogue-document.ts';
import { contentColumns } from './content.ts';
import { columnOf, Findings } from './findings.ts';
import { carriedOver, recordGate, stateOf } from './gate.ts';
import { catalogueIdentityOf, type Identity, identityOf } from './identity.ts';
import { hashesIn, inheritedStop, type Ledger, openLedger, type Standing } from './ledger.ts';
import { type Candidate, checkOrigin, prepare } from './prepare.ts';
import { recordBody } from './record-body.ts';
import type { Origin, RawRow, RowOutcome, TypeRules } from './rows.ts';
import { planOf, type TypePlan } from './type-plan.ts';

/** What the record engine is made of. */
export interface EngineParts {
  readonly store: Store;
  readonly catalogue: Catalogue;
  readonly directory: SubjectDirectory;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly rules?: ReadonlyMap<string, TypeRules> | undefined;
}

const ROWS_PER_TRANSACTION = 500;
const ATTEMPTS = 5;

/** One batch on its way into the store. */
interface Batch {
  readonly parts: EngineParts;
  readonly plan: TypePlan;
  readonly origin: Origin;
  readonly rules: TypeRules | undefined;
  readonly now: Date;
  readonly today: string;
}
/** A candidate that has its subject and identity. */
interface Placed {
  readonly candidate: Candidate;
  readonly subject: KnownSubject | undefined;
  readonly identity: Identity;
}

/** Judges rows and writes those that stand, each for itself, at most 500 in one transaction. @throws FORBIDDEN for a type or caller that cannot submit */
export async function submitRows(
  parts: EngineParts,
  type: RecordType,
  rows: readonly RawRow[],
  origin: Origin,
): Promise<readonly RowOutcome[]> {
  checkOrigin(type, origin);
  const outcomes: RowOutcome[] = [];
  for (let start = 0; start < rows.length; start += ROWS_PER_TRANSACTION) {
    const now = parts.clock.now();
    const batch: Batch = {
      parts,
      plan: planOf(parts.catalogue, type),
      origin,
      rules: parts.rules?.get(type.name),
      now,
      today: shanghaiToday(now),
    };
    outcomes.push(...(await submitBatch(batch, rows.slice(start, start + ROWS_PER_TRANSACTION))));
  }
  return outcomes;
}

async function submitBatch(batch: Batch, rows: readonly RawRow[]): Promise<readonly RowOutcome[]> {
  const { parts, origin } = batch;
  const candidates = rows.map((row) => prepare({ ...batch, sealer: parts.sealer }, row));
  const standing = candidates.filter(({ findings }) => findings.reasons.length === 0);
  for (let attempt = 1; ; attempt++) {
    try {
      const placed = await place(batch, standing);
      const written =
        placed.length === 0
          ? []
          : await parts.store.write(
              (tx) =>
                openLedger(
                  tx,
                  batch.plan.type,
                  placed.map(({ identity }) => identity),
                  batch.today,
                ).then((ledger) => enter(batch, ledger, placed)),
              { actor: origin.actor },
            );
      const byRow = new Map(standing.map((candidate, index) => [candidate, written[index]]));
      return candidates.map((candidate) => byRow.get(candidate) ?? rejected(candidate));
    } catch (error) {
      // Another process wrote one of these records between our look and our write: look again.
      if (!(error instanceof HubError && error.code === 'CONFLICT') || attempt === ATTEMPTS) throw error;
    }
  }
}

/** Finds the subjects of all candidates in one call. */
async function place({ parts, plan, origin }: Batch, candidates: readonly Candidate[]): Promise<readonly Placed[]> {
  const { type } = plan;
  if (type.kind !== 'record') {
    return candidates.map((candidate) => ({
      candidate,
      subject: undefined,
      identity: { identity: catalogueIdentityOf(type, parts.sealer, candidate.values), triple: '', document: '' },
    }));
  }
  const handles = candidates.flatMap(({ handle, region }): readonly SubjectHandle[] =>
    handle ? [handle.kind === 'person' ? { ...handle, region } : handle] : [],
  );
  const subjects = await parts.directory.resolve(handles, origin.actor);
  return candidates.map((candidate, index) => {
    const subject = subjects[index];
    if (!subject) throw new Error('the directory answered fewer subjects than it was asked for');
    return {
      candidate,
      subject,
      identity: identityOf(type, parts.sealer, candidate.values, { source: candidate.source, subjectId: subject.id }),
    };
  });
}

/** Writes the rows one after the other as the store and the rows before leave things. May run twice. */
async function enter(batch: Batch, ledger: Ledger, placed: readonly Placed[]): Promise<readonly RowOutcome[]> {
  const outcomes: RowOutcome[] = [];
  for (const one of placed) {
    const findings = new Findings(one.candidate.row);
    const standing = ledger.standing(one.identity.identity);
    const outcome = standing ? await renew(batch, ledger, one, standing, findings) : await create(batch, ledger, one, findings);
    outcomes.push({ row: one.candidate.row, ...outcome, reasons: [], notices: [...one.candidate.findings.notices, ...findings.notices] });
  }
  await ledger.flush();
  return outcomes;
}

type Taken = Pick<RowOutcome, 'outcome' | 'id'>;

async function create(batch: Batch, ledger: Ledger, { candidate, subject, identity }: Placed, findings: Findings): Promise<Taken> {
  const { parts, plan } = batch;
  const key = parts.newId();
  if (!subject) {
    await ledger.put(identity, cataloguePut(plan, parts.sealer, candidate.values, { key, version: 0 }));
    return { outcome: 'accepted', id: key };
  }
  const others = ledger.otherSources(identity.triple, candidate.source);
  const number = plan.roles.get('DOCUMENT_NUMBER');
  if (number && plan.type.identity.includes(number.name) && ledger.hasDocument(identity.document))
    findings.note('SAME_DOCUMENT_OTHER_SUBJECT', columnOf(number));
  const isSecondSource = others.length > 0;
  const computed = recordGate(plan, candidate.values, { ...batch, ...candidate, subject, isSecondSource }, findings);
  const inherited = inheritedStop(others);
  if (inherited) findings.note('STOPPED_RECORD', number ? columnOf(number) : '');
  const gate: Gate = inherited ? { ...computed.gate, stopped: inherited } : computed.gate;
  const body = recordBody(
    { ...batch, ...candidate, ...computed, sealer: parts.sealer, gate, mode: batch.origin.mode, isSecondSource, present: undefined },
    findings,
  );
  await ledger.put(identity, {
    key,
    body,
    expected: 0,
    gate,
    columns: { ...contentColumns(plan, parts.sealer, candidate.values, body), ...identity },
  });
  return { outcome: 'accepted', id: key };
}

async function renew(
  batch: Batch,
  ledger: Ledger,
  { candidate, subject, identity }: Placed,
  standing: Standing,
  findings: Findings,
): Promise<Taken> {
  const { parts, plan } = batch;
  const { key, body: present, gate: presentGate } = standing;
  const number = plan.roles.get('DOCUMENT_NUMBER');
  if (presentGate?.stopped) findings.note('STOPPED_RECORD', number ? columnOf(number) : '');
  if (present.contentHash === candidate.hash) return { outcome: 'unchanged', id: key };
  if (!subject || !presentGate) {
    // A registry goes back and forth (ACTIVE, SUSPENDED, ACTIVE), and there is no correction for it.
    await ledger.put(identity, cataloguePut(plan, parts.sealer, candidate.values, standing));
    return { outcome: 'updated', id: key };
  }
  if (hashesIn(present).includes(candidate.hash)) {
    findings.note('OLDER_VERSION', number ? columnOf(number) : '');
    return { outcome: 'unchanged', id: key };
  }
  const isSecondSource = present.$secondSource === true;
  const computed = recordGate(plan, candidate.values, { ...batch, ...candidate, subject, isSecondSource }, findings);
  const gate = carriedOver(computed.gate, presentGate, {
    mayLoosenSecrecy: false,
    keepsState: stateOf(plan, candidate.values)?.keep === true,
  });
  const body = recordBody(
    { ...batch, ...candidate, ...computed, sealer: parts.sealer, gate, mode: batch.origin.mode, isSecondSource, present },
    findings,
  );
  await ledger.put(identity, {
    key,
    body,
    expected: standing.version,
    gate,
    columns: { ...contentColumns(plan, parts.sealer, candidate.values, body), ...identity },
  });
  return { outcome: 'updated', id: key };
}

function rejected({ row, findings }: Candidate): RowOutcome {
  return { row, outcome: 'rejected', reasons: findings.reasons, notices: [] };
}
