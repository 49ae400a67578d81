import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Catalogue } from '../schema/catalogue.ts';
import type { Command, CommandIo } from './command.ts';
import { CommandFault } from './command-fault.ts';
import { lockFile } from './file-lock.ts';
import { keepCursor, openPulledLines, type PulledLines, readKeptCursor } from './pull-files.ts';
import { PullFault, type PullRequest, pullPage } from './pull-request.ts';
import { policyFromFiles } from './static-graph.ts';

const USAGE =
  'hub pull --url URL --token-file FILE --out FILE.jsonl --cursor FILE [--purpose CODE] [--matter CODE] [--voucher ID] [--where JSON] [--fields "documentNo …" | --query-file FILE] [--first N] [--once | --follow SECONDS]';
const DEFAULT_PAGE = 100;

interface Pulled {
  pages: number;
  changes: number;
  resyncs: number;
}

/**
 * `hub pull`: appends what the feed tells to a file, one JSON document a line, and keeps the cursor behind it. A kill repeats lines and loses none.
 * Exit code 0 when the end was reached, 1 when the hub did not answer in time, 2 when something has to be mended first.
 */
export const runPull: Command = async (argv, io) => {
  const options = await readOptions(argv, io);
  const stopping = new AbortController();
  const stop = () => stopping.abort();
  process.once('SIGINT', stop).once('SIGTERM', stop);
  const pulled: Pulled = { pages: 0, changes: 0, resyncs: 0 };
  try {
    const fault = await pullLocked({ ...options, pulled, signal: stopping.signal }, io);
    report(pulled, fault, io);
    return fault === undefined ? 0 : fault.isPassing ? 1 : 2;
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
};

/** Two runs from one cursor would each write what the other has written. */
async function pullLocked(pulling: Omit<Pulling, 'lines'>, io: CommandIo): Promise<PullFault | undefined> {
  const lock = await lockFile(pulling.cursorFile);
  try {
    const lines = await openPulledLines(pulling.out);
    try {
      return await pullAll({ ...pulling, lines }, io);
    } finally {
      await lines.close();
    }
  } finally {
    await lock.release();
  }
}

interface PullOptions extends Pick<PullRequest, 'url' | 'tokenFile' | 'headers' | 'query'> {
  readonly out: string;
  readonly cursorFile: string;
  readonly where: unknown;
  readonly first: number;
  /** Undefined for once. */
  readonly followMs: number | undefined;
}

interface Pulling extends PullOptions {
  readonly lines: PulledLines;
  readonly pulled: Pulled;
  readonly signal: AbortSignal;
}

/** Reads to the end, and again and again if that was asked for; returns what ended it, if it was not the end. */
async function pullAll(pulling: Pulling, io: CommandIo): Promise<PullFault | undefined> {
  const { followMs, signal } = pulling;
  for (;;) {
    try {
      await pullToEnd(pulling, io);
    } catch (error) {
      if (!(error instanceof PullFault)) throw error;
      if (signal.aborted) return undefined;
      // Who follows goes on asking: a hub that is gone for an hour is no reason to leave.
      if (followMs === undefined || !error.isPassing) return error;
      io.stderr(error.message);
    }
    if (followMs === undefined || signal.aborted) return undefined;
    await sleep(followMs, undefined, { signal }).catch(() => undefined);
  }
}

async function pullToEnd(pulling: Pulling, io: CommandIo): Promise<void> {
  const { lines, pulled, cursorFile, signal, where, first } = pulling;
  for (let hasMore = true; hasMore && !signal.aborted; ) {
    const after = await readKeptCursor(cursorFile);
    const onWait = (why: string, wait: number) => io.stderr(`${why}；${wait / 1000} 秒后再试 / again in ${wait / 1000} s`);
    const page = await pullPage({ ...pulling, onWait, variables: { after, first, where } });
    // What was received stands before the place behind it does: between the two, a kill costs a repetition.
    await lines.append([...beginnings(after, page.resync), ...page.nodes.map(flattened)]);
    await keepCursor(cursorFile, page.endCursor);
    pulled.pages++;
    pulled.changes += page.nodes.length;
    if (page.resync !== null) pulled.resyncs++;
    hasMore = page.hasMore;
  }
}

/** Where a consumer has to list everything: what it tells then follows on that list. */
function beginnings(after: string | null, resync: string | null): readonly unknown[] {
  if (after === null) return [{ type: 'BEGUN' }];
  return resync === null ? [] : [{ type: 'RESYNC', reason: resync }];
}

function report({ pages, changes, resyncs }: Pulled, fault: PullFault | undefined, io: CommandIo): void {
  if (io.json) io.stdout(JSON.stringify({ pages, changes, resyncs, error: fault?.code ?? null }));
  else io.stdout(`${changes} 条变更 changes, ${resyncs} 次重新同步 resyncs`);
  if (fault) io.stderr(fault.message);
}

async function readOptions(argv: readonly string[], io: CommandIo): Promise<PullOptions> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...argv],
    options: {
      ...{ url: text, 'token-file': text, out: text, cursor: text, purpose: text, matter: text, voucher: text, where: text, fields: text },
      ...{ 'query-file': text, first: text, follow: text, once: { type: 'boolean' } as const },
    },
  });
  const { url, out, cursor, purpose, matter, voucher, fields, follow, once, 'token-file': tokenFile, 'query-file': queryFile } = values;
  if (!url || !out || !cursor || !tokenFile || (fields !== undefined && queryFile !== undefined) || (once && follow !== undefined))
    throw new CommandFault(USAGE);
  const named = { 'hub-purpose': purpose, 'hub-matter': matter, 'hub-voucher': voucher };
  const where = values.where === undefined ? undefined : readWhere(values.where);
  return {
    url: addressOf(url),
    tokenFile,
    out,
    cursorFile: cursor,
    where,
    first: wholeNumber('--first', values.first) ?? DEFAULT_PAGE,
    followMs: secondsOf(follow),
    headers: Object.fromEntries(Object.entries(named).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))),
    query: queryFile === undefined ? queryFor(policyFromFiles(io.env).catalogue, namesIn(fields), where) : await readQuery(queryFile),
  };
}

