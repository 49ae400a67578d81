import { parse, validate } from 'graphql';
import { boundedCache } from '../gateway/bounded-cache.ts';
import type { CallSubgraph } from '../gateway/call.ts';
import { subgraphAnswer } from '../gateway/subgraph-answer.ts';
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
    return subgraphAnswer(await subgraph.execute({ ...known, variables, caller }), report);
  };
}
