import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { signDevelopmentToken } from '../../auth/dev-key.ts';
import { type ServedHub, serveHub } from '../support/command.ts';
import { COMPANY, penalty } from '../support/fixtures.ts';
import { type Answer, startHub } from '../support/hub.ts';
import { raceForLastUses } from '../support/last-uses.ts';
import { dropStore } from '../support/test-store.ts';

const BANK = '91411502MA3TE5T03U';
const STAFF = 'clerk-1';
const RACES = 1000;
const CLOCK = { now: () => new Date() };

let dataDir: string;
let processes: readonly ServedHub[] = [];
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'hub-race-'));
  const hub = await startHub({ dataDir });
  await hub.load('SERVICE_BODY', [
    { orgUscc: BANK, name: '信阳商业银行', qualificationNo: 'Q-1', validTo: '2099-12-31', status: 'ACTIVE' },
  ]);
  await hub.load('PENALTY', [penalty()]);
  await hub.close();
  processes = await Promise.all([1, 2].map(() => serveHub(['--data', dataDir], { env: hub.env })));
}, 60_000);
afterAll(async () => {
  await Promise.all(processes.map((served) => served.stop('SIGTERM')));
  await dropStore(dataDir);
  await rm(dataDir, { recursive: true, force: true });
});

async function ask(
  served: ServedHub | undefined,
  query: string,
  headers: Readonly<Record<string, string>>,
  variables = {},
): Promise<Pick<Answer, 'status' | 'body'>> {
  const response = await fetch(`${served?.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query, variables }),
  });
  return { status: response.status, body: await response.json() };
}

const bearer = (claims: Parameters<typeof signDevelopmentToken>[1]) => ({
  authorization: `Bearer ${signDevelopmentToken(dataDir, claims, 3600, CLOCK)}`,
});
const bank = () => bearer({ audience: 'CREDIT_BODY', sub: 'bank', orgUscc: BANK, staffId: STAFF });
const company = () => bearer({ audience: 'SUBJECT', sub: 'company', subjectUscc: COMPANY, authLevel: 2 });

describe('two processes that race for the last use of a voucher', () => {
  it(`give it once, ${RACES} times of ${RACES}`, async () => {
    const given = await raceForLastUses({
      ask: (way, query, headers, variables) => ask(processes[way], query, headers, variables),
      races: RACES,
      uscc: COMPANY,
      granteeUscc: BANK,
      staff: STAFF,
      bank: bank(),
      company: company(),
    });
    expect(given).toBe(RACES);
    const uses = await ask(processes[0], '{ vouchers(first: 200) { totalCount nodes { usedCount status } } }', company());
    expect(uses.body.data.vouchers.totalCount).toBe(RACES);
    expect(new Set(uses.body.data.vouchers.nodes.map((node: unknown) => JSON.stringify(node)))).toEqual(
      new Set([JSON.stringify({ usedCount: 1, status: 'EXHAUSTED' })]),
    );
  }, 120_000);
});