/** A token that travels openly is everybody's. */
function addressOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isLocal = url !== undefined && ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname);
  if (!url || !(url.protocol === 'https:' || (url.protocol === 'http:' && isLocal)))
    throw new CommandFault('--url 须为 https 地址（本机可用 http） / is an https address, or http on this machine');
  if (url.username || url.password) throw new CommandFault('--url 中不得有口令 / may hold no password');
  if (url.pathname === '/') url.pathname = '/graphql';
  return url;
}

function readWhere(text: string): Readonly<Record<string, unknown>> {
  try {
    const where: unknown = JSON.parse(text);
    if (typeof where === 'object' && where !== null && !Array.isArray(where)) return where as Readonly<Record<string, unknown>>;
  } catch {
    // Told below, as what is no object is.
  }
  throw new CommandFault('--where 须为 JSON 对象 / is a JSON object: {"recordTypes":["PENALTY"]}');
}

function secondsOf(text: string | undefined): number | undefined {
  const seconds = wholeNumber('--follow', text);
  return seconds === undefined ? undefined : seconds * 1000;
}

function wholeNumber(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= MOST_SECONDS) return number;
  throw new CommandFault(`${option} 须为 1 至 ${MOST_SECONDS} 的整数 / is a whole number from 1 to ${MOST_SECONDS}`);
}
const MOST_SECONDS = 86_400;

async function readQuery(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => {
    throw new CommandFault(`${file} 无法读取 / cannot be read`);
  });
}

function namesIn(fields: string | undefined): readonly string[] {
  return [...new Set(fields?.split(/[\s,]+/).filter((name) => name !== ''))];
}

/** Between a type and its field, in the aliases by which fields of one name and several types are asked for together. */
const BETWEEN = '__';

/** Asks for every field in each type of record that has it. @throws CommandFault for a field that none has */
function queryFor({ types }: Catalogue, names: readonly string[], where: Readonly<Record<string, unknown>> | undefined): string {
  const wanted = Array.isArray(where?.recordTypes) ? where.recordTypes : undefined;
  const asked = types.filter(({ kind, code }) => kind === 'record' && (!wanted || wanted.includes(code)));
  const unknown = names.find((name) => !asked.some(({ items }) => items.some((item) => item.name === name && item.shape !== 'object')));
  if (unknown !== undefined)
    throw new CommandFault(
      `--fields：没有信息类型有 ${unknown}，或须用 --query-file / no type of record has it, or it takes a --query-file`,
    );
  const selections = asked.flatMap(({ name, items }) => {
    const own = items.filter((item) => names.includes(item.name) && item.shape !== 'object');
    return own.length === 0 ? [] : [`... on ${name} { ${own.map((item) => `${name}${BETWEEN}${item.name}: ${item.name}`).join(' ')} }`];
  });
  const change = `id at type recordType recordId changedFields cause tombstone subject { id } record { __typename id ${selections.join(' ')} }`;
  return `query HubPull($after: Cursor, $first: Int, $where: ChangeFilter) { changes(after: $after, first: $first, where: $where) { nodes { ${change} } endCursor hasMore resync } }`;
}

/** The change with the fields of its record under their own names. */
function flattened(change: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { record } = change;
  if (typeof record !== 'object' || record === null || !('__typename' in record)) return change;
  const prefix = `${String(record.__typename)}${BETWEEN}`;
  const named = Object.entries(record).map(([name, value]) => [name.startsWith(prefix) ? name.slice(prefix.length) : name, value]);
  return { ...change, record: Object.fromEntries(named) };
}
