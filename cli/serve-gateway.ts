import { hash } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { createStatementSigner } from '../auth/access-statement.ts';
import type { RegistryMode } from '../auth/registry.ts';
import { type Composed, takeComposed } from '../gateway/compose.ts';
import type { Door } from '../gateway/door.ts';
import type { Engine } from '../gateway/engine.ts';
import { createFederatedEngine } from '../gateway/federated-engine.ts';
import { remoteSubgraph } from '../gateway/remote-call.ts';
import type { TrustedDocuments } from '../gateway/trusted-documents.ts';
import { readCatalogue } from '../schema/read-catalogue.ts';
import { readCatalogueFiles } from './catalogue-files.ts';
import { CommandFault } from './command-fault.ts';
import { type DoorSettings, loadTrusted } from './door-settings.ts';
import { openGatewayKeys } from './gateway-keys.ts';
import { readSupergraphFiles, SUPERGRAPH_FILES } from './generated-files.ts';
import { type Graph, openGraph } from './open-graph.ts';
import type { Hub } from './open-hub.ts';
import { readRegions } from './region-settings.ts';
import { readSubgraphAddresses, requireAddresses } from './subgraph-addresses.ts';
import { readSubgraphTls } from './subgraph-tls.ts';

export interface GatewayParts {
  readonly hub: Hub;
  readonly dataDir: string;
  readonly env: NodeJS.ProcessEnv;
  /** `--subgraphs`. */
  readonly listed: string | undefined;
  readonly registryMode: RegistryMode;
  readonly trusted: TrustedDocuments | undefined;
  readonly log: (line: Record<string, unknown>) => void;
}

/** A gateway's engine over subgraphs that run elsewhere. */
export interface GatewayEngine {
  readonly engine: Engine;
  readonly policy: string;
  readonly supergraph: string;
  /** What the files said that it was built from. */
  readonly sources: string;
  /** Calls `listener` with the name of a subgraph whenever that has another policy. */
  readonly onOtherPolicy: (listener: (subgraph: string) => void) => void;
  /** Ends connections that nobody uses. */
  close(): void;
}

const TIMEOUT_MS = 5_000;
const LOOK_EVERY_MS = 1_000;
/** To read the files takes a few milliseconds, in which nobody is answered. */
const LOOK_AGAIN_MS = 3_000;

/** Builds engines from what the files say at that time: catalogue, supergraph, addresses. @throws CatalogueError, CommandFault where they do not fit together */
export function openGateway({ hub, dataDir, env, listed, registryMode, trusted, log }: GatewayParts): () => GatewayEngine {
  const key = openGatewayKeys(dataDir, hub.clock);
  const sign = createStatementSigner(key, hub.clock);
  const timeout = timeoutOf(env);
  return () => {
    const sources = sourcesOf(env);
    let onOtherPolicy: (subgraph: string) => void = () => {};
    const tls = readSubgraphTls(env);
    const files = readCatalogueFiles(env);
    const graph = openGraph({ ...hub, files, catalogue: readCatalogue(files, readRegions(env)) }, registryMode, trusted);
    const composed = supergraphOf(graph, env);
    const addresses = readSubgraphAddresses(listed, env);
    const names = graph.subgraphs.map(({ name }) => name);
    requireAddresses(addresses, names);
    const remotes = [...addresses]
      .filter(([name]) => names.includes(name))
      .map(([name, url]) => {
        warnOfPlainText(name, url, log);
        const told = { onOtherPolicy: () => onOtherPolicy(name), log };
        return [name, remoteSubgraph({ name, url, sign, policy: graph.policy.hash, timeout, tls, ...told })] as const;
      });
    const subgraphs = new Map(remotes.map(([name, { call }]) => [name, call]));
    const engine = createFederatedEngine({ ...graph.admission, composed, subgraphs, clock: hub.clock, accessLog: hub.accessLog });
    const close = () => {
      for (const [, remote] of remotes) remote.close();
    };
    const told = (listener: typeof onOtherPolicy) => {
      onOtherPolicy = listener;
    };
    return { engine, policy: graph.policy.hash, supergraph: composed.hash, sources, onOtherPolicy: told, close };
  };
}

/** Calls `changed` when the supergraph or the addresses were replaced and have then stood still for a second. Ends when the returned function is called. */
function watchGatewayFiles(env: NodeJS.ProcessEnv, changed: () => void): () => void {
  const files = gatewayFiles(env);
  let used = stampsOf(files);
  let seen = used;
  const look = () => {
    const now = stampsOf(files);
    // The files are replaced one after another: between two of them they do not fit together.
    if (now !== used && now === seen) {
      used = now;
      changed();
    }
    seen = now;
  };
  const timer = files.length > 0 ? setInterval(look, LOOK_EVERY_MS).unref() : undefined;
  return () => clearInterval(timer);
}

