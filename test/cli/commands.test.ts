import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { copyTree, type Finished, ROOT, runHub, type ServedHub, serveHub } from '../support/command.ts';
import { HOUSING, MARKET, penalty } from '../support/fixtures.ts';
import type { Answer } from '../support/hub.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hub-commands-'));
});
afterAll(() => rm(folder, { recursive: true }));

const SLOW = 60_000;
const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);
/** A penalty that is in force today, whatever day that is. */
const recent = (changes: object = {}) => penalty({ decisionDate: daysAgo(30), validTo: daysAgo(-300), ...changes });
const jsonOf = ({ stdout }: Finished) => {
  const [document, ...more] = stdout.trim().split('\n');
  expect(more).toEqual([]);
  return JSON.parse(document ?? '');
};

async function ask(
  url: string,
  query: string,
  { token, purpose, variables }: { token?: string; purpose?: string; variables?: object } = {},
) {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(purpose ? { 'hub-purpose': purpose } : {}),
    },
    body: JSON.stringify({ query, variables }),
  });
  const body: Answer['body'] = await response.json();
  return { status: response.status, body };
}

/** A request of which the hub has the head, and waits for the body. */
function startRequest(url: string) {
  const headers = { 'content-type': 'application/json', expect: '100-continue' };
  const sent = request(`${url}/graphql`, { method: 'POST', headers });
  const begun = once(sent, 'continue');
  sent.flushHeaders();
  return {
    begun,
    async finish(body: object): Promise<Answer['body']> {
      const answered = once(sent, 'response');
      sent.end(JSON.stringify(body));
      const [response] = await answered;
      let text = '';
      for await (const chunk of response) text += chunk;
      return JSON.parse(text);
    },
  };
}

/** Resolves when nobody listens there any more. */
async function untilRefused(url: string): Promise<void> {
  for (;;) {
    const refused = await fetch(`${url}/healthz`).then(
      (response) => response.text().then(() => false),
      () => true,
    );
    if (refused) return;
  }
}

describe('hub compose and hub policy matrix', () => {
  it(
    'find the generated files as they have to be',
    async () => {
      const [compose, policy] = await Promise.all([runHub(['compose', '--check']), runHub(['policy', 'matrix', '--check'])]);
      expect([compose.code, compose.stderr]).toEqual([0, '']);
      expect(compose.stdout).not.toContain('differs');
      expect([policy.code, policy.stderr]).toEqual([0, '']);
    },
    SLOW,
  );

  it(
    'name what differs and leave it as it is, until they are told to write',
    async () => {
      const root = join(folder, 'tree');
      await copyTree(root, ['auth', 'cli', 'docs', 'gateway', 'schema', 'store', 'subgraphs'], ['package.json']);
      const [errors, permissions] = [join(root, 'docs/errors.md'), join(root, 'docs/permissions.md')];
      const original = await readFile(errors, 'utf8');
      for (const file of [errors, permissions]) await appendFile(file, 'changed by hand\n');
      const [check, matrix] = await Promise.all([
        runHub(['compose', '--check', '--json'], { root }),
        runHub(['policy', 'matrix', '--check', '--json'], { root }),
      ]);
      expect(check.code).toBe(1);
      expect(jsonOf(check)).toEqual({
        supergraph: expect.any(String),
        policy: expect.any(String),
        hints: [],
        different: ['docs/errors.md'],
      });
      expect(matrix.code).toBe(1);
      expect(jsonOf(matrix)).toMatchObject({ different: ['docs/permissions.md'] });
      expect(await readFile(errors, 'utf8')).toBe(`${original}changed by hand\n`);
      expect((await runHub(['compose'], { root })).code).toBe(0);
      expect(await readFile(errors, 'utf8')).toBe(original);
    },
    SLOW,
  );
});

