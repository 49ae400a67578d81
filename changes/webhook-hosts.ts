import { BlockList, isIP } from 'node:net';
import { HubError } from '../schema/errors.ts';

/** What the operator lets webhooks reach. */
export interface WebhookHosts {
  /** @throws BAD_USER_INPUT for an address that no entry lets through, or that could hold a secret */
  check(address: string): URL;
  /** Whether a connection of this listed address may go to where its name leads. */
  mayReach(url: URL, ip: string): boolean;
}

interface Entry {
  /** Without the star of a pattern. */
  readonly host: string;
  readonly isPattern: boolean;
  readonly port: string;
  readonly isPrivate: boolean;
}

const PRIVATE = '+private';
const LONGEST = 2000;

/**
 * Reads `HUB_WEBHOOK_HOSTS`: entries `host`, `host:port` and `*.suffix:port`, port 443 unless told. `+private` behind an entry lets its name lead into private
 * networks, an entry that is an address itself names what it means. Nothing is let through by default. @throws Error naming the entry that is none
 */
export function readWebhookHosts(text = ''): WebhookHosts {
  const entries = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map(entryOf);
  const entryFor = (url: URL) => entries.find((entry) => isMeant(entry, hostOf(url), portOf(url)));
  return {
    check(address) {
      const url = address.length <= LONGEST && URL.canParse(address) ? new URL(address) : undefined;
      if (!url) throw refused('the address of a webhook is a URL');
      if (url.username || url.password || url.search || url.hash || address.includes('?') || address.includes('#') || address.includes('@'))
        throw refused('the address of a webhook has no user, no query and no fragment: it holds no secret');
      if (!isSafeScheme(url)) throw refused('the address of a webhook begins with https');
      if (!entryFor(url)) throw refused('the operator does not let webhooks reach this host and port');
      return url;
    },
    mayReach(url, ip) {
      const entry = entryFor(url);
      if (!entry || !isSafeScheme(url)) return false;
      if (isIP(entry.host) !== 0) return entry.host === ip;
      const kind = kindOf(ip);
      return kind === 'public' || (kind === 'private' && entry.isPrivate);
    },
  };
}

/** The name or the address, without the brackets of IPv6. */
export function hostOf({ hostname }: URL): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
}

function portOf({ port, protocol }: URL): string {
  return port || (protocol === 'http:' ? '80' : '443');
}

function entryOf(text: string): Entry {
  const isPrivate = text.endsWith(PRIVATE);
  const named = isPrivate ? text.slice(0, -PRIVATE.length) : text;
  const isPattern = named.startsWith('*.');
  const address = `https://${isPattern ? named.slice(2) : named}`;
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (!url?.hostname || url.pathname !== '/' || url.search || url.hash || url.username || url.hostname.includes('*'))
    throw new Error(`HUB_WEBHOOK_HOSTS: ${text}`);
  return { host: hostOf(url), isPattern, port: portOf(url), isPrivate };
}

function isMeant({ host, isPattern, port }: Entry, asked: string, askedPort: string): boolean {
  if (port !== askedPort) return false;
  return isPattern ? asked.endsWith(`.${host}`) && isIP(asked) === 0 : asked === host;
}

/** Plain http stays on this machine. */
function isSafeScheme(url: URL): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && ['127.0.0.1', '::1'].includes(hostOf(url)));
}

const PRIVATE_NETWORKS = [
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['::1', 128],
  ['fc00::', 7],
] as const;
/** To none of these does a name lead, whatever the operator says of it: this network, link-local (where clouds answer for their machines), documentation, benchmarks, multicast, reserved; what translates or tunnels. */
const CLOSED_NETWORKS = [
  ['0.0.0.0', 8],
  ['100.100.100.200', 32],
  ['169.254.0.0', 16],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
  ['::', 128],
  ['::ffff:0:0', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['fd00:ec2::254', 128],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
] as const;
const [PRIVATE_LIST, CLOSED_LIST] = [listOf(PRIVATE_NETWORKS), listOf(CLOSED_NETWORKS)];

function listOf(networks: readonly (readonly [string, number])[]): Readonly<Record<'ipv4' | 'ipv6', BlockList>> {
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const [network, bits] of networks) {
    const family = network.includes(':') ? 'ipv6' : 'ipv4';
    lists[family].addSubnet(network, bits, family);
  }
  return lists;
}

function kindOf(ip: string): 'public' | 'private' | 'closed' {
  const family = isIP(ip) === 6 ? 'ipv6' : 'ipv4';
  // A zone names an interface of this machine.
  if (isIP(ip) === 0 || ip.includes('%') || CLOSED_LIST[family].check(ip, family)) return 'closed';
  return PRIVATE_LIST[family].check(ip, family) ? 'private' : 'public';
}

function refused(message: string): HubError {
  return new HubError('BAD_USER_INPUT', message);
}
