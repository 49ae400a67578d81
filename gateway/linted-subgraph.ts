import { type ASTNode, type DocumentNode, Kind, type ObjectTypeDefinitionNode, type TypeNode } from 'graphql';
import { type Fault, faultAt } from '../schema/fault.ts';

/** A subgraph as it is handed to composition: its whole SDL, the compiler's part of it included. */
export interface LintedSubgraph {
  readonly name: string;
  readonly typeDefs: DocumentNode;
}

export function objectTypes({ definitions }: DocumentNode): readonly ObjectTypeDefinitionNode[] {
  return definitions.filter((node) => node.kind === Kind.OBJECT_TYPE_DEFINITION);
}

/** What a field answers. */
export function shapeOf(type: TypeNode): { readonly named: string; readonly list: boolean; readonly nullable: boolean } {
  if (type.kind === Kind.NON_NULL_TYPE) return { ...shapeOf(type.type), nullable: false };
  if (type.kind === Kind.LIST_TYPE) return { ...shapeOf(type.type), list: true, nullable: true };
  return { named: type.name.value, list: false, nullable: true };
}

/** A fault at this node, or of the subgraph as a whole where the node stands in no file. */
export function faultIn(
  { name }: LintedSubgraph,
  node: (Pick<ASTNode, 'loc'> & { readonly name?: Pick<ASTNode, 'loc'> | undefined }) | undefined,
  message: string,
): Fault {
  const fault = faultAt(node ?? {}, message);
  return fault.path === '' ? { ...fault, path: name } : fault;
}
