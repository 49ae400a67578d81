import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import type { DisclosedRemark, Place, SubgraphRemarks } from './call.ts';
import type { Marks } from './rewrite.ts';

type Data = Record<string, unknown>;

/** Remarks of one fetch, and where in the answer the fetch put its part. */
export interface PlacedRemarks extends SubgraphRemarks {
  readonly prefix: readonly string[];
}

export interface WithheldEntry {
  readonly path: readonly string[];
  readonly coordinate: string;
  readonly effect: 'DENIED' | 'MASKED';
  readonly class: string;
  readonly reason: string;
  readonly objects: number;
}

export interface Finished {
  readonly withheld: readonly WithheldEntry[];
  readonly annotations: readonly {
    readonly path: readonly string[];
    readonly recordId: string;
    readonly kind: string;
    readonly note: string;
  }[];
  readonly narrowed: readonly { readonly path: readonly string[]; readonly coordinate: string }[];
}

/** What the access log is told: rows that stand in the final answer, and coordinates of which some were granted. */
export function finishDisclosed(remarks: readonly PlacedRemarks[], raw: Data, marks: Marks): Disclosures {
  const disclosed: DisclosedRemark[] = [];
  const granted = new Set<string>();
  for (const part of remarks) {
    const stands = standingEntities(raw, part, marks);
    for (const row of part.disclosed) if (stands(row)) disclosed.push(row);
    for (const coordinate of part.granted) granted.add(coordinate);
  }
  return { disclosed, granted };
}

/** Rules by which what stands in the final answer was read under an obligation; `standing` are the coordinates that stand there. */
export function finishAuthorised(
  remarks: readonly PlacedRemarks[],
  raw: Data,
  marks: Marks,
  standing?: () => ReadonlySet<string>,
): ReadonlySet<string> {
  const readBy = new Set<string>();
  const authorised = remarks.filter((part) => part.authorised.length > 0);
  const coordinates = authorised.length > 0 ? standing?.() : undefined;
  for (const part of authorised) {
    const stands = standingEntities(raw, part, marks);
    for (const { entity, coordinate, by } of part.authorised) {
      if (coordinate !== undefined && coordinates?.has(coordinate) === false) continue;
      if (stands({ entity })) for (const rule of by) readBy.add(rule);
    }
  }
  return readBy;
}

/** Tells of an entity of this fetch whether it stands in the answer; each is looked for once. */
function standingEntities(
  raw: Data,
  { prefix }: PlacedRemarks,
  marks: Marks,
): (remark: { readonly entity?: string | undefined }) => boolean {
  const known = new Map<string, boolean>();
  return ({ entity }) => {
    if (entity === undefined) return true;
    const stands = known.get(entity) ?? entityStands(raw, prefix, entity, marks);
    known.set(entity, stands);
    return stands;
  };
}

export interface Disclosures {
  readonly disclosed: readonly DisclosedRemark[];
  readonly granted: ReadonlySet<string>;
}

/** Reduces what the subgraphs said to what stands in the final answer: nothing is said of what lies below a null. `raw` still carries the hub's marks. */
export function finishRemarks(remarks: readonly PlacedRemarks[], raw: Data, shaped: Data, marks: Marks): Finished {
  const withheld = new Map<string, WithheldEntry>();
  const annotations = new Map<string, Finished['annotations'][number]>();
  const narrowed = new Map<string, Finished['narrowed'][number]>();
  for (const part of remarks) {
    const stands = (place: Place) => place.entity === undefined || entityStands(raw, part.prefix, place.entity, marks);
    for (const { path, entity, coordinate, effect, class: clazz, reason } of part.withheld) {
      const full = [...part.prefix, ...path];
      const objects = countObjects(shaped, full);
      if (objects > 0 && stands({ path, entity }))
        withheld.set(`${full.join('.')} ${coordinate} ${effect} ${reason}`, {
          path: full,
          coordinate,
          effect,
          class: clazz,
          reason,
          objects,
        });
    }
    for (const { path, entity, recordId, kind, note } of part.annotations) {
      const full = [...part.prefix, ...path];
      if (countObjects(shaped, [...full, '']) > 0 && stands({ path, entity }))
        annotations.set(`${full.join('.')} ${recordId}`, { path: full, recordId, kind, note });
    }
    for (const { path, entity, coordinate } of part.narrowed) {
      const full = [...part.prefix, ...path];
      if (stands({ path, entity })) narrowed.set(`${full.join('.')} ${coordinate}`, { path: full, coordinate });
    }
  }
  return { withheld: [...withheld.values()], annotations: [...annotations.values()], narrowed: [...narrowed.values()] };
}

/** How many objects stand where the last name of the path is asked; an empty last name counts the objects themselves. */
export function countObjects(data: unknown, path: readonly string[]): number {
  const [step, ...rest] = path;
  if (step === undefined || data === null || data === undefined) return 0;
  if (step === '@') return Array.isArray(data) ? data.reduce<number>((sum, element) => sum + countObjects(element, rest), 0) : 0;
  if (typeof data !== 'object' || Array.isArray(data)) return 0;
  if (rest.length === 0) return step === '' || step in data ? 1 : 0;
  return countObjects((data as Data)[step], rest);
}

/** Whether the entity stands in the answer at this place. Where the place carries no mark, it is no reference and stands as far as its path does. */
function entityStands(raw: unknown, prefix: readonly string[], entity: string, marks: Marks): boolean {
  const found = objectsAt(raw, prefix);
  const marked = found.filter((object) => marks.id in object);
  return marked.length === 0 ? found.length > 0 : marked.some((object) => object[marks.id] === entity);
}

function objectsAt(data: unknown, path: readonly string[]): readonly Data[] {
  if (data === null || data === undefined) return [];
  const [step, ...rest] = path;
  if (Array.isArray(data)) return data.flatMap((element) => objectsAt(element, step === '@' ? rest : path));
  if (typeof data !== 'object') return [];
  return step === undefined ? [data as Data] : objectsAt((data as Data)[step], rest);
}

/** Errors that speak of a place in the answer; what lies below a null is not spoken of. */
export function finishErrors(errors: readonly (GraphQLError | GraphQLFormattedError)[], shaped: Data | null): readonly GraphQLError[] {
  return errors
    .filter(({ path }) => !path || !passesNull(shaped, path))
    .map((error) => {
      const code = typeof error.extensions?.code === 'string' ? error.extensions.code : 'DOWNSTREAM_SERVICE_ERROR';
      const serviceName = error.extensions?.serviceName;
      const extensions = {
        code,
        ...(code === 'DOWNSTREAM_SERVICE_ERROR' && typeof serviceName === 'string' ? { subgraph: serviceName } : {}),
        ...(error.extensions?.incident ? { incident: error.extensions.incident } : {}),
      };
      return new GraphQLError(error.message, { path: error.path, extensions });
    });
}

function passesNull(data: unknown, path: readonly (string | number)[]): boolean {
  let here: unknown = data;
  for (const [index, step] of path.entries()) {
    if (here === null || here === undefined) return index > 0;
    if (typeof here !== 'object') return false;
    here = (here as Record<string | number, unknown>)[step];
  }
  return false;
}
