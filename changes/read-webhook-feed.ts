import type { Json } from '../schema/json.ts';
import type { Registrant } from './webhook-documents.ts';

/** A page of the change feed, as the registrant sees it now. */
export interface WebhookPage {
  readonly events: readonly {
    readonly id: string;
    readonly cursor: string;
    /** Milliseconds since 1970. */
    readonly at: number;
    readonly type: 'RECORD_PUBLISHED' | 'RECORD_CHANGED' | 'RECORD_GONE';
    readonly recordType: string;
    readonly recordId: string;
    readonly tombstone: boolean;
  }[];
  readonly endCursor: string;
  readonly hasMore: boolean;
  readonly resync: string | null;
}

/** Reads the feed as who registered the webhook, with every check anew; `after: null` reads nothing and makes the checks. @throws HubError */
export type ReadFeed = (
  registrant: Registrant,
  asked: { readonly where: Json; readonly after: string | null; readonly first: number },
) => Promise<WebhookPage>;
