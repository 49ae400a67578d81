import { hash, randomUUID } from 'node:crypto';
import { Kind, parse } from 'graphql';
import type { ReadFeed, WebhookPage } from '../changes/read-webhook-feed.ts';
import type { Engine } from '../gateway/engine.ts';
import { changesQuery } from '../gateway/subscription-query.ts';
import { ERRORS, type ErrorCode, HubError } from '../schema/errors.ts';

const TEXT = `subscription Webhook($where: ChangeFilter) {
  changes(where: $where) { ... on Change { id type recordType recordId tombstone } }
}`;
const DOCUMENT = parse(TEXT, { noLocation: true });
const HASH = hash('sha256', TEXT);

/** The feed as an engine answers it to a stored registrant: every check is made anew, and the access log has its entry as for any reading. */
export function webhookFeed(engineNow: () => Engine): ReadFeed {
  const [definition] = DOCUMENT.definitions;
  if (definition?.kind !== Kind.OPERATION_DEFINITION) throw new Error('the document of webhooks holds no operation');
  const query = changesQuery(definition, new Map(), {});
  return async ({ principal, purpose, matter }, { where, after, first }) => {
    const engine = engineNow();
    if (!engine.readChanges) throw new Error('this engine reads no feed');
    const request = {
      requestId: randomUUID(),
      principal,
      headers: { purpose, matter, withheld: 'extensions', explain: false } as const,
      document: DOCUMENT,
      operation: query.operation,
      documentHash: HASH,
      signature: HASH,
      variables: { where },
    };
    const { events, endCursor, hasMore, resync } = await engine.readChanges({ request, query, after, first }).catch(asHubError);
    return {
      events: events.map(({ cursor, at, response }) => ({ ...eventIn(response.data?.[query.responseKey]), cursor, at })),
      endCursor,
      hasMore,
      resync,
    };
  };
}

type WebhookChange = Omit<WebhookPage['events'][number], 'cursor' | 'at'>;

function eventIn(change: unknown): WebhookChange {
  const { id, type, recordType, recordId, tombstone } = (change ?? {}) as Partial<WebhookChange>;
  if (id === undefined || type === undefined || recordType === undefined || recordId === undefined || tombstone === undefined)
    throw new HubError('DOWNSTREAM_SERVICE_ERROR', 'the change feed left out what may not be null');
  return { id, type, recordType, recordId, tombstone };
}

/** What a subgraph refused comes as an error of GraphQL. */
function asHubError(error: unknown): never {
  const { message, extensions } = (error ?? {}) as { readonly message?: unknown; readonly extensions?: { readonly code?: unknown } };
  const code = Object.keys(ERRORS).find((known): known is ErrorCode => known === extensions?.code);
  throw code === undefined ? error : new HubError(code, String(message), { cause: error });
}
