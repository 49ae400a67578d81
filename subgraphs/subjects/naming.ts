import { conditionsFor, disclosureYears, overAgeParam } from '../../auth/conditions.ts';
import { shanghaiToday, yearsAgoExclusive } from '../../schema/calendar-date.ts';
import { type Catalogue, itemWithRole, type RecordType } from '../../schema/catalogue.ts';
import { type Filter, type Filtered, matches, type Params } from '../../schema/filter.ts';
import type { RegionProfiles } from '../../schema/region-profiles.ts';
import type { Change, Clock, Document, Store } from '../../store/port.ts';
import type { EffectHandler } from '../kit/effects.ts';
import type { SubjectDirectory, SubjectFacts } from '../kit/subject-directory.ts';

export interface NamingParts {
  readonly store: Store;
  readonly catalogue: Catalogue;
  readonly directory: SubjectDirectory;
  readonly clock: Clock;
}

/** Fields of a subject that follow from its code or its certificate, never from a row. */
const OWN: ReadonlySet<string> = new Set([
  'name',
  'uscc',
  'idType',
  'idNumber',
  'subType',
  'isIndividualBusiness',
  'regionCode',
  'codeStatus',
  'kind',
]);
/** So many subjects are remembered as public, so that a department's next thousand rows about them cost nothing. */
const REMEMBERED = 200_000;
const EVERYBODY = { audience: 'PUBLIC', authLevel: 0, ownSources: [], grants: [] } as const;

/** One record type as naming reads it. */
interface NamingType {
  readonly type: RecordType;
  /** N6 of the decision table: the row is open to everybody today. */
  readonly open: Filter;
  readonly nameField: string | undefined;
  /** Fields that Subject has under the same name, and that are no more closed here than there. */
  readonly factFields: readonly string[];
}

/** Makes an organisation public as soon as a row that is open to everybody names it (decision table, E18). */
export function subjectNaming({ store, catalogue, directory, clock }: NamingParts): EffectHandler {
  const types = new Map(
    catalogue.types.filter(({ kind }) => kind === 'record').map((type) => [type.collection, namingType(catalogue, type)]),
  );
  const known = new Set<string>();
  return {
    name: 'subject-naming',
    async run(changes) {
      const params = paramsOn(shanghaiToday(clock.now()), catalogue.regions);
      const first = firstOpen(changes, types, params, known);
      if (first.size === 0) return;
      const records = await readRecords(store, [...first.values()]);
      const namings = records.flatMap((record, index) => {
        const change = [...first.values()][index];
        const naming = change && types.get(change.collection);
        const subjectId = record?.gate?.subjectId;
        // What is read now may be newer than the change, and closed again.
        return record && naming && subjectId && isOpen(naming, record, params) ? [{ subjectId, facts: factsOf(naming, record) }] : [];
      });
      await directory.named(namings, 'effects');
      if (known.size + namings.length > REMEMBERED) known.clear();
      for (const { subjectId } of namings) known.add(subjectId);
    },
  };
}

function namingType(catalogue: Catalogue, type: RecordType): NamingType {
  const subject = catalogue.types.find(({ kind }) => kind === 'subject');
  const factFields = (subject?.items ?? []).flatMap(({ name, disclosure }) => {
    const item = type.items.find((candidate) => candidate.name === name);
    const isAsOpen = item && (item.disclosure.class === 'OPEN' || item.disclosure.class === disclosure.class);
    return isAsOpen && item.type === 'String' && !item.list && !item.encrypted && !OWN.has(name) ? [name] : [];
  });
  return { type, open: conditionsFor(type, EVERYBODY).open, nameField: itemWithRole(type, 'SUBJECT_NAME')?.name, factFields };
}

/** The first open change of each subject that is not known to be public. */
function firstOpen(
  changes: readonly Change[],
  types: ReadonlyMap<string, NamingType>,
  params: Params,
  known: ReadonlySet<string>,
): ReadonlyMap<string, Change> {
  const first = new Map<string, Change>();
  for (const change of changes) {
    const subjectId = change.gate?.subjectId;
    if (!subjectId || known.has(subjectId) || first.has(subjectId)) continue;
    const naming = types.get(change.collection);
    if (naming && isOpen(naming, change, params)) first.set(subjectId, change);
  }
  return first;
}

function isOpen({ open }: NamingType, row: Pick<Filtered, 'key' | 'gate'>, params: Params): boolean {
  return row.gate?.subjectKind !== 'INDIVIDUAL' && matches(open, row, params);
}

async function readRecords(store: Store, changes: readonly Change[]): Promise<readonly (Document | undefined)[]> {
  const byCollection = Map.groupBy(changes, ({ collection }) => collection);
  return store.read(async (tx) => {
    const found = new Map<string, Document>();
    for (const [collection, some] of byCollection) {
      const keys = some.map(({ key }) => key);
      for (const document of await tx.get(collection, keys)) if (document) found.set(document.key, document);
    }
    return changes.map(({ key }) => found.get(key));
  });
}

function factsOf({ nameField, factFields }: NamingType, { body }: Document): SubjectFacts {
  const name = nameField && body[nameField];
  const fields = factFields.flatMap((field) => {
    const value = body[field];
    return typeof value === 'string' ? [[field, value] as const] : [];
  });
  return { name: typeof name === 'string' ? name : '', fields: Object.fromEntries(fields) };
}

function paramsOn(today: string, regions: RegionProfiles): Params {
  return { today, ...Object.fromEntries(disclosureYears(regions).map((years) => [overAgeParam(years), yearsAgoExclusive(today, years)])) };
}
