import { parse, validate } from 'graphql';
import { boundedCache } from '../gateway/bounded-cache.ts';
import type { CallSubgraph } from '../gateway/call.ts';
import { HubError } from '../schema/errors.ts';
import { operationOf, type Subgraph } from '../subgraphs/kit/define-subgraph.ts';

/** Calls a subgraph of this process; an operation of the plan is parsed and validated once. */
export function localCall(subgraph: Subgraph, report: (error: unknown) => string): CallSubgraph {
  const operations = boundedCache<{ document: ReturnType<typeof parse>; operation: ReturnType<typeof operationOf> }>(2000);
  return async ({ query, operationName, variables, caller }) => {
    let known = operations.get(query);
    if (!known) {
      const document = parse(query, { noLocation: true });
      const [fault] = validate(subgraph.schema, document);
      if (fault) throw fault;
      known = { document, operation: operationOf(document, operationName) };
      operations.set(query, known);
    }
    const { data, errors, remarks } = await subgraph.execute({ ...known, variables, caller });
    const told = errors?.map((error) => {
      const cause = error.originalError;
      if (cause instanceof HubError) return { message: cause.message, path: error.path, code: cause.code };
      return { message: `internal error, incident ${report(cause ?? error)}`, path: error.path, code: 'INTERNAL_SERVER_ERROR' };
    });
    return { data: data as Record<string, unknown> | null | undefined, ...(told ? { errors: told } : {}), remarks };
  };
}
