import { type ASTNode, type ASTVisitor, GraphQLError, type ValidationContext } from 'graphql';

/**
 * Validation rule: refuses names under which a joined answer could not be read. Another value as `__typename` would say of a row what type it is, and
 * `__proto__` is no key of an object like others.
 */
export function responseNamesRule(context: ValidationContext): ASTVisitor {
  const refuse = (message: string, node: ASTNode) => context.reportError(new GraphQLError(message, { nodes: node }));
  return {
    Field(node) {
      if (node.alias?.value === '__typename' && node.name.value !== '__typename') refuse('no other field may be named __typename', node);
    },
    Name(node) {
      if (node.value === '__proto__') refuse('nothing may be named __proto__', node);
    },
  };
}
