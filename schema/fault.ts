import type { ASTNode } from 'graphql';

/** A fault of an SDL file, with the place an editor can jump to. */
export interface Fault {
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** Thrown with every fault of all files at once. */
export class CatalogueError extends Error {
  readonly faults: readonly Fault[];
  constructor(faults: readonly Fault[]) {
    super(faults.map(({ path, line, column, message }) => `${path}:${line}:${column} ${message}`).join('\n'));
    this.faults = faults;
  }
}

/** A fault at the name of a node, or where the node begins. */
export function faultAt(node: Pick<ASTNode, 'loc'> & { readonly name?: Pick<ASTNode, 'loc'> | undefined }, message: string): Fault {
  const loc = node.name?.loc ?? node.loc;
  return { path: loc?.source.name ?? '', line: loc?.startToken.line ?? 1, column: loc?.startToken.column ?? 1, message };
}