describe('hub import', () => {
  const dataDir = () => join(folder, 'import-data');
  const HEADINGS =
    '行政相对人名称,行政相对人类别,统一社会信用代码,法定代表人,行政处罚决定书文号,违法行为类型,违法事实,处罚依据,处罚类别,处罚内容,处罚决定日期,处罚有效期,处罚机关,处罚机关统一社会信用代码,备注';
  const row = (number: string, changes: Partial<Record<'code' | 'date' | 'remark', string>> = {}) =>
    `茶韵食品有限公司,法人及非法人组织,${changes.code ?? '91411502MA4TE5T058'},吴强,${number},经营超过保质期的食品,货架上有超过保质期的糕点,食品安全法,罚款,罚款2.5万元,${changes.date ?? daysAgo(30)},${daysAgo(-300)},浉河区市场监督管理局,${MARKET},${changes.remark ?? ''}`;
  let file: string;
  beforeAll(async () => {
    file = join(folder, '处罚.csv');
    await writeFile(
      file,
      [HEADINGS, row('号一'), row('号二', { code: '9141150' }), row('号三', { date: '2025-02-30', remark: '=1+1' }), ''].join('\n'),
    );
  });
  const run = (...args: readonly string[]) => runHub(['import', ...args, '--data', dataDir(), '--json']);

  it(
    'writes nothing in a dry run',
    async () => {
      const finished = await run(file, '--source', MARKET, '--dry-run');
      expect(finished.code).toBe(1);
      expect(jsonOf(finished)).toMatchObject({ accepted: 1, rejected: 2, files: [{ rejectedFile: null }] });
      await expect(stat(dataDir())).rejects.toThrow('ENOENT');
    },
    SLOW,
  );

  it(
    'answers one JSON document of the agreed shape, and keeps rejected rows for their department alone',
    async () => {
      const finished = await run(file, '--source', MARKET);
      expect(finished.code).toBe(1);
      const report = jsonOf(finished);
      expect(report).toEqual({ files: [expect.any(Object)], accepted: 1, updated: 0, unchanged: 0, rejected: 2 });
      const [{ unknownColumns, ...only }] = report.files;
      expect(unknownColumns).toEqual([]);
      const finding = (found: object) => ({ message: expect.stringMatching(/[\u4e00-\u9fff]/), ...found });
      expect(only).toEqual({
        file,
        recordType: 'PENALTY',
        accepted: 1,
        updated: 0,
        unchanged: 0,
        rejected: 2,
        rejectedFile: expect.stringContaining(join(dataDir(), 'rejected')),
        reasons: [
          finding({ row: 3, column: '行政相对人代码_1(统一社会信用代码)', code: 'MALFORMED' }),
          finding({ row: 4, column: '处罚决定日期', code: 'IMPOSSIBLE_DATE' }),
        ],
        notices: [],
      });
      expect((await stat(only.rejectedFile)).mode & 0o777).toBe(0o600);
      const rejected = await readFile(only.rejectedFile, 'utf8');
      expect(rejected.startsWith('\ufeff')).toBe(true);
      expect(rejected).toContain("'=1+1");
      expect(rejected).toContain('IMPOSSIBLE_DATE');
    },
    SLOW,
  );

  it(
    'can be run again, and takes rows that were put right from the file of rejected ones',
    async () => {
      const [name = ''] = await readdir(join(dataDir(), 'rejected'));
      const corrected = join(folder, '更正.csv');
      const text = await readFile(join(dataDir(), 'rejected', name), 'utf8');
      await writeFile(corrected, text.replace('9141150,', '91411502MA4TE5T058,').replace('2025-02-30', daysAgo(20)));
      const finished = await run(file, corrected, '--source', MARKET);
      expect(finished.code).toBe(1);
      const { files } = jsonOf(finished);
      expect(files).toMatchObject([
        { accepted: 0, unchanged: 1, rejected: 2 },
        { accepted: 2, rejected: 0, rejectedFile: null },
      ]);
    },
    SLOW,
  );

  it.each([
    ['a file that is not there', ['nowhere.csv']],
    ['no file', []],
    ['a type that does not exist', ['nowhere.csv', '--type', 'NOTHING']],
    ['an option that does not exist', ['nowhere.csv', '--force']],
    ['a source that is no code', ['nowhere.csv', '--source', 'market']],
  ])(
    'ends with 2 for %s',
    async (_what, args) => {
      const { code, stderr } = await run(...args);
      expect(code).toBe(2);
      expect(stderr).not.toBe('');
      expect(stderr).not.toContain('    at ');
    },
    SLOW,
  );
});

