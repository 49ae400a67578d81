import type { IncomingHttpHeaders } from 'node:http';
import { Refusal } from './http-answer.ts';

interface Site {
  readonly host: string;
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
  /** The door speaks TLS itself: a page that came without it may be anybody's. */
  readonly isSecure: boolean;
}

/** Refuses requests that were meant for another site (DNS rebinding) or come from a page of one; returns headers for a foreign page that may read. @throws FORBIDDEN */
export type GuardSite = (headers: IncomingHttpHeaders) => Readonly<Record<string, string>> | undefined;

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]'];

export function guardSite({ host, allowedHosts, allowedOrigins, isSecure }: Site): GuardSite {
  const names = new Set([...LOOPBACK_NAMES, ...[host, ...allowedHosts].map(hostName)]);
  const origins = new Set(allowedOrigins);
  return ({ host: asked = '', origin }) => {
    if (!names.has(hostName(asked))) throw new Refusal('FORBIDDEN', 'this host name is not served here');
    if (origin === undefined || origin === `https://${asked}` || (!isSecure && origin === `http://${asked}`)) return undefined;
    if (!origins.has(origin)) throw new Refusal('FORBIDDEN', 'requests from pages of this origin are not accepted');
    return { 'access-control-allow-origin': origin, 'access-control-expose-headers': 'Hub-Request-Id, Retry-After' };
  };
}

/** What a browser asks before a page of an allowed origin may send a token. */
export const PREFLIGHT_HEADERS = {
  'access-control-allow-methods': 'GET, POST',
  'access-control-allow-headers':
    'Authorization, Content-Type, Hub-Purpose, Hub-Matter, Hub-Voucher, Hub-Withheld, Hub-Explain, Hub-Request-Id, Last-Event-ID',
  'access-control-max-age': '600',
};

/** In lower case, without a port; an IPv6 address in brackets. */
function hostName(host: string): string {
  const name = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::\d{1,5})?$/i.exec(host)?.[1] ?? host;
  return (/^[0-9a-f]*:[0-9a-f:.]*$/i.test(name) ? `[${name}]` : name).toLowerCase();
}
