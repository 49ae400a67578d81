import type DataLoader from 'dataloader';
import type { GraphQLResolveInfo } from 'graphql';
import type { Access, WithheldCause } from '../../auth/access-book.ts';
import type { Caller } from '../../auth/caller.ts';
import type { RecordType } from '../../schema/catalogue.ts';
import { HubError } from '../../schema/errors.ts';
import type { Document, Reader } from '../../store/port.ts';

type Path = GraphQLResolveInfo['path'];

/** What the resolvers of one request are handed. */
export interface SubgraphContext {
  readonly caller: Caller;
  /** One snapshot for the whole request; a mutation has none. */
  readonly tx: Reader | undefined;
  /** What a caller may see of a type; this request's own unless another is named. */
  accessOf(type: RecordType, caller?: Caller): Access;
  readonly remarks: Remarks;
  /** Loaders of this request alone, by the page they load. */
  readonly pages: Map<string, DataLoader<string, readonly Document[]>>;
}

/** A place in the answer: list indexes are `@`; below `_entities` the path begins at the entity, which is named. */
export interface Place {
  readonly path: readonly string[];
  readonly entity?: string | undefined;
}
export interface Withheld extends Place, WithheldCause {}
export interface Annotation extends Place {
  readonly recordId: string;
  readonly kind: 'OBJECTION';
  readonly note: string;
}
export interface Narrowed extends Place {
  readonly coordinate: string;
}
/** A row of which the caller read more than everybody may, for the access log. */
export interface Disclosed {
  /** The entity of `_entities` below which it stands. */
  readonly entity?: string | undefined;
  readonly subjectId: string;
  readonly section: string | null;
  readonly sourceOrg: string | null;
  readonly recordType: string;
  /** Undefined once so many rows were disclosed to one request that only what they are about is told. */
  readonly row?: string | undefined;
  /** Rules that hold the row, beside those by which everybody reads. */
  readonly rules: readonly string[];
}

/** By what the caller read a coordinate under an obligation. */
export interface Authorised {
  /** The entity of `_entities` below which it stands. */
  readonly entity?: string | undefined;
  /** Undefined for one that was filtered or ordered by. */
  readonly coordinate?: string | undefined;
  readonly by: readonly string[];
}

/** What a subgraph says about its part of an answer (`extensions.hub`). */
export interface Remarks {
  readonly withheld: Withheld[];
  readonly annotations: Annotation[];
  readonly narrowed: Narrowed[];
  readonly disclosed: Disclosed[];
  /** Coordinates that were answered clear to this caller and are not so to everybody. */
  readonly granted: Set<string>;
  readonly authorised: Authorised[];
  /** Ids of rows that this call revealed to the caller: the rest of the request looks them up revealed. */
  readonly revealed: string[];
  /** Of a reading of the change feed up to its end: where that is, as a digest. */
  place?: string | undefined;
  /** Ids of `_entities`, in the order of the representations. */
  entities: readonly string[];
  /** What was said already, by list or object and by field. Of lists within lists each is told of; together they are one place in the end. */
  readonly said: Map<Path | undefined, Map<string | number, Set<WithheldCause>>>;
  readonly noted: Set<unknown>;
}

export function noRemarks(): Remarks {
  return {
    withheld: [],
    annotations: [],
    narrowed: [],
    disclosed: [],
    granted: new Set(),
    authorised: [],
    revealed: [],
    entities: [],
    said: new Map(),
    noted: new Set(),
  };
}

/** The snapshot of this request. */
export function readerOf(context: SubgraphContext): Reader {
  if (!context.tx) throw new HubError('INTERNAL_SERVER_ERROR', 'a mutation has no snapshot to read from');
  return context.tx;
}

/** Says once for a place that something there is withheld. */
export function reportWithheld(context: SubgraphContext, info: GraphQLResolveInfo, cause: WithheldCause): void {
  const { path } = info;
  const said = saidAt(context.remarks.said, listOf(path), path.key);
  if (said.has(cause)) return;
  said.add(cause);
  context.remarks.withheld.push({ ...placeOf(context, path), ...cause });
}

/** What the objects of one list have in common; without a list, the object itself. An entity is a place of its own. */
function listOf({ prev }: Path): Path | undefined {
  const isElement = typeof prev?.key === 'number' && prev.prev?.key !== '_entities';
  return isElement ? prev.prev : prev;
}

function saidAt(said: Remarks['said'], at: Path | undefined, key: string | number): Set<WithheldCause> {
  let keys = said.get(at);
  if (!keys) {
    keys = new Map();
    said.set(at, keys);
  }
  let causes = keys.get(key);
  if (!causes) {
    causes = new Set();
    keys.set(key, causes);
  }
  return causes;
}

/** The entity of `_entities` below which a path lies. */
export function entityOf({ remarks }: SubgraphContext, path: Path): string | undefined {
  let below: Path | undefined;
  let step = path;
  for (let above = step.prev; above; above = above.prev) {
    below = step;
    step = above;
  }
  return step.key === '_entities' && typeof below?.key === 'number' ? remarks.entities[below.key] : undefined;
}

/** The place of a path in an answer. */
export function placeOf(context: SubgraphContext, path: Path, ...below: readonly string[]): Place {
  const keys: (string | number)[] = [];
  for (let step: Path | undefined = path; step; step = step.prev) keys.push(step.key);
  keys.reverse();
  const [first, index] = keys;
  if (first === '_entities' && typeof index === 'number') {
    return { path: [...keys.slice(2).map(step), ...below], entity: context.remarks.entities[index] };
  }
  return { path: [...keys.map(step), ...below] };
}

function step(key: string | number): string {
  return typeof key === 'number' ? '@' : key;
}
