import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openHub } from '../../cli/open-hub.ts';
import { loadSamples } from '../../cli/samples.ts';
import { EVERY } from '../../schema/filter.ts';
import { ROOT } from '../support/command.ts';
import { COMPANY, penalty } from '../support/fixtures.ts';
import { openTemporaryHub } from '../support/temporary-hub.ts';

const README = await readFile(join(ROOT, 'README.md'), 'utf8');
const CHINESE = await readFile(join(ROOT, 'README.zh-CN.md'), 'utf8');
const OWN_ENV = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('HUB_') && name !== 'PORT'));
const ADDRESS = 'http://127.0.0.1:4000';
/** Time on the clock says more about what else the machine does. */
const TELL_USAGE =
  'data:text/javascript,process.on("exit",()=>{const{user,system}=process.cpuUsage();process.stderr.write("usage "+Math.round((user+system)/1000)+"\\n")})';
const LAST_LINE = /in a browser: \S+\n$/;

let dataDir: string;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'hub-'));
});
afterAll(async () => {
  for (const child of running) child.kill('SIGKILL');
  await rm(dataDir, { recursive: true, force: true });
});
/** What a test that fails leaves behind would keep the run from ending. */
const running = new Set<ChildProcess>();

interface Started {
  readonly url: string;
  readonly lines: readonly string[];
  /** Answers how many milliseconds of a processor it needed from its start on. */
  stop(): Promise<number>;
}