describe('hub doctor', () => {
  it(
    'finds a folder that is not there, and makes none',
    async () => {
      const dataDir = join(folder, 'nowhere');
      const finished = await runHub(['doctor', '--json', '--data', dataDir]);
      expect(finished.code).toBe(1);
      const { findings } = jsonOf(finished);
      expect(findings.find(({ check }: { check: string }) => check === 'data')).toMatchObject({ ok: false });
      expect(findings.find(({ check }: { check: string }) => check === 'catalogue')).toMatchObject({ ok: true });
      await expect(stat(dataDir)).rejects.toThrow('ENOENT');
    },
    SLOW,
  );

  it(
    'finds nothing wrong with a hub that has data',
    async () => {
      const { code, stdout } = await runHub(['doctor', '--data', join(folder, 'import-data')]);
      expect(stdout).not.toContain('wrong');
      expect(stdout.trim().split('\n').length).toBeGreaterThanOrEqual(6);
      expect(code).toBe(0);
    },
    SLOW,
  );
});

describe('hub serve', () => {
  const SUBMIT = 'mutation ($records: [AdministrativePenaltyInput!]!) { submitAdministrativePenalty(records: $records) { accepted } }';
  const PAGE =
    'query ($after: Cursor) { penalties(first: 1, after: $after) { totalCount nodes { id documentNo } pageInfo { endCursor } } }';
  let dataDir: string;
  let token: string;
  let served: ServedHub;
  beforeAll(async () => {
    dataDir = join(folder, 'served');
    served = await serveHub(['--data', dataDir]);
    const made = await runHub(['token', '--audience', 'AGENCY', '--dept', MARKET, '--region', '411502', '--ttl', '30m', '--data', dataDir]);
    expect(made.code).toBe(0);
    token = made.stdout.trim();
  }, SLOW);
  afterAll(() => served.stop('SIGKILL'));

  it('takes the tokens that hub token makes', async () => {
    const { body } = await ask(served.url, '{ me { audience organisation department region } }', { token });
    expect(body.data.me).toEqual({ audience: 'AGENCY', organisation: MARKET, department: MARKET, region: '411502' });
  });

  it('listens on loopback, and keeps keys and data for its own user', async () => {
    expect(served.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    for (const name of ['', 'keys']) expect((await stat(join(dataDir, name))).mode & 0o077).toBe(0);
    for (const name of await readdir(join(dataDir, 'keys'))) expect((await stat(join(dataDir, 'keys', name))).mode & 0o077).toBe(0);
  });

  it(
    'keeps everything that it has answered when it is killed',
    async () => {
      const records = [recent(), recent({ documentNo: '浉市监罚〔2026〕002号' })];
      expect((await ask(served.url, SUBMIT, { token, variables: { records } })).body.data.submitAdministrativePenalty.accepted).toBe(2);
      const before = (await ask(served.url, PAGE)).body.data.penalties;
      expect(before.totalCount).toBe(2);
      expect(await served.stop('SIGKILL')).toBeNull();

      served = await serveHub(['--data', dataDir]);
      expect((await ask(served.url, PAGE)).body.data.penalties).toMatchObject({ totalCount: 2, nodes: before.nodes });
      const next = (await ask(served.url, PAGE, { variables: { after: before.pageInfo.endCursor } })).body.data.penalties;
      expect(next.nodes).toHaveLength(1);
      expect(next.nodes).not.toEqual(before.nodes);
      const own = await ask(served.url, '{ penalties { nodes { legalRepIdNumber } } }', { token, purpose: 'RECORD_MANAGEMENT' });
      expect(own.body.data.penalties.nodes).toEqual([
        { legalRepIdNumber: '411599197710058716' },
        { legalRepIdNumber: '411599197710058716' },
      ]);
      expect((await ask(served.url, SUBMIT.replace('accepted', 'unchanged'), { token, variables: { records } })).body.data).toEqual({
        submitAdministrativePenalty: { unchanged: 2 },
      });
    },
    SLOW,
  );

  it('writes nothing of a person, a token or a value into its log', async () => {
    await ask(served.url, 'query ($p: PersonHandle) { subject(person: $p) { id } }', {
      token,
      purpose: 'LICENSING',
      variables: { p: { idNumber: '411599196706275684', name: '陈英伟' } },
    });
    await ask(served.url, '{ penalties(where: { documentNo: { eq: "浉市监罚〔2026〕002号" } }) { totalCount } }');
    const log = served.log();
    expect(log).toContain('"event":"started"');
    for (const secret of ['411599', '陈英伟', '浉市监罚', token.slice(-20), '    at ']) expect(log).not.toContain(secret);
  });

  it(
    'finishes what it was asked and ends with 0 when it is told to stop',
    async () => {
      const running = startRequest(served.url);
      await running.begun;
      const code = served.stop('SIGTERM');
      await untilRefused(served.url);
      expect(await running.finish({ query: '{ penalties { totalCount } }' })).toEqual({ data: { penalties: { totalCount: 2 } } });
      expect(await code).toBe(0);
      expect(served.log()).toContain('"event":"stopped"');
    },
    SLOW,
  );

  it(
    'serves one subgraph alone, and no subgraph that does not exist',
    async () => {
      const alone = await serveHub(['subgraph', 'records', '--data', dataDir]);
      try {
        expect((await ask(alone.url, '{ penalties { totalCount } }')).body.data).toEqual({ penalties: { totalCount: 2 } });
        expect((await ask(alone.url, '{ subjects { totalCount } }')).status).toBe(200);
      } finally {
        expect(await alone.stop('SIGTERM')).toBe(0);
      }
      const unknown = await runHub(['serve', 'subgraph', 'weather', '--port', '0', '--data', dataDir]);
      expect(unknown.code).toBe(2);
      expect(unknown.stderr).not.toContain('    at ');
    },
    SLOW,
  );
});

describe('hub', () => {
  it(
    'is a program of its own, from whatever folder it is called',
    async () => {
      const bin = join(folder, 'hub');
      await symlink(join(ROOT, 'cli/hub.ts'), bin);
      const PATH = [dirname(process.execPath), process.env.PATH].join(delimiter);
      const child = spawn(bin, ['token', '--audience', 'AGENCY', '--dept', HOUSING, '--json'], {
        cwd: folder,
        env: { ...process.env, PATH },
      });
      const [code] = await once(child, 'close');
      expect(code).toBe(0);
      expect(await readdir(join(folder, 'data/keys'))).toContain('dev-key.json');
    },
    SLOW,
  );

  it.each([
    ['a command that does not exist', ['fly'], 2],
    ['the name of a property of every object', ['constructor'], 2],
    ['a command that asks for help', ['help'], 0],
    ['nothing', [], 0],
    ['an option that serve does not know', ['serve', '--colour', 'red'], 2],
    ['a port that is none', ['serve', '--port', '99999'], 2],
    ['a part that serve does not know', ['serve', 'kitchen'], 2],
    ['a token without an audience', ['token'], 2],
  ])(
    'ends after %s with the right code, and without a stack',
    async (_what, args, expected) => {
      const { code, stdout, stderr } = await runHub([...args], { env: { HUB_DATA: join(folder, 'unused') } });
      expect(code).toBe(expected);
      expect(stdout).toBe('');
      expect(stderr).not.toBe('');
      expect(stderr).not.toContain('    at ');
    },
    SLOW,
  );
});
