import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { signDevelopmentToken } from '../auth/dev-key.ts';
import { addDays, addMonths, shanghaiToday } from '../schema/calendar-date.ts';
import { EVERY } from '../schema/filter.ts';
import { CommandFault } from './command-fault.ts';
import { importFile } from './import/import-file.ts';
import type { Hub } from './open-hub.ts';

const FOLDER = fileURLToPath(new URL('../samples', import.meta.url));
/** The registry first, so that departments are known when their records come; what speaks of other records last. */
const ORDER = ['registry.jsonl', '行政许可.csv', '行政处罚.csv', 'tax-credit.jsonl', 'lists.jsonl', 'commitments.jsonl', 'repairs.jsonl'];

/** Departments and organisations of the samples that the tour speaks of. */
export const SAMPLE = {
  market: '11411502MB0HUB0189',
  housing: '11411502MB0HUB0264',
  tea: '91411502MA0HUB110U',
  build: '91411502MA0HUB129Q',
  food: '91411502MA0HUB137K',
  pharm: '91411502MA0HUB145E',
  creditBody: '91411502MA0HUB313G',
} as const;

/**
 * Loads the fictional samples into an empty embedded store, by the same way as an operator's import; dates count from today. Answers false and does nothing
 * where any record stands already.
 * @throws CommandFault when a sample does not fit the catalogue
 */
export async function loadSamples({ store, catalogue, engine, effects, clock }: Hub): Promise<boolean> {
  const records = catalogue.types.filter(({ kind }) => kind === 'record');
  const counts = await store.read(async (tx) =>
    Promise.all(records.map(async ({ collection }) => (await tx.find(collection, { where: EVERY, order: [], limit: 1 })).length)),
  );
  if (counts.some((count) => count > 0)) return false;
  const today = shanghaiToday(clock.now());
  const folder = await mkdtemp(join(tmpdir(), 'hub-samples-'));
  try {
    for (const name of ORDER) {
      const file = join(folder, name);
      await writeFile(file, dated(await readFile(join(FOLDER, name), 'utf8'), today));
      const report = await importFile({ catalogue, engine }, file, {
        type: undefined,
        source: undefined,
        encoding: undefined,
        isDryRun: true,
        rejectedFolder: folder,
        onProgress: () => {},
      });
      const [reason] = report.reasons;
      if (reason) throw new CommandFault(`samples/${name}, row ${reason.row}: ${reason.message}`);
      await effects.settle();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return true;
}

/** Names of the sample files, for the test that holds them to `ORDER`. */
export async function sampleFiles(): Promise<readonly string[]> {
  return (await readdir(FOLDER)).sort();
}

/** `{D-30}` days and `{M-14}` months from today, `"{Y-1}"` a year as a number. */
function dated(text: string, today: string): string {
  return text
    .replace(/"\{Y([+-]\d+)\}"/g, (_all, years: string) => String(Number(today.slice(0, 4)) + Number(years)))
    .replace(/\{([DM])([+-]\d+)\}/g, (_all, unit: string, amount: string) =>
      unit === 'D' ? addDays(today, Number(amount)) : addMonths(today, Number(amount)),
    );
}

/** What `npm start` prints: three tokens of an hour, and three queries to paste. */
export function tour(dataDir: string, url: string): readonly string[] {
  const clock = { now: () => new Date() };
  const token = (claims: Parameters<typeof signDevelopmentToken>[1]) => signDevelopmentToken(dataDir, claims, 3600, clock);
  const subject = `{ subject(uscc: \\"${SAMPLE.tea}\\") { name penalties { totalCount nodes { documentNo violationFacts performanceStatus legalRepIdNumber remark } } } }`;
  const curl = (headers: readonly string[], query: string) => [
    `curl -s ${url}/graphql -H 'content-type: application/json' \\`,
    ...headers.map((header) => `  -H ${header} \\`),
    `  -d '{"query":"${query}"}'`,
  ];
  return [
    '',
    '示例令牌（一小时内有效） Tokens for an hour:',
    `export MARKET=${token({ audience: 'AGENCY', sub: 'sample-market', orgUscc: SAMPLE.market, deptCode: 'MARKET' })}`,
    `export HOUSING=${token({ audience: 'AGENCY', sub: 'sample-housing', orgUscc: SAMPLE.housing, deptCode: 'HOUSING' })}`,
    `export SUBJECT=${token({ audience: 'SUBJECT', sub: 'sample-subject', subjectUscc: SAMPLE.tea, authLevel: 2 })}`,
    '',
    '同一查询，三种身份 One query, asked as the public, as the department that decided, and as another department:',
    ...curl([], subject),
    ...curl(['"authorization: Bearer $MARKET"', "'hub-purpose: RECORD_MANAGEMENT'"], subject),
    ...curl(['"authorization: Bearer $HOUSING"', "'hub-purpose: QUALIFICATION'"], subject),
    '',
    `浏览器 In a browser: ${url}/graphql`,
  ];
}
