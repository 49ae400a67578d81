import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type AccessEntry, SIGNALS, type Signal } from '../auth/access-entry.ts';
import type { Store } from '../store/port.ts';
import { ACCESS_LOG, readRecord } from '../subgraphs/access/log-chain.ts';
import { readHeads } from '../subgraphs/access/log-heads.ts';
import { readLogVerifier } from '../subgraphs/access/log-key.ts';
import { type LogFault, verifyLog } from '../subgraphs/access/verify-log.ts';
import type { Command, CommandIo } from './command.ts';
import { CommandFault } from './command-fault.ts';
import { accessLogFolders, openLogStore } from './log-store.ts';
import { isLogStoreThere, type StorePlace } from './store-place.ts';

const USAGE =
  'hub audit verify | hub audit search [--org USCC] [--subject ID] [--staff ID] [--from TIME] [--to TIME] [--decision ALLOW|PARTIAL|DENY] [--signal OVER_REQUEST]';
const READ_AT_ONCE = 1000;

/** `hub audit verify`: whether the access log is as it was written; exit code 1 when it is not. `hub audit search`: its entries, oldest first. */
export const runAudit: Command = async ([action, ...argv], io) => {
  if (action !== 'verify' && action !== 'search') throw new CommandFault(USAGE);
  // Heads without a log are a log that was taken away.
  const place: StorePlace = { dataDir: io.dataDir, storeUrl: io.env.HUB_STORE };
  if (!isLogStoreThere(place) && !existsSync(accessLogFolders(io.dataDir).headDir))
    throw new CommandFault(`${io.dataDir} 中没有访问日志 / holds no access log`);
  const criteria = action === 'search' ? readCriteria(argv) : undefined;
  if (!criteria) parseArgs({ args: [...argv], options: {} });
  const store = await openLogStore(place);
  try {
    return criteria ? await search(store, criteria, io) : await verify(store, io);
  } finally {
    await store.close();
  }
};

/** Faults that are told one by one; all are counted. */
const MOST_TOLD = 1000;

async function verify(store: Store, io: CommandIo): Promise<number> {
  const { keyDir, headDir } = accessLogFolders(io.dataDir);
  const keys = readLogVerifier(keyDir);
  const faults: LogFault[] = [];
  const onFault = (fault: LogFault) => {
    if (faults.length < MOST_TOLD) faults.push(fault);
  };
  const verified = await verifyLog({ store, keys, heads: readHeads(headDir, keys), onFault });
  if (io.json) io.stdout(JSON.stringify({ ...verified, ok: verified.faults === 0, found: faults }));
  else {
    for (const fault of faults) io.stdout(faultLine(fault));
    const { entries, chains, checkpoints } = verified;
    const counts = `${entries} 条 entries, ${chains} 条链 chains, ${checkpoints} 个签名检查点 signed checkpoints`;
    io.stdout(
      verified.faults === 0
        ? `访问日志完好 The access log is whole: ${counts}`
        : `访问日志有 ${verified.faults} 处异常 faults in the access log: ${counts}`,
    );
  }
  return verified.faults === 0 ? 0 : 1;
}

const FAULTS: Readonly<Record<LogFault['fault'], string>> = {
  NO_RECORD: '无法辨认的内容 what stands there is no record',
  ALTERED: '记录被改动 a record was altered',
  MISSING: '记录缺失 records are missing',
  MOVED: '记录错位或重复 a record stands in another place, or twice',
  REPLACED: '记录被替换 a record does not follow on the one before it',
  UNSIGNED: '检查点签名无效或缺失 a checkpoint is not signed by this hub, or is missing',
  CUT: '末尾被截断 the end was cut off',
  SUITE: '本枢纽没有该链所用的密码套件 this hub does not have the cryptographic suite of the chain',
  HEAD: '链首文件缺失或无效 the head of the chain is missing, or not signed by this hub',
};

function faultLine({ fault, writer, number, upTo, place }: LogFault): string {
  const where = [
    writer && `链 chain ${writer}`,
    number !== undefined && `序号 number ${upTo === undefined || upTo === number ? number : `${number}–${upTo}`}`,
    place !== undefined && `位置 place ${place}`,
  ];
  return `${fault.padEnd(9)} ${where.filter(Boolean).join(', ')}: ${FAULTS[fault]}`;
}

type Criteria = (entry: AccessEntry) => boolean;

function readCriteria(argv: readonly string[]): Criteria {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...argv],
    options: { org: text, subject: text, staff: text, from: text, to: text, decision: text, signal: text },
  });
  const { org, subject, staff, decision } = values;
  const signal = SIGNALS.find((known) => known === values.signal);
  if (decision !== undefined && !['ALLOW', 'PARTIAL', 'DENY'].includes(decision)) throw new CommandFault(USAGE);
  if (values.signal !== undefined && !signal) throw new CommandFault(USAGE);
  const from = instant('--from', values.from);
  const to = instant('--to', values.to);
  return (entry) =>
    (org === undefined || entry.organisation === org) &&
    (subject === undefined || entry.asker === subject || entry.disclosed.some((part) => part.subject === subject)) &&
    (staff === undefined || entry.staff === staff) &&
    (decision === undefined || entry.decision === decision) &&
    (signal === undefined || entry.signals?.includes(signal) === true) &&
    (from === undefined || entry.at >= from) &&
    (to === undefined || entry.at < to);
}

/** A day begins at midnight in Shanghai. */
function instant(option: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const time = new Date(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00+08:00` : text);
  if (Number.isNaN(time.getTime()))
    throw new CommandFault(`${option} 须为日期或时间 / is a date or a time: 2026-11-24, 2026-11-24T12:00:00+08:00`);
  return time.toISOString();
}

async function search(store: Store, matches: Criteria, io: CommandIo): Promise<number> {
  for (let after = 0; ; ) {
    const page = await store.read((tx) => tx.entries(ACCESS_LOG, after, READ_AT_ONCE));
    const last = page.at(-1);
    if (!last) return 0;
    after = last.place;
    for (const { entry } of page) {
      const record = readRecord(entry);
      if (record?.k !== 'ACCESS') continue;
      const found = record.e as AccessEntry;
      if (matches(found)) io.stdout(io.json ? JSON.stringify(found) : entryLine(found));
    }
  }
}

const SIGNAL_LABELS: Readonly<Record<Signal, string>> = { OVER_REQUEST: '超范围查询' };

function entryLine(entry: AccessEntry): string {
  const { at, decision, kind, audience, organisation, staff, asker, purpose, disclosed, denied, signals = [], error } = entry;
  const who = [audience, organisation, staff, asker].filter((part) => part !== undefined).join(' ');
  const subjects = [...new Set(disclosed.map(({ subject }) => subject))];
  const more = [
    purpose,
    subjects.length > 0 && `主体 subjects ${subjects.join(' ')}`,
    denied.length > 0 && `拒绝 denied ${denied.length}`,
    ...signals.map((signal) => `${SIGNAL_LABELS[signal]} ${signal}`),
    error,
  ];
  return [at, decision.padEnd(7), kind, who, ...more.filter(Boolean)].join('  ');
}
