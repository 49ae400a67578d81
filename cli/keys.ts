import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { SUITES } from '../schema/intl-suite.ts';
import { readLogKeys, rotateLogKey } from '../subgraphs/access/log-key.ts';
import { dropFieldKey, type FieldKeys, noteIdleKeys, readFieldKeys, rotateFieldKey } from '../subgraphs/kit/field-keys.ts';
import { KeysAreBusy } from '../subgraphs/kit/key-file.ts';
import { countSealed, type Resealed, resealStore } from '../subgraphs/kit/sealed-bodies.ts';
import type { Command, CommandIo } from './command.ts';
import { CommandFault } from './command-fault.ts';
import { rotateGatewayKey, signingKey, storedKeys } from './gateway-keys.ts';
import { type Hub, openHub } from './open-hub.ts';
import { isStoreThere } from './store-place.ts';

const USAGE = 'hub keys list | hub keys rotate [--log | --gateway] | hub keys reseal | hub keys drop ID';

/** `hub keys`: which keys there are (never the keys themselves), and how one takes the place of another. Exit code 1 when something is left to do first. */
export const runKeys: Command = async ([action, ...argv], io) => {
  const { values, positionals } = parseArgs({
    args: [...argv],
    options: { log: { type: 'boolean' }, gateway: { type: 'boolean' } },
    allowPositionals: true,
  });
  if ((values.log || values.gateway) && (action !== 'rotate' || (values.log && values.gateway))) throw new CommandFault(USAGE);
  if (positionals.length !== (action === 'drop' ? 1 : 0)) throw new CommandFault(USAGE);
  try {
    if (action === 'list') return list(io);
    if (action === 'rotate' && values.gateway) return rotateGateway(io);
    if (action === 'rotate') return values.log ? rotateLog(io) : rotateFields(io);
    if (action === 'reseal') return await withHub(io, (hub) => reseal(hub, io));
    if (action === 'drop') return await withHub(io, (hub) => drop(hub, io, positionals[0] ?? ''));
  } catch (error) {
    if (error instanceof KeysAreBusy)
      throw new CommandFault(`另一进程正在更换密钥；确无此进程时请删除 ${error.lock} / ${error.message}`, { cause: error });
    throw error;
  }
  throw new CommandFault(USAGE);
};

/** What is told of a key. */
interface ListedKey {
  readonly id: string;
  readonly purpose: keyof typeof PURPOSES;
  readonly state: keyof typeof STATES;
  readonly suite: string;
  readonly createdAt: string | null;
  readonly ageDays: number | null;
}
const PURPOSES = {
  FIELDS: '字段加密 encrypts fields',
  DIGEST: '内容摘要 content hashes',
  BLIND_INDEX: '证件号码索引 finds identity numbers',
  ACCESS_LOG: '访问日志签名 signs the access log',
  GATEWAY: '网关访问声明签名 signs access statements of gateways',
};
const STATES = { CURRENT: '现用 current', OLD: '旧 old', NEXT: '待用 next', FIXED: '不轮换 not rotated' };
const DAY_MS = 86_400_000;

function list(io: CommandIo): number {
  const now = new Date();
  const keys = [...listed(keyDirOf(io), now), ...listedOfGateway(io.dataDir, now)];
  if (io.json) io.stdout(JSON.stringify({ keys }));
  else for (const key of keys) io.stdout(keyLine(key));
  return 0;
}

function listed(keyDir: string, now: Date): readonly ListedKey[] {
  const told = (
    { suite, createdAt }: { readonly suite: string; readonly createdAt?: string | undefined },
    about: Pick<ListedKey, 'id' | 'purpose' | 'state'>,
  ) => ({ ...about, suite, createdAt: createdAt ?? null, ageDays: ageOf(createdAt, now) });
  const stateOf = (isCurrent: boolean) => (isCurrent ? 'CURRENT' : 'OLD');
  const { current, keys, digest, blind } = fieldKeys(keyDir);
  const log = readLogKeys(keyDir)?.keys ?? [];
  return [
    ...Object.entries(keys).map(([id, key]) => told(key, { id, purpose: 'FIELDS', state: stateOf(id === current) })),
    told(digest, { id: 'digest', purpose: 'DIGEST', state: 'FIXED' }),
    told(blind, { id: blind.id, purpose: 'BLIND_INDEX', state: 'FIXED' }),
    ...log.map((key, index) => told(key, { id: key.id, purpose: 'ACCESS_LOG', state: stateOf(index === log.length - 1) })),
  ];
}

/** Where a gateway has run on this data folder. */
function listedOfGateway(dataDir: string, now: Date): readonly ListedKey[] {
  const keys = storedKeys(dataDir);
  const current = keys.length > 0 ? keys.indexOf(signingKey(keys, now)) : 0;
  return keys.map(({ kid, createdAt }, index) => ({
    id: kid,
    purpose: 'GATEWAY',
    state: index === current ? 'CURRENT' : index < current ? 'OLD' : 'NEXT',
    suite: 'ES256',
    createdAt,
    ageDays: ageOf(createdAt, now),
  }));
}

function ageOf(createdAt: string | undefined, now: Date): number | null {
  return createdAt === undefined ? null : Math.floor((now.getTime() - Date.parse(createdAt)) / DAY_MS);
}

function keyLine({ id, purpose, state, suite, createdAt, ageDays }: ListedKey): string {
  const age = ageDays === null ? '年龄不详 age unknown' : `${createdAt} (${ageDays} 天 days)`;
  return [id.padEnd(22), suite, STATES[state], PURPOSES[purpose], age].join('  ');
}

