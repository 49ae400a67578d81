import { type GraphQLCompositeType, type GraphQLField, getNamedType, isInterfaceType } from 'graphql';

/** The owner's non-null field of what a reference points to: when the owner answers null, the reference is null. */
export function markOf(parent: GraphQLCompositeType, field: GraphQLField<unknown, unknown>): 'recordType' | 'kind' | undefined {
  const named = getNamedType(field.type);
  if (isInterfaceType(named) && named.name === 'Record') return 'recordType';
  if (named.name !== 'Subject') return undefined;
  return parent.name === 'Query' || parent.name === 'SubjectConnection' || parent.name === 'SubjectEdge' ? undefined : 'kind';
}
