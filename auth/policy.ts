import { createHash } from 'node:crypto';
import { type DocumentNode, Kind } from 'graphql';
import type { Catalogue, Item, RecordType } from '../schema/catalogue.ts';
import { directive } from '../schema/directive-values.ts';
import { CatalogueError, type Fault } from '../schema/fault.ts';
import type { RegionProfiles } from '../schema/region-profiles.ts';
import { coordinatesOf } from './entitlements.ts';
import { STRUCTURAL, STRUCTURAL_OF_SUBJECT } from './matrix.ts';
import type { Audience } from './principal.ts';

/** What a coordinate is disclosed by. */
export interface PolicyItem {
  readonly type: RecordType;
  readonly item: Item;
}

/** The whole policy of a graph, compiled from each subgraph's own SDL. */
export interface Policy {
  readonly catalogue: Catalogue;
  /** Same policy, same hash: by which gateways and subgraphs know whether they speak of the same one. */
  readonly hash: string;
  /** Root fields and who may use them. */
  readonly allow: ReadonlyMap<string, readonly Audience[]>;
  readonly items: ReadonlyMap<string, readonly PolicyItem[]>;
  readonly typesByName: ReadonlyMap<string, RecordType>;
  /** Object types whose fields are disclosed (record types, Subject, catalogue types and their value types). */
  readonly disclosed: ReadonlySet<string>;
}

/** @throws PolicyError with every fault */
export function compilePolicy(
  subgraphs: readonly { readonly name: string; readonly typeDefs: DocumentNode }[],
  catalogue: Catalogue,
): Policy {
  const allow = new Map<string, readonly Audience[]>();
  const faults: Fault[] = [];
  for (const { typeDefs } of subgraphs) {
    for (const node of typeDefs.definitions) {
      if (node.kind !== Kind.OBJECT_TYPE_DEFINITION || !ROOTS.includes(node.name.value)) continue;
      for (const field of node.fields ?? []) {
        const coordinate = `${node.name.value}.${field.name.value}`;
        const audiences = directive(field, 'allow')?.audiences;
        if (Array.isArray(audiences)) allow.set(coordinate, audiences as Audience[]);
        else
          faults.push({
            path: field.loc?.source.name ?? '',
            line: field.loc?.startToken.line ?? 1,
            column: field.loc?.startToken.column ?? 1,
            message: `${coordinate} has no @allow`,
          });
      }
    }
  }
  if (faults.length > 0) throw new PolicyError(faults);
  const items = new Map<string, PolicyItem[]>();
  for (const type of catalogue.types) {
    for (const { coordinate, item } of coordinatesOf(type)) items.set(coordinate, [...(items.get(coordinate) ?? []), { type, item }]);
  }
  const typesByName = new Map(catalogue.types.map((type) => [type.name, type]));
  const disclosed = new Set([...items.keys()].map((coordinate) => coordinate.slice(0, coordinate.indexOf('.'))));
  return { catalogue, hash: hashOf(items, allow, catalogue.regions), allow, items, typesByName, disclosed };
}

const ROOTS = ['Query', 'Mutation', 'Subscription'];

/** Thrown with every fault of what the policy is compiled from. */
export class PolicyError extends CatalogueError {}

/** Structural coordinates ask for no purpose and are clear with their row. */
export function isStructural({ type, item }: PolicyItem): boolean {
  return (type.kind === 'subject' ? (STRUCTURAL_OF_SUBJECT as readonly string[]) : (STRUCTURAL as readonly string[])).includes(item.name);
}

function hashOf(
  items: ReadonlyMap<string, readonly PolicyItem[]>,
  allow: ReadonlyMap<string, readonly Audience[]>,
  regions: RegionProfiles,
): string {
  const facts = [...items]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([coordinate, all]) => [coordinate, all.map(({ item }) => item.disclosure)]);
  return createHash('sha256')
    .update(JSON.stringify([facts, [...allow].sort(), regions]))
    .digest('hex')
    .slice(0, 32);
}