function rotateFields(io: CommandIo): number {
  const keyDir = keyDirOf(io);
  const { current: before } = fieldKeys(keyDir);
  const id = rotateFieldKey(keyDir, SUITES, new Date());
  if (io.json) io.stdout(JSON.stringify({ current: id, before }));
  else io.stdout(`现用密钥为 ${id}；接着运行 hub keys reseal / The current key is ${id}; next: hub keys reseal`);
  return 0;
}

function rotateLog(io: CommandIo): number {
  const keyDir = keyDirOf(io);
  const before = readLogKeys(keyDir)?.keys.at(-1)?.id;
  if (before === undefined) throw new CommandFault('访问日志尚无签名密钥 / the access log has no key yet');
  const id = rotateLogKey(keyDir);
  if (io.json) io.stdout(JSON.stringify({ current: id, before }));
  else io.stdout(`访问日志现用签名密钥为 ${id} / The access log is signed by ${id}`);
  return 0;
}

function rotateGateway(io: CommandIo): number {
  if (storedKeys(io.dataDir).length === 0) throw new CommandFault('网关尚无签名密钥 / no gateway has made a key yet');
  const id = rotateGatewayKey(io.dataDir, new Date());
  if (io.json) io.stdout(JSON.stringify({ next: id }));
  else io.stdout(`已公布密钥 ${id}，一刻钟后启用 / The key ${id} is published; gateways sign by it in a quarter of an hour`);
  return 0;
}

/** Another process may seal under the old key until it sees the new one, or copy what it has read: then another walk finds it. */
const MOST_WALKS = 10;

async function reseal({ store, sealer }: Hub, io: CommandIo): Promise<number> {
  const keyDir = keyDirOf(io);
  let values = 0;
  let last: Resealed | undefined;
  let old: readonly string[] = [];
  for (let walk = 1; walk <= MOST_WALKS && last?.values !== 0; walk += 1) {
    const { current, keys } = fieldKeys(keyDir);
    old = Object.keys(keys).filter((id) => id !== current);
    const before = values;
    const onBatch = (done: number) => io.stderr(`已重新加密 resealed ${before + done}`);
    last = await resealStore({ store, sealer, current, onBatch });
    values += last.values;
  }
  const unreadable = last?.unreadable ?? [];
  const isDone = last?.values === 0 && unreadable.length === 0;
  if (isDone) noteIdleKeys(keyDir, SUITES, old, new Date());
  if (io.json) io.stdout(JSON.stringify({ resealed: values, done: isDone, unreadable }));
  else {
    for (const { collection, key, version } of unreadable) io.stdout(`无法解密 cannot be opened: ${collection} ${key} (${version})`);
    io.stdout(
      isDone
        ? `已重新加密 ${values} 个值，旧密钥下不再有值 / Resealed ${values} values; none is left under an old key`
        : `已重新加密 ${values} 个值，仍有剩余，请再运行一次 / Resealed ${values} values; some are left, run it again`,
    );
  }
  return isDone ? 0 : 1;
}

/** What is under way takes less: whatever was sealed under an old key, or read to be copied, before the store was found free of it stands there by now. */
const IDLE_MS = 60_000;

async function drop({ store }: Hub, io: CommandIo, id: string): Promise<number> {
  const keyDir = keyDirOf(io);
  const { current, keys } = fieldKeys(keyDir);
  const key = Object.hasOwn(keys, id) ? keys[id] : undefined;
  if (!key) throw new CommandFault(`没有字段密钥 ${id} / there is no field key ${id}`);
  if (id === current) throw new CommandFault(`${id} 是现用密钥，请先轮换 / ${id} is the current key: rotate first`);
  const values = (await countSealed(store)).get(id) ?? 0;
  const idleMs = key.idleSince === undefined ? 0 : Date.now() - Date.parse(key.idleSince);
  const isDropped = values === 0 && idleMs >= IDLE_MS;
  if (isDropped) dropFieldKey(keyDir, SUITES, id);
  if (io.json) io.stdout(JSON.stringify({ id, dropped: isDropped, values, idleSince: key.idleSince ?? null }));
  else if (values > 0)
    io.stdout(`仍有 ${values} 个值在 ${id} 之下，请运行 hub keys reseal / ${values} values stand under ${id}: run hub keys reseal`);
  else if (key.idleSince === undefined) io.stdout(`请先运行 hub keys reseal / run hub keys reseal first`);
  else if (!isDropped) io.stdout(`最近一分钟内仍可能写入，请稍后再试 / ${id} was in use a minute ago: try again later`);
  else io.stdout(`已删除密钥 ${id} / The key ${id} is dropped`);
  return isDropped ? 0 : 1;
}

async function withHub(io: CommandIo, work: (hub: Hub) => Promise<number>): Promise<number> {
  fieldKeys(keyDirOf(io));
  if (!isStoreThere({ dataDir: io.dataDir, storeUrl: io.env.HUB_STORE }))
    throw new CommandFault(`${io.dataDir} 中没有数据 / holds no data`);
  const hub = await openHub({ dataDir: io.dataDir, env: io.env, untouched: true });
  try {
    return await work(hub);
  } finally {
    await hub.close();
  }
}

function keyDirOf({ dataDir }: CommandIo): string {
  return join(dataDir, 'keys');
}

function fieldKeys(keyDir: string): FieldKeys {
  const keys = readFieldKeys(keyDir, SUITES);
  if (!keys) throw new CommandFault(`${keyDir} 中没有密钥 / holds no keys`);
  return keys;
}
