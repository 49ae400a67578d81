import { type GraphQLSchema, getVariableValues, type OperationDefinitionNode } from 'graphql';
import { HubError } from '../schema/errors.ts';

/** The variables as the schema understands them, defaults included. @throws BAD_USER_INPUT that names the variable and never repeats its value */
export function coercedVariables(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  given: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const { coerced, errors } = getVariableValues(schema, operation.variableDefinitions ?? [], given, { maxErrors: 1 });
  if (coerced) return coerced;
  const name = /^Variable "(\$\w+)"/.exec(errors[0]?.message ?? '')?.[1];
  throw new HubError('BAD_USER_INPUT', `${name ? `the variable ${name}` : 'a variable'} does not have a value of its type`);
}
