import { shanghaiToday } from '../../schema/calendar-date.ts';
import { HubError } from '../../schema/errors.ts';
import { EVERY } from '../../schema/filter.ts';
import { EMPTY_GATE, type Gate, type SubjectKind } from '../../schema/gate.ts';
import type { Json, JsonObject } from '../../schema/json.ts';
import { hasValidUsccCheck, isIndividualBusinessCode, kindOfUscc, normaliseCode, subTypeOfUscc } from '../../schema/uscc.ts';
import type { Clock, Document, Put, Reader, Store, Writer } from '../../store/port.ts';
import type { Sealer } from '../kit/sealer.ts';
import type { KnownSubject, SubjectDirectory, SubjectFacts, SubjectHandle } from '../kit/subject-directory.ts';
import { SUBJECTS } from './collections.ts';
import { personIndexOf } from './person-index.ts';
import { type Called, newWorkItems, putWorkItems } from './work-items.ts';

export interface DirectoryParts {
  readonly store: Store;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly newId: () => string;
}

/** Where a handle is looked up. */
interface Place {
  readonly column: 'uscc' | 'personIndex';
  readonly value: string;
  readonly handle: SubjectHandle;
}
type Naming = Parameters<SubjectDirectory['named']>[0][number];
const ATTEMPTS = 10;

/** The directory of all subjects, on the store that holds them. */
export function createSubjectDirectory(parts: DirectoryParts): SubjectDirectory {
  const { store, sealer } = parts;
  return {
    async resolve(handles, actor) {
      const places = handles.map((handle) => placeOf(sealer, handle));
      const looked = await store.read(async (tx) => {
        const known = await lookUp(tx, places);
        return {
          known,
          isSettled: places.every(({ value }) => known.has(value)) && (await newWorkItems(parts, tx, calledIn(places, known))).length === 0,
        };
      });
      const known = looked.isSettled
        ? looked.known
        : await untilUndisturbed(() => store.write((tx) => settle(parts, tx, places, looked.known), { actor }));
      return places.map(({ value }) => knownSubject(known.get(value)));
    },
    async find(handle) {
      const place = placeOf(sealer, handle);
      const found = (await store.read((tx) => lookUp(tx, [place]))).get(place.value);
      return found && knownSubject(found);
    },
    async byId(id) {
      const [found] = await store.read((tx) => tx.get(SUBJECTS.name, [id]));
      return found && knownSubject(found);
    },
    async isNamed(id, name) {
      const [found] = await store.read((tx) => tx.get(SUBJECTS.name, [id]));
      return found?.body.name === name.trim();
    },
    async named(namings, actor) {
      const first = new Map<string, Naming>();
      for (const naming of namings) if (!first.has(naming.subjectId)) first.set(naming.subjectId, naming);
      const unnamed = await store.read(async (tx) =>
        (await tx.get(SUBJECTS.name, [...first.keys()])).filter((subject) => subject && !isPublic(subject)),
      );
      if (unnamed.length > 0) await untilUndisturbed(() => store.write((tx) => makePublic(parts, tx, [...first.values()]), { actor }));
    },
  };
}

function placeOf(sealer: Sealer, handle: SubjectHandle): Place {
  if (handle.kind === 'person') return { column: 'personIndex', value: personIndexOf(sealer, handle.idType, handle.idNumber), handle };
  return { column: 'uscc', value: normaliseCode(handle.uscc), handle };
}

async function lookUp(tx: Reader, places: readonly Place[]): Promise<Map<string, Document>> {
  const found = new Map<string, Document>();
  for (const column of ['uscc', 'personIndex'] as const) {
    const values = [...new Set(places.filter((place) => place.column === column).map(({ value }) => value))];
    if (values.length === 0) continue;
    const field = `column.${column}` as const;
    const pages = await tx.findPer(SUBJECTS.name, field, values, { where: EVERY, order: [{ field, direction: 'ASC' }], limit: 1 });
    for (const [index, value] of values.entries()) {
      const document = pages[index]?.[0];
      if (document) found.set(value, document);
    }
  }
  return found;
}

/** Creates who is not there, and puts on the work-list what somebody has to look at. May run twice. */
async function settle(
  parts: DirectoryParts,
  tx: Writer,
  places: readonly Place[],
  before: ReadonlyMap<string, Document>,
): Promise<ReadonlyMap<string, Document>> {
  const unknown = places.filter(({ value }) => !before.has(value));
  const known = new Map([...before, ...(await lookUp(tx, unknown))]);
  const missing = new Map<string, Place>();
  for (const place of places) if (!known.has(place.value) && !missing.has(place.value)) missing.set(place.value, place);
  const values = [...missing.keys()];
  const created = await tx.putMany(
    SUBJECTS.name,
    [...missing.values()].map((place) => newSubject(parts, place)),
  );
  for (const [index, document] of created.entries()) known.set(values[index] ?? '', document);
  const items = await newWorkItems(parts, tx, calledIn(places, known));
  await putWorkItems(tx, items);
  return known;
}

