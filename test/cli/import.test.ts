import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { runImport } from '../../cli/import.ts';
import { type Hub, openHub } from '../../cli/open-hub.ts';
import { COMPANY, debtorEntry, HOUSING, MARKET, OTHER_COMPANY, PERSON, penalty, personalPenalty } from '../support/fixtures.ts';
import { temporaryData } from '../support/temporary-hub.ts';

type Row = Readonly<Record<string, unknown>>;
const CLOCK = { now: () => new Date('2026-11-24T12:00:00+08:00') };
/** Exchange codes of the columns that the fixtures fill, by item name. */
const CODES: Readonly<Record<string, string>> = {
  counterpartName: 'CF_XDR_MC',
  counterpartType: 'CF_XDR_LB',
  uscc: 'CF_XDR_SHXYM',
  legalRepName: 'CF_FRDB',
  legalRepIdType: 'CF_FR_ZJLX',
  legalRepIdNumber: 'CF_FR_ZJHM',
  personIdType: 'CF_XDR_ZJLX',
  personIdNumber: 'CF_XDR_ZJHM',
  documentNo: 'CF_WSH',
  violationType: 'CF_WFXW',
  violationFacts: 'CF_SY',
  basis: 'CF_YJ',
  penaltyTypes: 'CF_CFLB',
  content: 'CF_NR',
  fineAmountWan: 'CF_NR_FK',
  decisionDate: 'CF_JDRQ',
  validTo: 'CF_YXQ',
  authority: 'CF_CFJG',
  authorityUscc: 'CF_CFJGDM',
  sourceDeptName: 'CF_SJLY',
  sourceDeptUscc: 'CF_SJLYDM',
  remark: 'BZ',
};

