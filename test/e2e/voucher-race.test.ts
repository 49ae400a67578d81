import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { signDevelopmentToken } from '../../auth/dev-key.ts';
import { type ServedHub, serveHub } from '../support/command.ts';
import { COMPANY, penalty } from '../support/fixtures.ts';
import { type Answer, startHub } from '../support/hub.ts';

const BANK = '91411502MA3TE5T03U';
const STAFF = 'clerk-1';
const RACES = 1000;
/** As many root fields as an operation may have. */
const AT_ONCE = 20;
const CLOCK = { now: () => new Date() };
const RATES = {
  HUB_RATE_PUBLIC: '100000',
  HUB_RATE_CLIENT: '100000',
  HUB_RATE_OBJECT: '100000',
  HUB_RATE_NUMBER: '100000',
  HUB_RATE_PERSON: '100000',
};

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
  processes = await Promise.all([1, 2].map(() => serveHub(['--data', dataDir], { env: RATES })));
}, 60_000);
afterAll(async () => {
  await Promise.all(processes.map((served) => served.stop('SIGTERM')));
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

/** Vouchers for one use each, drafted by the body and signed by the company. */
async function signedVouchers(count: number): Promise<readonly string[]> {
  const input = {
    type: 'E_SIGN',
    subjectUscc: COMPANY,
    granteeUscc: BANK,
    granteeStaff: [STAFF],
    sections: ['BASIC', 'ADMINISTRATIVE'],
    purpose: 'LOAN',
    validTo: new Date(Date.now() + 86_400_000).toISOString(),
    maxUses: 1,
  };
  const places = Array.from({ length: count }, (_unused, place) => place);
  const drafts = places.map((place) => `v${place}: draftVoucher(input: $input) { id }`).join(' ');
  const drafted = await ask(processes[0], `mutation ($input: VoucherDraft!) { ${drafts} }`, bank(), { input });
  expect(drafted.body.errors).toBeUndefined();
  const ids = places.map((place): string => drafted.body.data[`v${place}`].id);
  const signs = ids.map((id, place) => `v${place}: signVoucher(id: "${id}") { status }`).join(' ');
  const signed = await ask(processes[1], `mutation { ${signs} }`, company());
  expect(new Set(places.map((place) => signed.body.data[`v${place}`].status))).toEqual(new Set(['ACTIVE']));
  return ids;
}

describe('two processes that race for the last use of a voucher', () => {
  it(`give it once, ${RACES} times of ${RACES}`, async () => {
    const asBank = bank();
    let given = 0;
    for (let round = 0; round < RACES; round += AT_ONCE) {
      const ids = await signedVouchers(AT_ONCE);
      const races = ids.map(async (id) => {
        const headers = { ...asBank, 'hub-purpose': 'LOAN', 'hub-voucher': id };
        const query = `{ subject(uscc: "${COMPANY}") { penalties { nodes { documentNo } } } }`;
        const answers = await Promise.all(processes.map((served) => ask(served, query, headers)));
        const codes = answers.map(({ status, body }) =>
          status === 200 ? body.data.subject.penalties.nodes.length : body.errors[0].extensions.code,
        );
        expect(codes.sort()).toEqual([1, 'VOUCHER_INVALID']);
        given += 1;
      });
      await Promise.all(races);
    }
    expect(given).toBe(RACES);
    const uses = await ask(processes[0], '{ vouchers(first: 200) { totalCount nodes { usedCount status } } }', company());
    expect(uses.body.data.vouchers.totalCount).toBe(RACES);
    expect(new Set(uses.body.data.vouchers.nodes.map((node: unknown) => JSON.stringify(node)))).toEqual(
      new Set([JSON.stringify({ usedCount: 1, status: 'EXHAUSTED' })]),
    );
  }, 120_000);
});
