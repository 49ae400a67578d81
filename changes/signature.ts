import { createHmac } from 'node:crypto';

const PREFIX = 'whsec_';

/** A signing key of 32 bytes in the form of Standard Webhooks. */
export function signingKeyOf(bytes: Buffer): string {
  return `${PREFIX}${bytes.toString('base64')}`;
}

/** The headers of Standard Webhooks 1.0 by which a receiver knows who sent this very body; one signature for each key. */
export function signatureHeaders(
  keys: readonly string[],
  { id, seconds, body }: { readonly id: string; readonly seconds: number; readonly body: string },
): Readonly<Record<string, string>> {
  const signatures = keys.map((key) => {
    const bytes = Buffer.from(key.slice(PREFIX.length), 'base64');
    return `v1,${createHmac('sha256', bytes).update(`${id}.${seconds}.${body}`).digest('base64')}`;
  });
  return { 'webhook-id': id, 'webhook-timestamp': String(seconds), 'webhook-signature': signatures.join(' ') };
}
