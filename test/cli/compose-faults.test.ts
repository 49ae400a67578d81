import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Finished, ROOT, runHub } from '../support/command.ts';

const SLOW = 60_000;
const head = (name: string, code: string, field: string) =>
  `"噪声等级"\ntype ${name} @recordType(code: "${code}", field: "${field}", section: EVALUATION, share: EVALUATION, nature: OTHER, identity: ["gradeNo"]) {`;
const NUMBER = '"等级编号"\ngradeNo: String @item(headings: ["等级编号"], required: true) @disclose(class: OPEN)';
const NOISE = head('NoiseGrade', 'NOISE', 'noiseGrades');

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hub-departments-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** `hub …` over the hub's own files and these of further departments. */
async function run(files: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<Finished> {
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return runHub(args, { env: { HUB_DEPARTMENTS: folder } });
}
const faultsOf = ({ code, stdout, stderr }: Finished) => {
  expect([code, stdout]).toEqual([2, '']);
  return stderr.trimEnd().split('\n');
};

describe('hub compose', () => {
  it(
    'prints every fault of every department file, each with its file, line and column, and nothing else',
    async () => {
      const faulty = await run(
        {
          'noise.graphql': [
            NOISE,
            NUMBER,
            '"分值"\nscore: Int! @item @disclose(class: OPEN)',
            '"血型"\nbloodType: String @item',
            '"联系电话"\nphone: String @item(filter: true) @disclose(class: OPEN_MASKED, mask: PHONE)',
            '}',
            'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: [{ name: "@requires", as: "@near" }])',
          ].join('\n'),
          'smoke.graphql': `${head('SmokeGrade', 'NOISE', 'smokeGrades')}\n${NUMBER}\n}\ntype AdministrativePenalty { "备注" remark: String @disclose(class: OPEN) }`,
          'water.graphql': 'type Water {',
        },
        'compose',
      );
      expect(faultsOf(faulty)).toEqual([
        'departments/noise.graphql:6:1 NoiseGrade.score has to be nullable: a closed field is answered with null',
        'departments/noise.graphql:8:1 NoiseGrade.bloodType names a category that may not be collected',
        'departments/noise.graphql:8:1 NoiseGrade.bloodType has no @disclose',
        'departments/noise.graphql:10:1 NoiseGrade.phone is masked and can be neither filtered nor ordered',
        'departments/noise.graphql:12:1 a department file holds object types and enums only',
        'departments/smoke.graphql:2:6 code NOISE is taken by NoiseGrade, SmokeGrade',
        expect.stringMatching(/^departments\/smoke.graphql:6:6 AdministrativePenalty has neither @recordType nor @catalogueType/),
        expect.stringMatching(
          /^departments\/smoke.graphql:6:6 AdministrativePenalty is defined already in subgraphs\/records\/penalty.graphql:\d+$/,
        ),
        'departments/water.graphql:1:13 Syntax Error: Expected Name, found <EOF>.',
      ]);
    },
    SLOW,
  );

  it(
    'prints a field of another type than on the interface with its place',
    async () => {
      const text = `${NOISE}\n${NUMBER}\n"备注"\nremark: Int @item @disclose(class: HANDLING)\n}`;
      expect(faultsOf(await run({ 'noise.graphql': text }, 'compose'))).toEqual([
        'departments/noise.graphql:6:1 NoiseGrade.remark has to be String, as in every record',
      ]);
    },
    SLOW,
  );

  it(
    'prints a type that the hub defines itself with both places',
    async () => {
      const text = `${NOISE}\n${NUMBER}\n"调用者"\naccess: SubjectAccess @item @disclose(class: OPEN)\n}\ntype SubjectAccess { "时间" at: DateTime @item @disclose(class: OPEN) }`;
      expect(faultsOf(await run({ 'noise.graphql': text }, 'compose'))).toEqual([
        expect.stringMatching(/^subgraphs\/access\/extra.ts:\d+:\d+ SubjectAccess is defined by several subgraphs; a type belongs to one$/),
        'departments/noise.graphql:8:6 SubjectAccess is defined by several subgraphs; a type belongs to one',
      ]);
    },
    SLOW,
  );

  it(
    'prints what only composition finds, with a place too',
    async () => {
      const text = `${head('NoiseGrade', 'NOISE', 'me')}\n${NUMBER}\n"分值"\nkind: VoucherKind @item @disclose(class: OPEN)\n}\nenum VoucherKind { A }`;
      const faults = faultsOf(await run({ 'noise.graphql': text }, 'compose'));
      for (const fault of faults) expect(fault).toMatch(/^[a-z/-]+(\.graphql|\.ts)?:\d+:\d+ .+/);
      expect(faults.join('\n')).toContain('Query.me');
    },
    SLOW,
  );

  it(
    'prints files whose name would make them a part of another subgraph',
    async () => {
      const [noise, tax] = [`${NOISE}\n${NUMBER}\n}`, `${head('TaxGrade', 'TAX_GRADE', 'taxGrades')}\n${NUMBER}\n}`];
      expect(
        faultsOf(
          await run({ 'changes.graphql': noise, 'records.graphql': noise, 'Noise 1.graphql': noise, 'tax.graphql': tax }, 'compose'),
        ),
      ).toEqual([
        'departments/Noise 1.graphql:1:1 the name of the file begins with a small letter, and small letters, digits and - follow',
        "departments/changes.graphql:1:1 changes is a subgraph of the hub's own",
        "departments/records.graphql:1:1 records is a subgraph of the hub's own",
        'departments/tax.graphql:1:1 there are two files of the name tax.graphql',
      ]);
    },
    SLOW,
  );

  it(
    'takes a department that repeats an enum of others word for word',
    async () => {
      const domains = await readFile(join(ROOT, 'subgraphs/records/common.graphql'), 'utf8');
      const text = `${NOISE}\n${NUMBER}\n"领域"\ndomain: CreditDomain @item @disclose(class: OPEN)\n}\n${/enum CreditDomain[^}]*}/.exec(domains)?.[0]}`;
      const { code, stderr } = await run({ 'noise.graphql': text }, 'compose', '--check', '--json');
      expect([code, stderr]).toEqual([1, '']);
    },
    SLOW,
  );
});

describe('hub import and hub serve', () => {
  it(
    'do not begin on a faulty department file, and say the same of it',
    async () => {
      const text = `${NOISE}\n${NUMBER}\n"分值"\nscore: Int @item\n}`;
      for (const args of [
        ['import', 'nothing.csv', '--data', join(folder, 'data')],
        ['serve', '--port', '0', '--data', join(folder, 'data')],
        ['policy', 'matrix', '--check'],
      ])
        expect([args[0], ...faultsOf(await run({ 'noise.graphql': text }, ...args))]).toEqual([
          args[0],
          'departments/noise.graphql:6:1 NoiseGrade.score has no @disclose',
        ]);
    },
    SLOW,
  );
});
