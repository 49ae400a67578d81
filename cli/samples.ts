import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type DevelopmentClaims, LONGEST_DEVELOPMENT_TOKEN_SECONDS, signDevelopmentToken } from '../auth/dev-key.ts';
import { addDays, addMonths, shanghaiToday } from '../schema/calendar-date.ts';
import { EVERY } from '../schema/filter.ts';
import { CommandFault } from './command-fault.ts';
import { importFile } from './import/import-file.ts';
import type { Hub } from './open-hub.ts';

const FOLDER = fileURLToPath(new URL('../samples', import.meta.url));
/** The registry first, so that departments are known when their records come; what speaks of other records last. */
const ORDER = ['registry.jsonl', '行政许可.csv', '行政处罚.csv', 'tax-credit.jsonl', 'lists.jsonl', 'commitments.jsonl', 'repairs.jsonl'];

/** Of whom the tour speaks. */
const MARKET = { orgUscc: '11411599MB1QH00172', deptCode: 'QH-SJ' };
const HOUSING = { orgUscc: '11411599MB1QH0025W', deptCode: 'QH-ZJ' };
const FOOD_COMPANY = '91411599MAQH10013U';

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
        // Writes no file of rejected rows: one of them ends the start.
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

/** `{D-30}` days and `{M-14}` months from today, `"{Y-1}"` a year as a number. */
function dated(text: string, today: string): string {
  return text
    .replace(/"\{Y([+-]\d+)\}"/g, (_all, years: string) => String(Number(today.slice(0, 4)) + Number(years)))
    .replace(/\{([DM])([+-]\d+)\}/g, (_all, unit: string, amount: string) =>
      unit === 'D' ? addDays(today, Number(amount)) : addMonths(today, Number(amount)),
    );
}

/** What `npm start` prints: three tokens of an hour, and one query to paste as three callers. */
export function tour(dataDir: string, url: string): readonly string[] {
  const clock = { now: () => new Date() };
  const token = (claims: DevelopmentClaims) => signDevelopmentToken(dataDir, claims, LONGEST_DEVELOPMENT_TOKEN_SECONDS, clock);
  return [
    '',
    '示例令牌，一小时内有效 Tokens for one hour:',
    `export MARKET=${token({ audience: 'AGENCY', sub: 'tour-market', ...MARKET })}`,
    `export HOUSING=${token({ audience: 'AGENCY', sub: 'tour-housing', ...HOUSING })}`,
    `export SUBJECT=${token({ audience: 'SUBJECT', sub: 'tour-subject', subjectUscc: FOOD_COMPANY, authLevel: 2 })}`,
    '',
    '公众所见 What the public sees:',
    ...curl(url, []),
    '',
    '决定机关所见 What the department sees that decided:',
    ...curl(url, ['"Authorization: Bearer $MARKET"', "'Hub-Purpose: RECORD_MANAGEMENT'"]),
    '',
    '另一部门所见 What another department sees:',
    ...curl(url, ['"Authorization: Bearer $HOUSING"', "'Hub-Purpose: LICENSING'"]),
    '',
    `更多问法见 README；浏览器 More in README.md; in a browser: ${url}/graphql`,
  ];
}

function curl(url: string, headers: readonly string[]): readonly string[] {
  return [
    `curl -s ${url}/graphql -H 'Content-Type: application/json' \\`,
    ...headers.map((header) => `  -H ${header} \\`),
    `  -d '{"query":"{ subject(uscc: \\"${FOOD_COMPANY}\\") { name penalties { totalCount nodes { documentNo violationFacts performanceStatus remark } } } }"}'`,
  ];
}
