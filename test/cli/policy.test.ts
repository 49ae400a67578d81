import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CATALOGUE_RULES, RECORD_RULES, SUBJECT_HANDLE_RULE } from '../../auth/matrix.ts';
import { RULE_WORDS } from '../../cli/generate/policy-words.ts';
import { copyTree, type Finished, ROOT, runHub } from '../support/command.ts';

const SLOW = 60_000;
const POLICY = join(ROOT, 'schema/generated/policy.json');
const FIELD = 'AdministrativePenalty.legalRepIdNumber';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hub-policy-'));
});
afterAll(() => rm(folder, { recursive: true }));

const jsonOf = ({ stdout }: Finished) => JSON.parse(stdout);

describe('hub policy explain', () => {
  it(
    'tells for every audience who sees a field, on what condition, by which rule and clause',
    async () => {
      const { code, stdout, stderr } = await runHub(['policy', 'explain', FIELD]);
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toContain(`行政处罚·法定代表人证件号码  ${FIELD}`);
      expect(stdout).toContain('等级 class 政务共享·按职责 SHARED_BY_DUTY；脱敏 mask ID');
      expect(stdout).toContain('社会公众 PUBLIC：不可见 does not see it');
      expect(stdout).toMatch(/机关部门 AGENCY：\n {2}声明履职用途，并持有.*→ 明文。依据 E3：周政发/);
      expect(stdout).toMatch(/信用办（运营） OPERATOR：\n.*→ 脱敏。依据 E12：/);
      expect(stdout).toContain('records of the region → masked (rule E12)');
    },
    SLOW,
  );

  it(
    'takes the Chinese label, and one audience alone',
    async () => {
      const finished = await runHub(['policy', 'explain', '行政处罚.法定代表人', '--audience', 'PUBLIC', '--json']);
      expect(finished.code).toBe(0);
      expect(jsonOf(finished)).toMatchObject({
        coordinate: 'AdministrativePenalty.legalRepName',
        label: '法定代表人',
        disclosure: { class: 'OPEN' },
        audiences: [{ audience: 'PUBLIC', readings: [{ rule: 'E1', cells: expect.stringMatching(/^V/), source: expect.any(String) }] }],
      });
    },
    SLOW,
  );

  it(
    'tells rows about persons from those about organisations, and states that have a class of their own',
    async () => {
      const [penalty, entry] = await Promise.all([
        runHub(['policy', 'explain', 'AdministrativePenalty.documentNo', '--audience', 'CREDIT_BODY']),
        runHub(['policy', 'explain', 'RepairCase.status', '--audience', 'AGENCY']),
      ]);
      expect(penalty.stdout).toMatch(/出示该自然人签署的有效授权凭证.*→ 明文/);
      expect(entry.stdout).toMatch(/状态为 SUBMITTED 时明文/);
    },
    SLOW,
  );

  it(
    'says through which field a nested value is reached',
    async () => {
      const { stdout } = await runHub(['policy', 'explain', 'ResponsiblePerson.idNumber', '--audience', 'PUBLIC']);
      expect(stdout).toContain('须同时能看到 only where this is seen too: ListEntry.responsiblePersons');
    },
    SLOW,
  );

  it.each([
    ['a field that does not exist', ['没有这个字段'], /没有字段“没有这个字段” \/ there is no field/],
    ['a label that several fields bear', ['法定代表人证件号码'], /AdministrativePenalty\.legalRepIdNumber {2}行政处罚·法定代表人证件号码/],
    ['an audience that does not exist', [FIELD, '--audience', 'NOBODY'], /there is no audience NOBODY/],
    ['no field', [], /用法 usage/],
  ])(
    'explains what is wrong with %s',
    async (_what, args, message) => {
      const { code, stdout, stderr } = await runHub(['policy', 'explain', ...args]);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toMatch(message);
    },
    SLOW,
  );

  it('has words and a source for every rule of the table', () => {
    const rules = [...RECORD_RULES, ...CATALOGUE_RULES, SUBJECT_HANDLE_RULE].map(({ id }) => id);
    expect(rules.filter((rule) => !RULE_WORDS[rule])).toEqual([]);
  });
});

