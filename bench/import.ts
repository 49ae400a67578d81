import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runImport } from '../cli/import.ts';
import { usccCheckDigit } from '../schema/uscc.ts';

// node bench/import.ts [rows] [runs]: validated penalty rows a second from one CSV file, each run in a process and a store of its own.

const SUBJECTS = 40_000;
const DEPARTMENTS = 20;
const EARLY_ROW = 20_000;
const SURNAMES = '赵钱孙李周吴郑王冯陈';
const HEADINGS = [
  '行政相对人名称',
  '行政相对人类别',
  '行政相对人代码_1(统一社会信用代码)',
  '行政相对人代码_3(组织机构代码)',
  '法定代表人',
  '法定代表人证件类型',
  '法定代表人证件号码',
  '证件类型',
  '证件号码',
  '行政处罚决定书文号',
  '违法行为类型',
  '违法事实',
  '处罚依据',
  '处罚类别',
  '处罚内容',
  '罚款金额(万元)',
  '处罚决定日期',
  '处罚有效期',
  '处罚机关',
  '处罚机关统一社会信用代码',
  '数据来源单位',
  '数据来源单位统一社会信用代码',
  '备注',
];

interface Run {
  readonly seconds: number;
  /** CPU time of the process, which other jobs on the machine disturb less than the clock. */
  readonly cpuSeconds: number;
  readonly accepted: number;
  readonly memoryEarly: number;
  readonly memoryLate: number;
}

if (process.argv[2] === '--run') console.log(JSON.stringify(await importOnce(process.argv[3] ?? '', process.argv[4] ?? '')));
else await measure(Number(process.argv[2] ?? 200_000), Number(process.argv[3] ?? 3));

async function measure(rows: number, runs: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'hub-bench-'));
  try {
    const file = join(folder, 'penalties.csv');
    await writePenalties(file, rows);
    const results = Array.from({ length: runs }, (_run, index) => inOwnProcess(file, join(folder, `data-${index}`)));
    const rates = results.map(({ seconds }) => rows / seconds).sort((one, other) => one - other);
    for (const { seconds, cpuSeconds, accepted, memoryEarly, memoryLate } of results) {
      console.log(
        `${accepted} accepted in ${seconds.toFixed(1)} s (${cpuSeconds.toFixed(1)} s of CPU); ${memoryEarly.toFixed(0)} MB at row ${EARLY_ROW}, ${memoryLate.toFixed(0)} MB at the end`,
      );
    }
    console.log(
      `rows/s: median ${rates[Math.floor(rates.length / 2)]?.toFixed(0)}, from ${rates[0]?.toFixed(0)} to ${rates.at(-1)?.toFixed(0)}`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function inOwnProcess(file: string, dataDir: string): Run {
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--expose-gc', fileURLToPath(import.meta.url), '--run', file, dataDir], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  rmSync(dataDir, { recursive: true, force: true });
  return JSON.parse(stdout);
}

async function importOnce(file: string, dataDir: string): Promise<Run> {
  let memoryEarly = 0;
  let accepted = 0;
  const start = performance.now();
  await runImport([file, '--data', dataDir, '--type', 'PENALTY', '--json'], {
    stdout: (line) => {
      accepted = JSON.parse(line).accepted;
    },
    // The first line of progress comes at this row.
    stderr: () => {
      memoryEarly ||= memory();
    },
  });
  const { user, system } = process.cpuUsage();
  return { seconds: (performance.now() - start) / 1000, cpuSeconds: (user + system) / 1e6, accepted, memoryEarly, memoryLate: memory() };
}

/** What the process really needs, in MB: without what only waits to be collected. */
function memory(): number {
  globalThis.gc?.();
  return process.memoryUsage().rss / 1e6;
}

async function writePenalties(file: string, rows: number): Promise<void> {
  const stream = createWriteStream(file);
  stream.write(`\ufeff${HEADINGS.join(',')}\r\n`);
  for (let row = 0; row < rows; row++) {
    if (!stream.write(`${penalty(row).map(quoted).join(',')}\r\n`)) await once(stream, 'drain');
  }
  stream.end();
  await once(stream, 'finish');
}

function penalty(row: number): readonly string[] {
  const who = (row * 7919) % SUBJECTS;
  const isPerson = who % 20 === 0;
  const department = row % DEPARTMENTS;
  const authority = uscc('11411502', 'MB', department);
  const name = `浉河区第${department + 1}管理局`;
  const person = `${SURNAMES.charAt(who % SURNAMES.length)}${SURNAMES.charAt((who >> 4) % SURNAMES.length)}`;
  const code = isPerson ? '' : uscc('91411502', 'MA', who);
  const year = 2024 + (row % 2);
  const day = `${year}/${String((row % 12) + 1).padStart(2, '0')}/${String((row % 28) + 1).padStart(2, '0')}`;
  const fine = ((row % 5000) / 100).toFixed(6);
  return [
    isPerson ? person : `浉河第${who}商贸有限公司`,
    isPerson ? '自然人' : '法人及非法人组织',
    code,
    code.slice(8, 17),
    isPerson ? '' : person,
    isPerson ? '' : '身份证',
    isPerson ? '' : citizenId(who),
    isPerson ? '身份证' : '',
    isPerson ? citizenId(who) : '',
    `浉罚〔${year}〕${String(row).padStart(7, '0')}号`,
    '经营超过保质期的食品',
    `经检查，当事人货架上摆放的${row % 9}盒糕点已超过保质期${row % 90}天${row % 4 === 0 ? '，当场未能提供进货查验记录，联系电话13900000000' : ''}。`,
    '《中华人民共和国食品安全法》第一百二十四条第一款第五项',
    row % 3 === 0 ? '警告' : '罚款；没收非法财物',
    `对当事人作出行政处罚，罚款${fine}万元`,
    row % 3 === 0 ? '' : fine,
    day,
    day.replace(/^\d+/, String(year + 1)),
    name,
    authority,
    name,
    authority,
    '',
  ];
}

function uscc(prefix: string, body: string, number: number): string {
  const code = `${prefix}${body}${String(number).padStart(7, '0')}`;
  return code + usccCheckDigit(code);
}

/** Region 411599 does not exist, so that the numbers belong to nobody. */
function citizenId(number: number): string {
  const digits = `4115991970010${1 + (number % 9)}${String(number % 1000).padStart(3, '0')}`;
  const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
  const sum = weights.reduce((total, weight, place) => total + weight * Number(digits.charAt(place)), 0);
  return digits + '10X98765432'.charAt(sum % 11);
}

function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
