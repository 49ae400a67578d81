import { lookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { createSecureContext, rootCertificates } from 'node:tls';
import { Client } from 'undici';
import { hostOf, type WebhookHosts } from './webhook-hosts.ts';

/** Addresses of a name. */
export type LookUp = (host: string) => Promise<readonly string[]>;

export interface PosterParts {
  readonly hosts: WebhookHosts;
  readonly lookUp?: LookUp | undefined;
  /** In PEM: trusted beside the authorities that the runtime trusts. */
  readonly ca?: string | undefined;
  /** For all of a delivery, from the name to the end of the answer. */
  readonly timeoutMs?: number | undefined;
}

export interface Posting {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What became of it: the receiver's answer, or why there is none. */
export type Posted = { readonly status: number; readonly retryAfter?: string | undefined } | { readonly failure: PostFailure };
export type PostFailure = 'HOST_NOT_LISTED' | 'NAME_NOT_FOUND' | 'ADDRESS_REFUSED' | 'TIMEOUT' | 'CERTIFICATE_REFUSED' | 'NOT_CONNECTED';

/** Sends one event to an address; never throws. */
export type PostEvent = (posting: Posting) => Promise<Posted>;

const TIMEOUT_MS = 10_000;
/** More of an answer is not even read to be thrown away. */
const ANSWER_BYTES = 65_536;

/** The name is looked up once, each address that it has is checked, and the connection goes to the one that was checked; no redirect is followed. */
export function createPoster({ hosts, lookUp = systemLookUp, ca, timeoutMs = TIMEOUT_MS }: PosterParts): PostEvent {
  const secureContext = createSecureContext(ca === undefined ? {} : { ca: [...rootCertificates, ca] });
  return async ({ url: address, headers, body }) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const url = listed(hosts, address);
    if (!url) return { failure: 'HOST_NOT_LISTED' };
    const host = hostOf(url);
    const ips = isIP(host) === 0 ? await within(signal, lookUp(host)) : [host];
    if (ips === undefined) return { failure: signal.aborted ? 'TIMEOUT' : 'NAME_NOT_FOUND' };
    const [ip] = ips;
    if (ip === undefined) return { failure: 'NAME_NOT_FOUND' };
    if (!ips.every((one) => hosts.mayReach(url, one))) return { failure: 'ADDRESS_REFUSED' };
    const client = new Client(url.origin, {
      connect: { lookup: pinnedTo(ip), secureContext, rejectUnauthorized: true, timeout: timeoutMs },
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      maxHeaderSize: 16_384,
    });
    try {
      const answer = await client.request({ method: 'POST', path: url.pathname, headers, body, signal, reset: true });
      await answer.body.dump({ limit: ANSWER_BYTES, signal }).catch(() => undefined);
      return { status: answer.statusCode, retryAfter: textOf(answer.headers['retry-after']) };
    } catch (error) {
      return { failure: signal.aborted ? 'TIMEOUT' : failureOf(error) };
    } finally {
      client.destroy().catch(() => undefined);
    }
  };
}

async function systemLookUp(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}

function listed(hosts: WebhookHosts, address: string): URL | undefined {
  try {
    return hosts.check(address);
  } catch {
    // The operator may have taken the host from the list since.
    return undefined;
  }
}

/** Undefined when it fails, or takes longer. */
async function within<T>(signal: AbortSignal, work: Promise<T>): Promise<T | undefined> {
  const late = new Promise<undefined>((resolve) => signal.addEventListener('abort', () => resolve(undefined), { once: true }));
  return Promise.race([work.catch(() => undefined), late]);
}

function pinnedTo(address: string): LookupFunction {
  const family = isIP(address);
  return (_host, { all }, callback) => (all ? callback(null, [{ address, family }]) : callback(null, address, family));
}

function textOf(header: string | readonly string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : header?.[0];
}

const TIMEOUTS: readonly string[] = ['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'ETIMEDOUT'];

function failureOf(error: unknown): PostFailure {
  const { code } = (error ?? {}) as { code?: unknown };
  if (TIMEOUTS.includes(String(code))) return 'TIMEOUT';
  return /CERT|_ISSUER|SIGNATURE|ALTNAME/.test(String(code)) ? 'CERTIFICATE_REFUSED' : 'NOT_CONNECTED';
}
