import { type FragmentDefinitionNode, type GraphQLSchema, getOperationAST, Kind } from 'graphql';
import type { AccessBook } from '../auth/access-book.ts';
import { askedOf } from '../auth/asked.ts';
import type { Caller } from '../auth/caller.ts';
import { type AccessExplanation, explain } from '../auth/explain.ts';
import type { Policy } from '../auth/policy.ts';
import { HubError } from '../schema/errors.ts';
import { coercedVariables } from './coerced-variables.ts';
import { InvalidDocument, rememberDocuments } from './known-documents.ts';
import { OPERATION_LIMITS } from './operation-limits.ts';
import { assertAnswered, type TrustedDocuments } from './trusted-documents.ts';

/** Explains an operation that is handed over as text, under the parse, limits and validation of a request. @throws LIMIT_EXCEEDED, BAD_USER_INPUT, FORBIDDEN */
export function createTextExplainer(
  schema: GraphQLSchema,
  policy: Policy,
  access: AccessBook,
  trusted?: TrustedDocuments,
): (caller: Caller, text: string, variables: Readonly<Record<string, unknown>>) => AccessExplanation {
  const documents = rememberDocuments(() => schema, OPERATION_LIMITS, 16_777_216);
  return (caller, text, variables) => {
    assertAnswered(text, trusted);
    const { document } = readable(() => documents.read(text, undefined, variables));
    const operation = getOperationAST(document);
    if (!operation) throw new HubError('BAD_USER_INPUT', 'an explanation is given of exactly one operation');
    const fragments = new Map(
      document.definitions.flatMap((node): [string, FragmentDefinitionNode][] =>
        node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node]] : [],
      ),
    );
    const asked = askedOf(schema, policy, operation, fragments, coercedVariables(schema, operation, variables));
    for (const field of asked.rootFields) {
      if (!policy.allow.get(field)?.includes(caller.profile.audience)) throw new HubError('FORBIDDEN', `${field} is not for this audience`);
    }
    return explain(policy, access, caller, asked);
  };
}

function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof InvalidDocument)
      throw new HubError('BAD_USER_INPUT', 'the operation to explain is not valid for this schema', { cause: error });
    throw error;
  }
}
