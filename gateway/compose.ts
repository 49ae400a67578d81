import { createHash } from 'node:crypto';
import { composeServices } from '@apollo/composition';
import { Supergraph } from '@apollo/federation-internals';
import { type ASTNode, type DocumentNode, type GraphQLSchema, Kind, visit } from 'graphql';
import type { Catalogue } from '../schema/catalogue.ts';
import { lintGraph } from './lint-graph.ts';

export interface Composed {
  /** The supergraph for the planner. */
  readonly sdl: string;
  readonly hash: string;
  readonly supergraph: Supergraph;
  /** What clients see. */
  readonly schema: GraphQLSchema;
  readonly hints: readonly string[];
}

export class CompositionFault extends Error {}

const OWN_DIRECTIVES = new Set(['recordType', 'catalogueType', 'item', 'value', 'state', 'disclose', 'allow']);

/**
 * Composes the subgraphs. Disclosure is compiled from each subgraph's own SDL and kept beside the supergraph, so its directives are taken out first:
 * composition would merge contradicting ones with no more than a hint.
 * @throws PolicyError with every fault that the lint finds, CompositionFault with every error of the composition
 */
export function composeSubgraphs(
  subgraphs: readonly { readonly name: string; readonly typeDefs: DocumentNode }[],
  catalogue: Catalogue,
): Composed {
  lintGraph(subgraphs, catalogue);
  const result = composeServices(
    subgraphs.map(({ name, typeDefs }) => ({ name, url: `local://${name}`, typeDefs: withoutDisclosure(typeDefs) })),
  );
  if (result.errors) throw new CompositionFault(result.errors.map(({ message }) => message).join('\n'));
  return openSupergraph(result.supergraphSdl, result.hints.map(String));
}

/** Reads a composed supergraph. */
export function openSupergraph(sdl: string, hints: readonly string[] = []): Composed {
  const supergraph = Supergraph.build(sdl);
  return {
    sdl,
    hash: createHash('sha256').update(sdl).digest('hex').slice(0, 32),
    supergraph,
    schema: supergraph.apiSchema().toGraphQLJSSchema(),
    hints,
  };
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
