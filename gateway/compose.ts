import { createHash } from 'node:crypto';
import { composeServices } from '@apollo/composition';
import { Supergraph } from '@apollo/federation-internals';
import { type ASTNode, type DocumentNode, type GraphQLSchema, isScalarType, Kind, print, visit } from 'graphql';
import type { Catalogue } from '../schema/catalogue.ts';
import { CatalogueError, type Fault, faultAt } from '../schema/fault.ts';
import { SCALARS } from '../schema/scalars.ts';
import { lintGraph, OWN_DIRECTIVES } from './lint-graph.ts';

export interface Composed {
  /** The supergraph for the planner. */
  readonly sdl: string;
  readonly hash: string;
  /** Hash of the subgraphs that it was composed from: the same ones need not be composed again. */
  readonly sources: string;
  readonly supergraph: Supergraph;
  /** What clients see. */
  readonly schema: GraphQLSchema;
  readonly hints: readonly string[];
}

/** Thrown with every error of the composition, and every hint that it passed something over. */
export class CompositionFault extends CatalogueError {}

/**
 * Composes the subgraphs. Disclosure is compiled from each subgraph's own SDL and kept beside the supergraph, so its directives are taken out first:
 * composition would merge contradicting ones with no more than a hint. Where `known` was composed from the very same subgraphs, it is taken as it is.
 * @throws PolicyError with every fault that the lint finds, CompositionFault with every error of the composition
 */
export function composeSubgraphs(
  subgraphs: readonly ComposedSubgraph[],
  catalogue: Catalogue,
  known?: Pick<Composed, 'sdl' | 'sources'>,
): Composed {
  lintGraph(subgraphs, catalogue);
  const { plain, sources } = withoutOwn(subgraphs);
  if (known?.sources === sources) return openSupergraph({ ...known, hints: [] });
  const result = composeServices(plain);
  if (result.errors) throw new CompositionFault(result.errors.map((error) => faultOf(error)));
  const merged = result.hints.filter(({ definition }) => !HARMLESS_HINTS.has(definition.code));
  if (merged.length > 0) throw new CompositionFault(merged.map((hint) => faultOf({ message: hint.message, nodes: hint.nodes })));
  return openSupergraph({ sdl: result.supergraphSdl, sources, hints: result.hints.map(String) });
}

/** A supergraph that was composed elsewhere from these very subgraphs. @throws PolicyError, CompositionFault where it was composed from others */
export function takeComposed(
  subgraphs: readonly ComposedSubgraph[],
  catalogue: Catalogue,
  known: Pick<Composed, 'sdl' | 'sources'>,
): Composed {
  lintGraph(subgraphs, catalogue);
  if (known.sources !== withoutOwn(subgraphs).sources)
    throw new CompositionFault([faultOf({ message: 'the supergraph was composed from other subgraphs than those of this catalogue' })]);
  return openSupergraph({ ...known, hints: [] });
}

function withoutOwn(subgraphs: readonly ComposedSubgraph[]) {
  const plain = subgraphs.map(({ name, typeDefs }) => ({ name, url: `local://${name}`, typeDefs: withoutDisclosure(typeDefs) }));
  return { plain, sources: hashOf(plain.map(({ name, typeDefs }) => `${name}\n${print(typeDefs)}`).join('\n')) };
}

export interface ComposedSubgraph {
  readonly name: string;
  readonly typeDefs: DocumentNode;
}

/** Anything else tells of definitions that were merged, intersected or left out. */
const HARMLESS_HINTS = new Set(['INCONSISTENT_DESCRIPTION', 'UNUSED_ENUM_TYPE']);

function faultOf({ message, nodes }: { readonly message: string; readonly nodes?: readonly ASTNode[] | undefined }): Fault {
  const place = nodes?.find(({ loc }) => loc);
  const fault = faultAt(place ?? {}, message);
  return fault.path === '' ? { ...fault, path: 'supergraph' } : fault;
}

function openSupergraph({ sdl, sources, hints }: Pick<Composed, 'sdl' | 'sources' | 'hints'>): Composed {
  const supergraph = Supergraph.build(sdl);
  const schema = supergraph.apiSchema().toGraphQLJSSchema();
  attachScalars(schema);
  return { sdl, sources, hash: hashOf(sdl), supergraph, schema, hints };
}

/** A value of the wrong format is refused with the request, before anything is run. Answers come serialised from the subgraphs. */
function attachScalars(schema: GraphQLSchema): void {
  for (const [name, { parseValue, parseLiteral }] of Object.entries(SCALARS)) {
    const declared = schema.getType(name);
    if (isScalarType(declared)) Object.assign(declared, { parseValue, parseLiteral });
  }
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

/** The SDL without the hub's own directives, their enums and inputs. */
export function withoutDisclosure(document: DocumentNode): DocumentNode {
  return visit(document, {
    enter(node: ASTNode) {
      if (node.kind === Kind.DIRECTIVE && OWN_DIRECTIVES.has(node.name.value)) return null;
      if (node.kind === Kind.DIRECTIVE_DEFINITION && OWN_DIRECTIVES.has(node.name.value)) return null;
      if (
        (node.kind === Kind.ENUM_TYPE_DEFINITION || node.kind === Kind.INPUT_OBJECT_TYPE_DEFINITION) &&
        node.name.value.startsWith('disclosure__')
      )
        return null;
      return undefined;
    },
  });
}
