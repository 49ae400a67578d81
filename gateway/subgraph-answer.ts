import type { GraphQLError } from 'graphql';
import { HubError } from '../schema/errors.ts';
import type { SubgraphAnswer, SubgraphRemarks } from './call.ts';

interface Executed {
  readonly data?: Record<string, unknown> | null | undefined;
  readonly errors?: readonly GraphQLError[] | undefined;
  readonly remarks: SubgraphRemarks;
}

/** What a subgraph has executed, as a gateway is told of it: a defect stays where it happened, under its incident. */
export function subgraphAnswer({ data, errors, remarks }: Executed, report: (error: unknown) => string): SubgraphAnswer {
  const told = errors?.map((error): NonNullable<SubgraphAnswer['errors']>[number] => {
    const cause = error.originalError;
    if (cause instanceof HubError) return { message: cause.message, path: error.path, code: cause.code };
    return { message: `internal error, incident ${report(cause ?? error)}`, path: error.path, code: 'INTERNAL_SERVER_ERROR' };
  });
  return { data, ...(told ? { errors: told } : {}), remarks };
}