function newSubject({ sealer, clock, newId }: DirectoryParts, { column, value, handle }: Place): Put {
  const key = newId();
  const kind: SubjectKind = handle.kind === 'person' ? 'INDIVIDUAL' : kindOfUscc(value);
  const body = handle.kind === 'person' ? personBody(sealer, handle) : organisationBody(value, handle.name, kind);
  const regionCode = handle.kind === 'person' ? null : value.slice(2, 8);
  const region = handle.kind === 'person' ? (handle.region ?? null) : regionCode;
  return {
    key,
    expected: 0,
    body,
    gate: subjectGate(key, kind, { region, today: shanghaiToday(clock.now()) }),
    columns: { uscc: null, personIndex: null, [column]: value, name: body.name ?? null, kind, regionCode },
  };
}

interface SubjectBody extends JsonObject {
  readonly name?: string | undefined;
}

function organisationBody(uscc: string, name: string, kind: SubjectKind): SubjectBody {
  return {
    kind,
    ...(name && { name }),
    uscc,
    subType: subTypeOfUscc(uscc),
    isIndividualBusiness: isIndividualBusinessCode(uscc),
    codeStatus: hasValidUsccCheck(uscc) ? 'OK' : 'CHECK_FAILED',
    regionCode: uscc.slice(2, 8),
  };
}

function personBody(sealer: Sealer, { idType, idNumber, name }: Extract<SubjectHandle, { kind: 'person' }>): SubjectBody {
  return { kind: 'INDIVIDUAL', ...(name && { name }), idType, idNumber: sealer.seal(idNumber.trim()) };
}

/** Decision table, E18: a subject is read as a record of section and share BASIC. */
function subjectGate(key: string, kind: SubjectKind, { region, today }: { readonly region: string | null; readonly today: string }): Gate {
  return {
    ...EMPTY_GATE,
    subjectId: key,
    subjectKind: kind,
    region,
    share: 'BASIC',
    section: 'BASIC',
    nature: 'BASIC',
    status: 'NOT_PUBLIC',
    draft: 'NO',
    publishedFrom: today,
    heldByBlack: false,
    severity: 'NA',
    secrecy: 'NONE',
    exception: 'NONE',
    valueOpen: true,
    objection: false,
  };
}

function calledIn(places: readonly Place[], known: ReadonlyMap<string, Document>): readonly Called[] {
  return places.flatMap(({ value, handle }) => {
    const subject = known.get(value);
    return subject ? [{ subject, name: handle.name, kind: handle.kind }] : [];
  });
}

/** Opens those organisations that are not public yet. A person never is. */
async function makePublic(parts: DirectoryParts, tx: Writer, namings: readonly Naming[]): Promise<void> {
  const subjects = await tx.get(
    SUBJECTS.name,
    namings.map(({ subjectId }) => subjectId),
  );
  const puts: Put[] = [];
  const called: Called[] = [];
  for (const [index, { facts }] of namings.entries()) {
    const subject = subjects[index];
    if (!subject?.gate || isPublic(subject) || !isOrganisation(subject.gate.subjectKind)) continue;
    const body = withFacts(subject.body, facts);
    const columns = { ...subject.columns, name: textOr(body.name, null), regionCode: textOr(body.regionCode, null) };
    puts.push({ key: subject.key, body, expected: subject.version, gate: { ...subject.gate, status: 'PUBLISHED' }, columns });
    called.push({ subject, name: facts.name, kind: 'organisation' });
  }
  await tx.putMany(SUBJECTS.name, puts);
  await putWorkItems(tx, await newWorkItems(parts, tx, called));
}

/** What stands stays; the row fills what is empty. The name that an open row tells takes the place of one that only closed rows told. */
function withFacts(body: JsonObject, { name, regionCode, fields }: SubjectFacts): JsonObject {
  return { ...fields, ...(regionCode !== undefined && { regionCode }), ...body, ...(name && { name }) };
}

function isPublic(subject: Document): boolean {
  return subject.gate?.status === 'PUBLISHED';
}

function isOrganisation(kind: SubjectKind | null): boolean {
  return kind === 'ENTERPRISE' || kind === 'NON_ENTERPRISE_ORG';
}

function knownSubject(subject: Document | undefined): KnownSubject {
  if (!subject) throw new Error('a subject was neither found nor created');
  const { uscc } = subject.body;
  return { id: subject.key, kind: subject.gate?.subjectKind ?? 'UNKNOWN', ...(typeof uscc === 'string' && { uscc }) };
}

function textOr<Other>(value: Json | undefined, other: Other): string | Other {
  return typeof value === 'string' ? value : other;
}

/** Two processes that create or name the same subject end in one: whoever comes second looks again. */
async function untilUndisturbed<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof HubError && error.code === 'CONFLICT') || attempt === ATTEMPTS) throw error;
    }
  }
}
