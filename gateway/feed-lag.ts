import { withoutNumber } from '../auth/log-entry.ts';
import type { Principal } from '../auth/principal.ts';

/** One stream of a client. */
export interface StreamLag {
  /** When the oldest change came to be seen that its receiver has not taken yet, in milliseconds since 1970; undefined while nothing waits. */
  waitingSince: number | undefined;
}

/** The open streams of each client, by the name under which its lag is told. */
export type ClientStreams = Map<string, Set<StreamLag>>;

/** So many clients are told of by name: those that lag most. */
const MOST_NAMED = 100;
const REST = 'other';

/** A stream that begins; ends when `close` is called. */
export function openStreamLag(clients: ClientStreams, principal: Principal): { readonly lag: StreamLag; readonly close: () => void } {
  const name = nameOf(principal);
  const streams = clients.get(name) ?? new Set<StreamLag>();
  clients.set(name, streams);
  const lag: StreamLag = { waitingSince: undefined };
  streams.add(lag);
  const close = () => {
    streams.delete(lag);
    if (streams.size === 0) clients.delete(name);
  };
  return { lag, close };
}

/** Lines for `/metrics`. */
export function printClientLags(clients: ClientStreams, now: Date): readonly string[] {
  const told = namedClients(clients, now.getTime()).map(({ name, ...lag }) => ({ label: `{client="${escaped(name)}"}`, ...lag }));
  return [
    '# HELP hub_feed_client_lag_seconds How long the oldest change waits that the slowest stream of a client has not taken yet.',
    '# TYPE hub_feed_client_lag_seconds gauge',
    ...told.map(({ label, seconds }) => `hub_feed_client_lag_seconds${label} ${seconds}`),
    '# HELP hub_feed_client_streams Streams of changes that a client has open.',
    '# TYPE hub_feed_client_streams gauge',
    ...told.map(({ label, streams }) => `hub_feed_client_streams${label} ${streams}`),
  ];
}

interface ClientLag {
  readonly name: string;
  readonly seconds: number;
  readonly streams: number;
}

function namedClients(clients: ClientStreams, now: number): readonly ClientLag[] {
  const all = [...clients].map(([name, streams]) => ({ name, seconds: lagOf(streams, now), streams: streams.size }));
  if (all.length <= MOST_NAMED) return all;
  all.sort((one, other) => other.seconds - one.seconds);
  const rest = all.slice(MOST_NAMED);
  const seconds = Math.max(...rest.map((client) => client.seconds));
  return [...all.slice(0, MOST_NAMED), { name: REST, seconds, streams: rest.reduce((sum, { streams }) => sum + streams, 0) }];
}

function lagOf(streams: ReadonlySet<StreamLag>, now: number): number {
  let oldest = now;
  for (const { waitingSince } of streams) if (waitingSince !== undefined && waitingSince < oldest) oldest = waitingSince;
  return (now - oldest) / 1000;
}

/** The organisation or the client, never a person: of the public and of subjects all are one. */
function nameOf({ audience, clientId, orgUscc }: Principal): string {
  if (audience === 'PUBLIC' || audience === 'SUBJECT') return audience;
  return withoutNumber(clientId ?? orgUscc) ?? audience;
}

function escaped(label: string): string {
  return label
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll(/[\r\n]/g, ' ');
}