describe('hub policy diff', () => {
  const written = async (name: string, change: (policy: Changeable) => void): Promise<string> => {
    const policy = JSON.parse(await readFile(POLICY, 'utf8'));
    change(policy);
    const path = join(folder, name);
    await writeFile(path, JSON.stringify(policy));
    return path;
  };

  it(
    'says of the present policy that nothing changed',
    async () => {
      const { code, stdout, stderr } = await runHub(['policy', 'diff', POLICY]);
      expect([code, stdout.trim(), stderr]).toEqual([0, '权限无变化 nothing changed', '']);
    },
    SLOW,
  );

  it(
    'lists what opened first and marks it, then what closed, from the files of a changed tree',
    async () => {
      const root = join(folder, 'tree');
      await copyTree(root, ['auth', 'cli', 'docs', 'gateway', 'schema', 'store', 'subgraphs'], ['package.json']);
      const penalty = join(root, 'subgraphs/records/penalty.graphql');
      const sdl = await readFile(penalty, 'utf8');
      const changed = sdl
        .replace(/(orgCode: String .*)@disclose\(class: SHARED\)/, '$1@disclose(class: OPEN)')
        .replace(/(performanceStatus: .*)@disclose\(class: SHARED_BY_DUTY\)/, '$1@disclose(class: SOURCE_ONLY)');
      expect(changed).not.toBe(sdl);
      await writeFile(penalty, changed);
      const { code, stdout, stderr } = await runHub(['policy', 'diff', POLICY], { root });
      expect([code, stderr]).toEqual([1, '']);
      const lines = stdout.split('\n');
      expect(lines[0]).toBe('开放 opened 1，收紧 closed 1，其他 other 0，规则 rules 0');
      const [opened, closed] = [lines.indexOf('开放 OPENED（1）'), lines.indexOf('收紧 CLOSED（1）')];
      expect(opened).toBeGreaterThan(0);
      expect(closed).toBeGreaterThan(opened);
      expect(lines[opened + 1]).toMatch(/^! 变更 changed AdministrativePenalty\.orgCode /);
      expect(lines[opened + 2]).toContain('等级 class 政务共享·普遍 SHARED  →  等级 class 公开公示 OPEN');
      expect(lines.slice(opened, closed)).toContainEqual(
        expect.stringMatching(/开放 opened 社会公众 PUBLIC：不可见 not seen {2}→ {2}.*明文.*\[E1\]/),
      );
      expect(lines[closed + 1]).toMatch(/^ {2}变更 changed AdministrativePenalty\.performanceStatus /);
      expect(lines.slice(closed)).toContainEqual(
        expect.stringMatching(/收紧 closed 信用主体本人 SUBJECT：.*\[E5\] {2}→ {2}不可见 not seen/),
      );
    },
    SLOW,
  );

  it(
    'tells a change of the table by its effects, and names the rule',
    async () => {
      const root = join(folder, 'table');
      await copyTree(root, ['auth', 'cli', 'docs', 'gateway', 'schema', 'store', 'subgraphs'], ['package.json']);
      const matrix = join(root, 'auth/matrix.ts');
      const table = await readFile(matrix, 'utf8');
      const rule = "rows: ({ supervised }) => supervised, clear: ['OPEN', 'SHARED']";
      expect(table).toContain(rule);
      await writeFile(matrix, table.replace(rule, rule.replace("'SHARED'", "'SHARED', 'HANDLING'")));
      const finished = await runHub(['policy', 'diff', POLICY, '--json'], { root });
      expect(finished.code).toBe(1);
      const { opened, closed, other, rules } = jsonOf(finished);
      expect([closed, other]).toEqual([[], []]);
      expect(opened.map(({ coordinate }: { coordinate: string }) => coordinate)).toContain('AdministrativePenalty.remark');
      expect(opened[0].audiences).toEqual([
        expect.objectContaining({ audience: 'SUPERVISION', opened: true, closed: false, after: [expect.stringMatching(/^E9 V/)] }),
      ]);
      expect(rules).toEqual([
        {
          rule: 'E9',
          of: 'RECORDS',
          kind: 'CHANGED',
          settings: [{ name: 'clear', before: ['OPEN', 'SHARED'], after: ['OPEN', 'SHARED', 'HANDLING'] }],
        },
      ]);
    },
    SLOW,
  );

  it(
    'tells new and gone fields, root fields and rules from two files',
    async () => {
      const older = await written('older.json', ({ items, allow, rules }) => {
        delete items[FIELD];
        items['AdministrativePenalty.former'] = {
          class: 'OPEN',
          inState: [],
          scrub: false,
          effects: items['AdministrativePenalty.documentNo']?.effects,
        };
        allow['Query.penalties'] = ['AGENCY', 'SYSTEM_ADMIN'];
        rules[0] = { ...rules[0], rows: 'other' };
      });
      const finished = await runHub(['policy', 'diff', older, POLICY, '--json']);
      expect(finished.code).toBe(1);
      const { opened, closed, roots, rules } = jsonOf(finished);
      expect(opened).toMatchObject([{ coordinate: FIELD, kind: 'NEW' }]);
      expect(closed).toMatchObject([{ coordinate: 'AdministrativePenalty.former', kind: 'GONE' }]);
      expect(roots).toEqual([{ field: 'Query.penalties', opened: expect.arrayContaining(['PUBLIC']), closed: ['SYSTEM_ADMIN'] }]);
      expect(rules).toMatchObject([{ rule: 'E1', settings: [{ name: 'rows', before: 'other' }] }]);
    },
    SLOW,
  );

  it(
    'reads the older one from standard input, and one that does not tell effects by the present table',
    async () => {
      const policy = JSON.parse(await readFile(POLICY, 'utf8'));
      const { effects: _effects, rules: _rules, ...older } = policy;
      older.items[FIELD] = { class: 'AUDIT', inState: [], scrub: false };
      const { code, stdout } = await piped(JSON.stringify(older), ['policy', 'diff', '-']);
      expect(code).toBe(1);
      expect(stdout).toContain('the older file does not tell what its table gave');
      expect(stdout).toMatch(new RegExp(`! 变更 changed ${FIELD.replace('.', '\\.')} 法定代表人证件号码`));
      expect(stdout).toContain('开放 opened 1，收紧 closed 0，其他 other 0，规则 rules 0');
    },
    SLOW,
  );

  it.each([
    ['a file that is not there', ['missing.json'], /missing\.json/],
    ['a file that is no policy', [join(ROOT, 'package.json')], /不是 policy\.json/],
    ['no file', [], /用法 usage/],
  ])(
    'explains what is wrong with %s',
    async (_what, args, message) => {
      const { code, stdout, stderr } = await runHub(['policy', 'diff', ...args]);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toMatch(message);
    },
    SLOW,
  );
});

interface Changeable {
  readonly items: Record<string, { class: string; effects?: string | undefined } & Record<string, unknown>>;
  readonly allow: Record<string, string[]>;
  readonly rules: Record<string, unknown>[];
}

/** Runs `hub …` with a text at its standard input. */
async function piped(input: string, args: readonly string[]): Promise<Pick<Finished, 'code' | 'stdout'>> {
  const child = spawn(process.execPath, [join(ROOT, 'cli/hub.ts'), ...args], { cwd: ROOT, stdio: ['pipe', 'pipe', 'inherit'] });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stdin.end(input);
  const [code] = await once(child, 'close');
  return { code: typeof code === 'number' ? code : null, stdout: Buffer.concat(chunks).toString('utf8') };
}