/** What `npm start` runs, on a free port; its lines are complete when the last one was printed. */
async function start(): Promise<Started> {
  const argv = [`--import=${TELL_USAGE}`, join(ROOT, 'cli/hub.ts'), 'serve', '--samples', '--port', '0', '--data', dataDir];
  const child = spawn(process.execPath, argv, { cwd: ROOT, env: OWN_ENV, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'close');
  let log = '';
  child.stderr.on('data', (piece: Buffer) => {
    log += piece.toString();
  });
  running.add(child);
  child.once('close', () => running.delete(child));
  let printed = '';
  for await (const piece of child.stdout) {
    printed += String(piece);
    if (LAST_LINE.test(printed)) break;
  }
  const url = /http:\/\/[\d.:]+/.exec(printed)?.[0];
  if (!url) throw new Error(`the hub did not start: ${printed}`);
  return {
    url,
    lines: printed.trimEnd().split('\n'),
    async stop() {
      child.kill('SIGTERM');
      await ended;
      return Number(/^usage (\d+)$/m.exec(log)?.[1]);
    },
  };
}

/** As much of curl as is pasted, since not every machine has it. */
const CURL = `
  const { parseArgs } = await import('node:util');
  const { values, positionals } = parseArgs({ args: process.argv.slice(1), allowPositionals: true,
    options: { s: { type: 'boolean', short: 's' }, H: { type: 'string', short: 'H', multiple: true }, d: { type: 'string', short: 'd' } } });
  const headers = values.H.map((header) => header.split(/: (.*)/s).slice(0, 2));
  const answer = await fetch(positionals[0], { method: 'POST', headers, body: values.d });
  process.stdout.write(await answer.text());
`;

/** Pastes a text into a shell. */
async function paste(script: string): Promise<string> {
  const functions = ['curl() { "$NODE" --input-type=module -e "$CURL" -- "$@"; }', 'npx() { shift; "$NODE" cli/hub.ts "$@"; }'];
  const child = spawn('sh', ['-c', [...functions, script].join('\n')], {
    cwd: ROOT,
    env: { ...OWN_ENV, NODE: process.execPath, CURL, HUB_DATA: dataDir },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  for await (const piece of child.stdout) printed += String(piece);
  return printed;
}

/** The parts of a README that are pasted and shown. */
function blocksOf(text: string): readonly { readonly kind: string; readonly content: string }[] {
  return [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, kind = '', content = '']) => ({ kind, content }));
}

/** Several documents, each from the beginning of a line. */
function documentsIn(text: string): readonly unknown[] {
  return text
    .trim()
    .split(/\n(?=\{)/)
    .map((document) => JSON.parse(document));
}

/** "…" in what a README shows stands for any value, or at the end of a list for whatever follows. */
function shown(value: unknown): unknown {
  if (value === '…') return expect.anything();
  if (Array.isArray(value)) {
    return value.at(-1) === '…' ? expect.arrayContaining(value.slice(0, -1).map(shown)) : value.map(shown);
  }
  if (typeof value !== 'object' || value === null) return value;
  return expect.objectContaining(Object.fromEntries(Object.entries(value).map(([key, member]) => [key, shown(member)])));
}

// What is pasted is written for a POSIX shell.
const withShell = process.platform === 'win32' ? describe.skip : describe;

describe('npm start', () => {
  let hub: Started;
  beforeAll(async () => {
    hub = await start();
  }, 60_000);
  afterAll(() => hub.stop());

  it('prints no number of a person, neither in words nor in tokens', () => {
    const tokens = hub.lines.flatMap((line) => /^export \w+=\S+?\.(\S+?)\./.exec(line)?.[1] ?? []);
    expect(tokens).toHaveLength(3);
    const text = [...hub.lines, ...tokens.map((token) => Buffer.from(token, 'base64url').toString())].join('\n');
    expect(text).not.toMatch(/\d{17}[\dX]/);
  });

  withShell('on an empty folder', () => {
    it('prints three queries that answer each caller as it may see the samples', async () => {
      const pasted = hub.lines.filter((line) => /^(export |curl | {2})/.test(line));
      const answers = documentsIn(await paste(pasted.join('\n').replaceAll(/^ {2}-d .*$/gm, '$&; echo')));
      const facts = answers.map((answer) => JSON.stringify(answer));
      expect(answers).toEqual([
        {
          data: { subject: { name: '青禾麦田食品有限公司', penalties: expect.objectContaining({ totalCount: 1 }) } },
          extensions: expect.anything(),
        },
        { data: { subject: { name: '青禾麦田食品有限公司', penalties: expect.objectContaining({ totalCount: 3 }) } } },
        {
          data: { subject: { name: '青禾麦田食品有限公司', penalties: expect.objectContaining({ totalCount: 1 }) } },
          extensions: expect.anything(),
        },
      ]);
      expect(facts.map((fact) => fact.includes('卷宗已归档'))).toEqual([false, true, false]);
    });

    it('makes the five minutes of the README true, one after the other', async () => {
      const chapter = README.slice(README.indexOf('## Five minutes'), README.indexOf('## Where things are'));
      const blocks = blocksOf(chapter);
      const scripts = blocks.filter(({ kind }) => kind === 'sh').map(({ content }) => content.replaceAll(ADDRESS, hub.url));
      const outputs = (await paste(scripts.join("\nprintf '\\036'\n"))).replaceAll(dataDir, 'data').split('\u001e');
      const expected = blocks.flatMap(({ kind }, index) => (kind === 'sh' ? [blocks[index + 1]] : []));
      expect(outputs).toHaveLength(expected.length);
      for (const [index, output] of outputs.entries()) {
        const answer = expected[index];
        if (answer?.kind === 'json') expect(documentsIn(output)).toEqual(documentsIn(answer.content).map(shown));
        else expect(output).toBe(answer?.kind === 'text' ? answer.content : '');
      }
    }, 60_000);
  });
});

describe('npm start again', () => {
  it('leaves the store as it is, and needs less than three seconds of a processor', async () => {
    const before = await countRecords();
    const milliseconds = await (await start()).stop();
    expect(await countRecords()).toBe(before);
    expect(milliseconds).toBeLessThan(3000);
  }, 60_000);
});

describe('samples', () => {
  it('are left out where any record stands', async () => {
    const hub = await openTemporaryHub();
    await hub.submit('PENALTY', [penalty()]);
    expect(await loadSamples(hub)).toBe(false);
    expect(await hub.directory.find({ kind: 'organisation', uscc: COMPANY, name: '' })).toMatchObject({ id: expect.any(String) });
    expect(await hub.store.read((tx) => tx.count('record-index', EVERY))).toBe(1);
    await hub.close();
  });

  it.each(['2026-02-28', '2028-02-29', '2031-12-31'])('fit the catalogue whatever the day of the first start: %s', async (today) => {
    const hub = await openTemporaryHub(today);
    expect(await loadSamples(hub)).toBe(true);
    const [repaired] = await hub.store.read((tx) => tx.find('administrative-penalty', documentNamed('青市监罚字第1002号')));
    const [disputed] = await hub.store.read((tx) => tx.find('administrative-penalty', documentNamed('青住建罚字第2001号')));
    const [basis] = await hub.store.read((tx) => tx.find('administrative-penalty', documentNamed('青应急罚字第4002号')));
    expect([repaired?.gate?.stopped, disputed?.gate?.objection, basis?.gate?.heldByBlack]).toEqual(['REPAIRED', true, true]);
    await hub.close();
  });

  it('are no copies of numbers that anybody has: every identity number is of a region that does not exist', async () => {
    const folder = join(ROOT, 'samples');
    const texts = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name), 'utf8')));
    const numbers = texts.flatMap((text) => text.match(/(?<![\dA-Z])[1-9]\d{5}(?:19|20)\d{9}[\dX]/g) ?? []);
    expect(numbers.length).toBeGreaterThan(10);
    expect(numbers.filter((number) => !number.startsWith('411599'))).toEqual([]);
  });
});

describe('the Chinese README', () => {
  it('shows the same commands and answers as the English one', () => {
    expect(blocksOf(CHINESE)).toEqual(blocksOf(README));
  });
});

function documentNamed(documentNo: string) {
  const field = 'column.documentNo';
  return { where: { op: 'eq', field, value: documentNo }, order: [{ field, direction: 'ASC' }], limit: 1 } as const;
}

async function countRecords(): Promise<number> {
  const hub = await openHub({ dataDir, env: {} });
  const count = await hub.store.read((tx) => tx.count('record-index', EVERY));
  await hub.close();
  return count;
}