describe('hub import', () => {
  let folder: string;
  let data: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'import-'));
    data = await temporaryData();
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
    await rm(data, { recursive: true, force: true });
  });

  async function run(...argv: readonly string[]) {
    const lines: string[] = [];
    let log = '';
    const io = { stdout: (line: string) => lines.push(line), stderr: (text: string) => (log += text), clock: CLOCK, env: {} };
    const code = await runImport([...argv, '--data', data], io);
    return { code, out: lines.join('\n'), log };
  }
  async function imported(...argv: readonly string[]) {
    const { code, out } = await run(...argv, '--json');
    const report = JSON.parse(out);
    const [file] = report.files;
    return { code, report, file, counts: [file.accepted, file.updated, file.unchanged, file.rejected] };
  }
  async function written(name: string, content: string | Buffer): Promise<string> {
    await writeFile(join(folder, name), content);
    return join(folder, name);
  }
  const csv = (name: string, rows: readonly Row[], headings: readonly string[] = Object.values(CODES)) => {
    const names = Object.fromEntries(Object.entries(CODES).map(([item, code]) => [code, item]));
    const lines = rows.map((row) => headings.map((heading) => quoted(String(row[names[heading] ?? heading] ?? ''))).join(','));
    return written(name, `\ufeff${[headings.join(','), ...lines].join('\r\n')}\r\n`);
  };
  const jsonLines = (name: string, rows: readonly Row[]) => written(name, rows.map((row) => JSON.stringify(row)).join('\n'));
  async function withHub<T>(work: (hub: Hub) => Promise<T>): Promise<T> {
    const hub = await openHub({ dataDir: data, clock: CLOCK, env: {}, untouched: true });
    try {
      return await work(hub);
    } finally {
      await hub.close();
    }
  }
  const stored = (collection: string) =>
    withHub((hub) => hub.store.read((tx) => tx.find(collection, { where: { op: 'all', of: [] }, order: [], limit: 10_000 })));

  it('counts what became of each row, and names the rows that it refused', async () => {
    const file = await csv('penalties.csv', [
      penalty(),
      penalty(),
      penalty({ documentNo: '2', fineAmountWan: '-1' }),
      penalty({ content: '改' }),
      personalPenalty(),
    ]);
    const { code, report, file: first } = await imported(file);
    expect(code).toBe(1);
    expect(report).toMatchObject({ accepted: 2, updated: 1, unchanged: 1, rejected: 1 });
    expect(first).toMatchObject({
      file,
      recordType: 'PENALTY',
      accepted: 2,
      updated: 1,
      unchanged: 1,
      rejected: 1,
      rejectedFile: join(data, 'rejected/penalties.rejected.csv'),
      notices: [],
      unknownColumns: [],
    });
    expect(first.reasons).toEqual([
      {
        row: 4,
        column: '罚款金额(万元)',
        code: 'NEGATIVE_AMOUNT',
        message: expect.stringMatching(/^罚款金额\(万元\)：.+ \/ 罚款金额\(万元\): .+/),
      },
    ]);
  });

  it('changes nothing when it is run again', async () => {
    const file = await csv('penalties.csv', [penalty(), penalty({ content: '改' }), personalPenalty()]);
    expect(await imported(file)).toMatchObject({ code: 0, counts: [2, 1, 0, 0] });
    const before = [await stored('administrative-penalty'), await stored('subject'), await stored('work-item')];
    expect(await imported(file)).toMatchObject({ code: 0, counts: [0, 0, 3, 0] });
    expect([await stored('administrative-penalty'), await stored('subject'), await stored('work-item')]).toEqual(before);
  });

  it('makes public the organisations that open rows name, before it ends', async () => {
    await imported(await csv('penalties.csv', [penalty(), penalty({ uscc: OTHER_COMPANY, documentNo: '2', penaltyTypes: 'WARNING' })]));
    expect(Object.fromEntries((await stored('subject')).map(({ body, gate }) => [String(body.uscc), gate?.status]))).toEqual({
      [COMPANY]: 'PUBLISHED',
      [OTHER_COMPANY]: 'NOT_PUBLIC',
    });
  });

  it('reads GB 18030', async () => {
    const [name, person, number] = ['b2e8d4cfcab3c6b7d3d0cfdeb9abcbbe', 'cee2c7bf', '9bb8b7a3a1b232303236a1b331bac5'].map((hex) =>
      Buffer.from(hex, 'hex'),
    );
    const row = penalty({
      counterpartName: '<1>',
      legalRepName: '<2>',
      documentNo: '<3>',
      legalRepIdType: '',
      violationType: 'x',
      violationFacts: 'x',
      basis: 'x',
      content: 'x',
      authority: 'x',
      sourceDeptName: 'x',
      remark: '',
    });
    const text = await readFile(await csv('ascii.csv', [row]));
    const parts = text
      .subarray(3)
      .toString('latin1')
      .split(/<[123]>/);
    const bytes = [name, person, number].flatMap((cell, place) => [Buffer.from(parts[place] ?? '', 'latin1'), cell ?? Buffer.alloc(0)]);
    const file = await written('gb.csv', Buffer.concat([...bytes, Buffer.from(parts[3] ?? '', 'latin1')]));
    expect(await imported(file)).toMatchObject({ code: 0, counts: [1, 0, 0, 0] });
    expect((await stored('administrative-penalty'))[0]?.body).toMatchObject({
      counterpartName: '茶韵食品有限公司',
      legalRepName: '吴强',
      documentNo: '浉罚〔2026〕1号',
    });
  });

  it("lets a second department's row of the same document number change nothing of the first one's record", async () => {
    await imported(await csv('first.csv', [penalty()]));
    const [before] = await stored('administrative-penalty');
    expect(await imported(await csv('second.csv', [penalty({ sourceDeptUscc: HOUSING, content: '别的内容' })]))).toMatchObject({
      counts: [1, 0, 0, 0],
    });
    const after = await stored('administrative-penalty');
    expect(after.find(({ key }) => key === before?.key)).toEqual(before);
    expect(after.map(({ gate }) => gate?.status).sort()).toEqual(['PUBLISHED', 'VALIDATED']);
  });

  describe('of a file without a type', () => {
    it('finds the type whose required columns are all there', async () => {
      const headings = [...Object.values(CODES), '程序类型'];
      expect((await imported(await csv('a.csv', [penalty()], headings))).file.recordType).toBe('PENALTY');
    });

    it('names the required columns that are missing, in both languages, and goes on with the other files', async () => {
      const lacking = await csv(
        'lacking.csv',
        [penalty()],
        Object.values(CODES).filter((heading) => heading !== 'CF_WSH' && heading !== 'CF_JDRQ'),
      );
      const good = await csv('good.csv', [penalty()]);
      const { code, report } = await imported(lacking, join(folder, 'nowhere.csv'), good);
      expect(code).toBe(2);
      expect(report.files[0]).toMatchObject({
        accepted: 0,
        recordType: null,
        unusable: expect.stringContaining('行政处罚决定书文号、处罚决定日期'),
      });
      expect(report.files[0].unusable).toContain('documentNo (CF_WSH), decisionDate (CF_JDRQ)');
      expect(report.files[1].unusable).toContain('文件无法打开');
      expect(report).toMatchObject({ accepted: 1 });
    });

    it('refuses headings that belong to nothing', async () => {
      expect((await imported(await written('strange.csv', '甲,乙\n1,2\n'))).file.unusable).toContain('--type');
    });

    it('needs no column of the source when the source is given', async () => {
      const file = await csv(
        'a.csv',
        [penalty()],
        Object.values(CODES).filter((heading) => !heading.startsWith('CF_SJLY')),
      );
      expect((await imported(file)).code).toBe(2);
      expect(await imported(file, '--source', MARKET)).toMatchObject({ code: 0, counts: [1, 0, 0, 0] });
    });

    it('reports columns that it does not know', async () => {
      const { file } = await imported(await csv('a.csv', [penalty({ 天气: '晴' })], [...Object.values(CODES), '天气']));
      expect(file).toMatchObject({ accepted: 1, unknownColumns: ['天气'] });
    });

    it('takes JSON lines of several types, each row naming its own', async () => {
      const rows = [
        { recordType: 'PENALTY', ...penalty() },
        { recordType: 'LIST_ENTRY', ...debtorEntry() },
        { recordType: 'DEPARTMENT', uscc: MARKET, name: '浉河区市场监督管理局' },
        { recordType: 'WEATHER' },
        { ...penalty({ documentNo: '2' }) },
      ];
      const { file, counts } = await imported(await jsonLines('a.jsonl', rows));
      expect(counts).toEqual([3, 0, 0, 2]);
      expect(file.recordType).toBeNull();
      expect(file.reasons.map(({ row, column, code }: Row) => [row, column, code])).toEqual([
        [4, 'recordType', 'UNKNOWN_VALUE'],
        [5, 'recordType', 'REQUIRED'],
      ]);
    });
  });

  it('takes JSON lines of one type, with nested values', async () => {
    const entry = debtorEntry({ basisDocs: [{ kind: 'JUDGMENT', docNo: '（2025）豫1502民初1号' }] });
    expect(
      await imported(await jsonLines('a.jsonl', [entry, { ...entry, decisionNo: '2', weather: 'fine' }]), '--type', 'list_entry'),
    ).toMatchObject({ counts: [2, 0, 0, 0], file: { recordType: 'LIST_ENTRY', unknownColumns: ['weather'] } });
  });

  it('keeps a refused row for correction, closed to others, safe in a spreadsheet, and takes it back exactly', async () => {
    const formula = '=HYPERLINK("http://x")';
    const { file } = await imported(await csv('a.csv', [penalty({ remark: formula, counterpartName: '' })]));
    const text = await readFile(file.rejectedFile, 'utf8');
    expect(text).toContain(`"'=HYPERLINK(""http://x"")"`);
    expect((await stat(file.rejectedFile)).mode & 0o777).toBe(0o600);
    const mended = await written('mended.csv', text.replace(/\r\n,/, '\r\n茶韵食品有限公司,'));
    expect(await imported(mended)).toMatchObject({ code: 0, counts: [1, 0, 0, 0], file: { unknownColumns: [] } });
    expect((await stored('administrative-penalty'))[0]?.body.remark).toBe(formula);
  });

  it('keeps at most 1,000 reasons of a file, and counts all', async () => {
    const { file } = await imported(
      await csv(
        'a.csv',
        Array.from({ length: 1200 }, () => penalty({ counterpartName: '', documentNo: '' })),
      ),
    );
    expect([file.rejected, file.reasons.length]).toEqual([1200, 1000]);
  });

  it('keeps the refused rows of two files of one name apart', async () => {
    await mkdir(join(folder, 'other'));
    const files = [await csv('a.csv', [penalty({ counterpartName: '' })]), await csv('other/a.csv', [penalty({ documentNo: '' })])];
    const { report } = await imported(...files);
    const texts = await Promise.all(report.files.map(({ rejectedFile }: { rejectedFile: string }) => readFile(rejectedFile, 'utf8')));
    expect(texts.map((text) => /REQUIRED \S+：必填项为空/.exec(text)?.[0])).toEqual([
      'REQUIRED 行政相对人名称：必填项为空',
      'REQUIRED 行政处罚决定书文号：必填项为空',
    ]);
  });

  describe('as a dry run', () => {
    it('writes nothing where there is nothing', async () => {
      await rm(data, { recursive: true });
      expect(await imported(await csv('a.csv', [penalty(), penalty(), penalty({ counterpartName: '' })]), '--dry-run')).toMatchObject({
        code: 1,
        counts: [1, 0, 1, 1],
        file: { rejectedFile: null },
      });
      expect(existsSync(data)).toBe(false);
    });

    it('tells what an import would do, and does not do it', async () => {
      await imported(await csv('a.csv', [penalty(), personalPenalty()]));
      const rows = [
        penalty(),
        penalty({ content: '改' }),
        penalty(),
        penalty({ uscc: OTHER_COMPANY }),
        penalty({ sourceDeptUscc: HOUSING }),
        personalPenalty({ documentNo: '新' }),
        personalPenalty({ counterpartName: '', documentNo: '坏' }),
      ];
      const filler = Array.from({ length: 600 }, (_row, index) => penalty({ documentNo: `第${index % 550}号` }));
      const file = await csv('b.csv', [...filler, ...rows, ...filler]);
      const position = await withHub((hub) => hub.store.position());
      const rehearsed = await imported(file, '--dry-run');
      expect(await withHub((hub) => hub.store.position())).toBe(position);
      expect(await readdir(data)).not.toContain('rejected');
      const real = await imported(file);
      expect({ ...rehearsed.report.files[0], rejectedFile: '' }).toEqual({ ...real.report.files[0], rejectedFile: '' });
    });
  });

  it('loses nothing and doubles nothing when it is killed in the middle and run again', async () => {
    const rows = Array.from({ length: 4000 }, (_row, index) =>
      index % 10 === 0
        ? personalPenalty({ documentNo: `第${index}号` })
        : penalty({ documentNo: `第${index}号`, uscc: index % 3 === 0 ? COMPANY : OTHER_COMPANY }),
    );
    const file = await csv('large.csv', rows);
    await killedAfter(1000, file, data);
    const survived = (await stored('administrative-penalty')).length;
    expect(survived % 500).toBe(0);
    expect(survived).toBeLessThan(4000);
    expect(await imported(file)).toMatchObject({ code: 0, counts: [4000 - survived, 0, survived, 0] });
    const records = await stored('administrative-penalty');
    expect(new Set(records.map(({ body }) => body.documentNo)).size).toBe(4000);
    expect(new Set((await stored('record-index')).map(({ key }) => key))).toEqual(new Set(records.map(({ key }) => key)));
    expect((await stored('subject')).map(({ gate }) => gate?.status).sort()).toEqual(['NOT_PUBLIC', 'PUBLISHED', 'PUBLISHED']);
  }, 60_000);

  it.each([
    ['no file', []],
    ['an unknown type', ['a.csv', '--type', 'WEATHER']],
    ['an unknown encoding', ['a.csv', '--encoding', 'latin1']],
    ['a source that is no code', ['a.csv', '--source', '市场监管局']],
    ['an unknown flag', ['a.csv', '--force']],
  ])('ends with 2 and a sentence when it is given %s', async (_what, argv) => {
    const { code, out, log } = await run(...argv);
    expect([code, out]).toEqual([2, '']);
    expect(log.length).toBeGreaterThan(5);
  });

  it('writes for people in Chinese and English', async () => {
    const { out } = await run(await csv('a.csv', [penalty(), penalty({ counterpartName: '' })]));
    expect(out).toContain('新增 accepted 1');
    expect(out).toMatch(/退回 \/ rejected 行 row 3 REQUIRED 行政相对人名称：必填项为空/);
    expect(out).not.toContain(PERSON.idNumber);
  });

  it('never loads the gateway', () => {
    const loaded = importsOf(fileURLToPath(new URL('../../cli/import.ts', import.meta.url)));
    expect(loaded.filter((path) => /\/gateway\/|@apollo/.test(path))).toEqual([]);
    expect(loaded.length).toBeGreaterThan(30);
  });
});

