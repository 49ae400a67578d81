import type { WebhookEvent } from './webhook-documents.ts';

/** The media type of what is delivered. */
export const EVENT_MEDIA_TYPE = 'application/cloudevents+json; charset=utf-8';

/** One event as CloudEvents 1.0 (structured, JSON). It is thin: nothing of a record but its type and id, and no subject. */
export function eventBody(webhookId: string, { id, type, time, recordType, recordId, tombstone, resync, cursor }: WebhookEvent): string {
  const data = resync === null ? { recordType, recordId, tombstone, cursor } : { reason: resync, cursor };
  const source = `urn:credit-hub:webhook:${webhookId}`;
  return JSON.stringify({ specversion: '1.0', id, source, type, time, datacontenttype: 'application/json', data });
}
