import { GraphQLError } from 'graphql';
import type { Obligations } from '../auth/obligations.ts';
import type { EngineRequest, EngineResponse } from './engine.ts';
import type { WithheldEntry } from './finish.ts';

/** What is said beside the data of an answer. */
export interface Said {
  readonly withheld: readonly WithheldEntry[];
  readonly annotations: readonly unknown[];
  readonly narrowed: readonly unknown[];
  readonly obligations?: Obligations | undefined;
}

/** The answer in the form that the caller has chosen (`Hub-Withheld`): what is withheld stands in the extensions, or is an error for each place. */
export function answerResponse(
  { headers }: Pick<EngineRequest, 'headers'>,
  data: Record<string, unknown> | null,
  errors: readonly GraphQLError[],
  { withheld, annotations, narrowed, obligations }: Said,
): EngineResponse {
  const asErrors = headers.withheld === 'errors';
  const closed = asErrors ? withheld.map(errorOf) : [];
  const extensions = {
    ...(withheld.length > 0 && !asErrors ? { withheld } : {}),
    ...(annotations.length > 0 ? { annotations } : {}),
    ...(narrowed.length > 0 ? { narrowed } : {}),
    ...(obligations ? { obligations } : {}),
  };
  const all = [...errors, ...closed];
  return { data, ...(all.length > 0 ? { errors: all } : {}), ...(Object.keys(extensions).length > 0 ? { extensions } : {}) };
}

function errorOf({ path, coordinate, reason }: WithheldEntry): GraphQLError {
  return new GraphQLError(`${coordinate} is withheld: ${reason}`, { path, extensions: { code: 'UNAUTHORIZED_FIELD_OR_TYPE', reason } });
}
