#!/usr/bin/env node
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { signDevelopmentToken } from '../auth/dev-key.ts';
import { TOKEN_AUDIENCES } from '../auth/issuers.ts';
import { type HubService, hubServices } from './compose-services.ts';

// node deploy/start-local.ts [--data DIR]: the processes of compose.yaml on this machine, without containers, on free ports, with one member of MongoDB and
// tokens of the development key (`hub token --data DIR`). Ends all of them with Ctrl-C.

const ROOT = join(import.meta.dirname, '..');
const { values } = parseArgs({ options: { data: { type: 'string', default: './data/local' } } });
const data = values.data;
const started: ChildProcess[] = [];
let isEnding = false;

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void end(0));
try {
  await start();
} catch (error) {
  if (!isEnding) console.error(error instanceof Error ? error.message : error);
  await end(1);
}

async function start(): Promise<void> {
  await mkdir(join(data, 'mongod'), { recursive: true });
  const store = await startMongod();
  const issuer = developmentIssuer();
  const addresses = new Map<string, string>();
  const addressFile = join(data, 'subgraphs.json');
  for (const service of hubServices(readFileSync(join(import.meta.dirname, 'compose.yaml'), 'utf8'))) {
    writeFileSync(addressFile, JSON.stringify(Object.fromEntries(addresses)));
    const env = { ...issuer, HUB_STORE: store, HUB_SUBGRAPHS: addressFile, HUB_RATE_PUBLIC: '5000' };
    const url = await startHub(service, env);
    if (service.command[1] === 'subgraph') addresses.set(service.name, url);
    console.log(`${service.name.padEnd(12)} ${url}/graphql`);
  }
  console.log('已就绪 All of them listen');
}

/** Starts one service of the hub; returns where it listens. */
async function startHub({ name, command }: HubService, env: Readonly<Record<string, string>>): Promise<string> {
  const argv = [join(ROOT, 'cli/hub.ts'), ...localArguments(command), '--json', '--data', data];
  const child = spawn(process.execPath, argv, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  started.push(child);
  const ended = once(child, 'exit').then(() => undefined);
  const line = await Promise.race([firstLine(child), ended]);
  if (line === undefined) throw new Error(`${name} 未能启动 / did not start`);
  void ended.then(() => end(1));
  return JSON.parse(line).url;
}

/** The same command on loopback and on a port that is free. */
function localArguments(command: readonly string[]): readonly string[] {
  const own = command.filter(
    (part, place) => !['--host', '--port'].includes(part) && !['--host', '--port'].includes(command[place - 1] ?? ''),
  );
  return [...own, '--host', '127.0.0.1', '--port', '0'];
}

async function firstLine({ stdout }: ChildProcess): Promise<string | undefined> {
  if (!stdout) return undefined;
  const lines = createInterface({ input: stdout });
  const [line] = await once(lines, 'line');
  return String(line);
}

/** Tokens of the development key are taken as those of a configured issuer. */
function developmentIssuer(): Readonly<Record<string, string>> {
  signDevelopmentToken(data, { audience: 'OPERATOR', sub: 'local' }, 1, { now: () => new Date() }); // makes the key
  const { d: _secret, ...key } = JSON.parse(readFileSync(join(data, 'keys/dev-key.json'), 'utf8'));
  const jwks = join(data, 'dev-jwks.json');
  writeFileSync(jwks, JSON.stringify({ keys: [key] }));
  return { HUB_JWKS: jwks, HUB_ISSUER: 'hub-dev', HUB_AUDIENCES: TOKEN_AUDIENCES.join(','), HUB_REGISTRY: 'optional' };
}

async function startMongod(): Promise<string> {
  const port = await freePort();
  const own = ['--dbpath', join(data, 'mongod'), '--bind_ip', '127.0.0.1', '--port', String(port), '--replSet', 'hub', '--nounixsocket'];
  const child = spawn(mongodProgram(), [...own, '--wiredTigerCacheSizeGB', '0.5', '--setParameter', 'transactionLifetimeLimitSeconds=15'], {
    stdio: 'ignore',
  });
  started.push(child);
  await once(child, 'spawn');
  void once(child, 'exit').then(() => end(1));
  await initiate(port);
  return `mongodb://127.0.0.1:${port}/credit_hub?replicaSet=hub`;
}

function mongodProgram(): string {
  const candidates = [process.env.HUB_MONGOD, join(ROOT, '.cache/mongod/mongod')].filter((path) => path !== undefined);
  const found = candidates.find((path) => existsSync(path)) ?? (spawnSync('mongod', ['--version']).status === 0 ? 'mongod' : undefined);
  if (!found) throw new Error('没有可用的 mongod / there is no mongod: HUB_MONGOD, .cache/mongod/mongod or the path');
  return found;
}

/** Makes it a set of one member, or moves the set that stands there to the port of this time. */
async function initiate(port: number): Promise<void> {
  const { MongoClient } = await import('mongodb');
  const client = new MongoClient(`mongodb://127.0.0.1:${port}/?directConnection=true`, { serverSelectionTimeoutMS: 20_000 });
  const config = { _id: 'hub', members: [{ _id: 0, host: `127.0.0.1:${port}` }] };
  const admin = client.db('admin');
  try {
    await admin.command({ replSetInitiate: config }).catch(async () => {
      const { config: standing } = await client
        .db('local')
        .collection('system.replset')
        .findOne({})
        .then((found) => ({ config: found }));
      await admin.command({ replSetReconfig: { ...standing, ...config, version: Number(standing?.version ?? 0) + 1 }, force: true });
    });
    while (!(await admin.command({ hello: 1 })).isWritablePrimary) await new Promise((resolve) => setTimeout(resolve, 100));
  } finally {
    await client.close();
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (typeof address !== 'object' || !address) throw new Error('no port');
  return address.port;
}

/** Ends what was started, the database last. */
async function end(code: number): Promise<void> {
  if (isEnding) return;
  isEnding = true;
  const [database, ...hubs] = started;
  await Promise.all(hubs.map(stopped));
  if (database) await stopped(database);
  process.exit(code);
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  await exit;
}