function gatewayFiles({ HUB_SUPERGRAPH: folder, HUB_SUBGRAPHS: addresses }: NodeJS.ProcessEnv): readonly string[] {
  return [...(folder ? SUPERGRAPH_FILES.map((name) => join(folder, name)) : []), ...(addresses ? [addresses] : [])];
}

/** Another one when an engine that is built now may be another one. */
function sourcesOf(env: NodeJS.ProcessEnv): string {
  const { HUB_REGION_PROFILES: regions } = env;
  const stamps = stampsOf([...gatewayFiles(env), ...(regions ? [regions] : [])]);
  return hash('sha256', JSON.stringify([readCatalogueFiles(env), stamps]));
}

/** The supergraph in the folder `HUB_SUPERGRAPH`, which has to fit the catalogue and its policy; without it, that of the hub itself. */
function supergraphOf(graph: Graph, { HUB_SUPERGRAPH: folder }: NodeJS.ProcessEnv): Composed {
  if (!folder) return graph.composed();
  const files = readSupergraphFiles(folder);
  if (files.policy !== graph.policy.hash)
    throw new CommandFault(
      `${folder} 的规则与数据目录不符 / the policy is not that of the catalogue: ${files.policy}, ${graph.policy.hash}`,
    );
  const composed = takeComposed(graph.subgraphs, graph.policy.catalogue, files);
  if (composed.hash !== files.supergraph)
    throw new CommandFault(`${folder} 的超图与 policy.json 不符 / the supergraph is not the one that policy.json was made with`);
  return composed;
}

function timeoutOf({ HUB_SUBGRAPH_TIMEOUT: text }: NodeJS.ProcessEnv): number {
  if (!text) return TIMEOUT_MS;
  const milliseconds = Number(text);
  if (Number.isInteger(milliseconds) && milliseconds > 0) return milliseconds;
  throw new CommandFault('HUB_SUBGRAPH_TIMEOUT 须为毫秒数 / is a number of milliseconds');
}

function warnOfPlainText(name: string, url: URL, log: GatewayParts['log']): void {
  if (url.protocol === 'http:' && !['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname))
    log({ level: 'warn', event: 'plain-http', subgraph: name, problem: 'what this subgraph answers crosses the network unencrypted' });
}

function stampsOf(files: readonly string[]): string {
  return files
    .map((file) => {
      const stat = statSync(file, { bigint: true, throwIfNoEntry: false });
      return stat ? `${stat.ino}|${stat.mtimeNs}|${stat.size}` : '';
    })
    .join();
}

/** Puts other engines behind a gateway's door. */
export interface Renewal {
  /** Builds an engine from the files as they stand, and logs what became of it; one after the other. */
  renew(): void;
  /** Ends watching, and waits for a renewal that is under way. */
  stop(): Promise<void>;
  /** Ends the connections of the engine that is in use. */
  close(): void;
}

export interface RenewalParts {
  readonly door: Pick<Door, 'renewEngine'>;
  readonly part: { readonly first: GatewayEngine; readonly build: () => GatewayEngine };
  readonly env: NodeJS.ProcessEnv;
  readonly trusted: DoorSettings['trusted'];
  readonly log: GatewayParts['log'];
}

/** Follows the files of a gateway. What does not fit together is logged, and the engine before goes on. */
export function renewEngines({ door, part, env, trusted, log }: RenewalParts): Renewal {
  let present = part.first;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let tried: string | undefined = present.sources;
  let turn: Promise<void> = Promise.resolve();
  const renewOnce = async () => {
    try {
      const next = part.build();
      if (trusted) loadTrusted(trusted, next.engine.schema);
      await door.renewEngine(next.engine);
      present.close();
      present = next;
      tried = present.sources;
      present.onOtherPolicy(lookForPolicy);
      log({ level: 'info', event: 'reloaded', what: 'supergraph', supergraph: next.supergraph, policy: next.policy });
    } catch (error) {
      log({ level: 'error', event: 'reload-failed', what: 'supergraph', error: error instanceof Error ? error.message : String(error) });
    }
  };
  const renew = () => {
    turn = turn.then(renewOnce);
  };
  /** The files may say by now what the subgraph was started with. */
  const lookForPolicy = (subgraph: string) => {
    if (performance.now() - lookedAt < LOOK_AGAIN_MS) return;
    lookedAt = performance.now();
    log({ level: 'warn', event: 'other-policy', subgraph, policy: present.policy });
    const sources = sourcesNow(env);
    if (sources === tried) return;
    tried = sources;
    renew();
  };
  present.onOtherPolicy(lookForPolicy);
  const stopWatching = watchGatewayFiles(env, renew);
  return {
    renew,
    stop: () => {
      stopWatching();
      return turn;
    },
    close: () => present.close(),
  };
}

function sourcesNow(env: NodeJS.ProcessEnv): string | undefined {
  try {
    return sourcesOf(env);
  } catch {
    // What is wrong with them is said by whoever builds an engine of them.
    return undefined;
  }
}