/** Imports in a process of its own and kills it as soon as it says that so many rows are done. */
async function killedAfter(rows: number, file: string, data: string): Promise<void> {
  const module = new URL('../../cli/import.ts', import.meta.url).href;
  const script = `import { runImport } from '${module}';
    await runImport([process.argv[1], '--data', process.argv[2]], { stdout() {}, stderr: (text) => process.stderr.write(text), isTerminal: true, env: {}, clock: { now: () => new Date('2026-11-24T12:00:00+08:00') } });`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script, file, data], { stdio: ['ignore', 'ignore', 'pipe'] });
  child.stderr.on('data', (chunk) => {
    const done = Math.max(...Array.from(String(chunk).matchAll(/: (\d+) 行/g), (match) => Number(match[1])), 0);
    if (done >= rows) child.kill('SIGKILL');
  });
  const [, signal] = await once(child, 'close');
  if (signal !== 'SIGKILL') throw new Error('the import ended before it could be killed');
}

/** Every file and package that is loaded with this one. */
function importsOf(file: string, seen = new Set<string>()): readonly string[] {
  if (seen.has(file)) return [];
  seen.add(file);
  for (const [, from = ''] of readFileSync(file, 'utf8').matchAll(/(?:^|\n)(?:import|export) (?!type )[^;]*? from '([^']+)'/g)) {
    if (from.startsWith('.') && from.endsWith('.ts')) importsOf(join(dirname(file), from), seen);
    else seen.add(from);
  }
  return [...seen];
}

function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
