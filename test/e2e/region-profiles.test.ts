import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runHub } from '../support/command.ts';
import { COMPANY, HOUSING, MARKET, PERSON, penalty, TAX } from '../support/fixtures.ts';
import { type Asking, startHub, type TestHub } from '../support/hub.ts';

/** A department of 信阳 outside the district that the operator's file speaks of. */
const OTHER_DISTRICT = '11411503MA1TE5T02L';
const REGIONS = {
  fallback: { grantReplyWithin: 8 },
  regions: [
    {
      prefix: '411502',
      name: '浉河',
      publishMinor: true,
      maxDisclosureYears: 1,
      publishWithin: 3,
      grantReplyWithin: 4,
      individualsPublic: 'BY_LAW',
    },
  ],
};

let folder: string;
let hub: TestHub;
const ids: Record<string, string> = {};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hub-regions-'));
  const file = join(folder, 'regions.json');
  await writeFile(file, JSON.stringify(REGIONS));
  hub = await startHub({ clock: { now: () => new Date('2026-10-08T02:00:00Z') }, env: { HUB_REGION_PROFILES: file } });
  await load('DEPARTMENT', {
    market: { uscc: MARKET, name: '浉河区市场监督管理局' },
    tax: { uscc: TAX, name: '国家税务总局税务局', regionCode: '410000' },
    housing: { uscc: HOUSING, name: '浉河区住房和城乡建设局' },
  });
  for (const [where, authorityUscc] of [
    ['here', MARKET],
    ['there', OTHER_DISTRICT],
  ] as const) {
    const by = { authorityUscc, sourceDeptUscc: authorityUscc };
    await load('PENALTY', {
      [`minor ${where}`]: penalty({ documentNo: `轻微${where}`, penaltyTypes: ['WARNING'], ...by }),
      [`old ${where}`]: penalty({
        documentNo: `较早${where}`,
        penaltyTypes: ['REVOKE_LICENSE'],
        decisionDate: '2025-03-03',
        validTo: '2025-06-01',
        ...by,
      }),
    });
    await load('REWARD', { [`reward ${where}`]: reward(by) });
  }
}, 60_000);
afterAll(async () => {
  await hub.close();
  await rm(folder, { recursive: true });
});

async function load(code: string, rows: Readonly<Record<string, Readonly<Record<string, unknown>>>>): Promise<void> {
  const outcomes = await hub.load(code, Object.values(rows));
  for (const [index, name] of Object.keys(rows).entries()) {
    const { outcome, id, reasons } = outcomes[index] ?? {};
    if (outcome !== 'accepted' || !id) throw new Error(`${name}: ${JSON.stringify(reasons)}`);
    ids[name] = id;
  }
}

function reward(changes: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return {
    counterpartName: PERSON.name,
    counterpartType: 'INDIVIDUAL',
    personIdType: '身份证',
    personIdNumber: PERSON.idNumber,
    documentNo: '奖1号',
    matterName: '见义勇为',
    content: '通报表扬',
    basis: '《河南省见义勇为条例》',
    decisionDate: '2026-09-01',
    authority: '某局',
    publicityBasis: '本人书面同意',
    ...changes,
  };
}

const keeping = (orgUscc: string): Asking => ({ token: hub.token('AGENCY', { orgUscc }), purpose: 'RECORD_MANAGEMENT' });

describe('a region profile that the operator sets', () => {
  it.each([
    ['publishes minor acts', 'minor', true, false],
    ['ends the publicity of old ones', 'old', false, true],
    ['publishes nothing of a person on its consent alone', 'reward', false, true],
  ])('%s where it says so, and changes nothing elsewhere', async (_what, record, here, there) => {
    const { body } = await hub.ask(
      `{ here: record(id: "${ids[`${record} here`]}") { id } there: record(id: "${ids[`${record} there`]}") { id } }`,
    );
    expect(body.errors).toBeUndefined();
    expect({ here: body.data.here !== null, there: body.data.there !== null }).toEqual({ here, there });
  });

  it('counts the same for lists and counts', async () => {
    const { body } = await hub.ask(`{ subject(uscc: "${COMPANY}") { penalties { totalCount nodes { documentNo } } } }`);
    expect(body.data.subject.penalties.totalCount).toBe(2);
    expect(body.data.subject.penalties.nodes.map(({ documentNo }: { documentNo: string }) => documentNo).sort()).toEqual([
      '轻微here',
      '较早there',
    ]);
  });

  it.each([
    ['here', MARKET, '2026-09-04'],
    ['there', OTHER_DISTRICT, '2026-09-10'],
  ])('sets by when an act is to be published (%s)', async (where, orgUscc, due) => {
    const { body } = await hub.ask(`{ record(id: "${ids[`minor ${where}`]}") { publishDueOn } }`, keeping(orgUscc));
    expect(body.data.record.publishDueOn).toBe(due);
  });

  it.each([
    ['the region of its code', MARKET, '2026-10-13'],
    ['the region that its entry names', TAX, '2026-10-19'],
  ])('sets by when a department answers a request, by %s', async (_by, providerUscc, due) => {
    const input = {
      providerUscc,
      recordTypes: ['PENALTY'],
      fields: ['AdministrativePenalty.documentNo'],
      purposes: ['QUALIFICATION'],
      legalBasis: '《建筑业企业资质管理规定》',
      validTo: '2027-10-08',
    };
    const { body } = await hub.ask('mutation ($input: GrantRequest!) { requestGrant(input: $input) { replyDueOn } }', {
      ...keeping(HOUSING),
      variables: { input },
    });
    expect(body.data.requestGrant.replyDueOn).toBe(due);
  });
});

describe('a file of region profiles', () => {
  it('that is at fault starts nothing and names every fault', async () => {
    const file = join(folder, 'faulty.json');
    await writeFile(file, JSON.stringify({ fallback: { publishMinors: true }, regions: [{ prefix: '41', afterExpiry: 'KEEP' }] }));
    const { code, stderr } = await runHub(['policy', 'matrix', '--check'], { env: { HUB_REGION_PROFILES: file } });
    expect(code).toBe(2);
    expect(stderr).toContain(`${file}: fallback: does not know "publishMinors"`);
    expect(stderr).toContain(`${file}: region 1: afterExpiry has to be one of ARCHIVE, REMOVE`);
  });

  it.each([
    ['is not there', 'missing.json', undefined],
    ['is no JSON', 'text.json', '{ regions:'],
  ])('that %s is told as such', async (_what, name, content) => {
    const file = join(folder, name);
    if (content !== undefined) await writeFile(file, content);
    const { code, stderr } = await runHub(['policy', 'matrix', '--check'], { env: { HUB_REGION_PROFILES: file } });
    expect([code, stderr.startsWith(`HUB_REGION_PROFILES 无法读取 cannot be read: ${file}`)]).toEqual([2, true]);
  });
});
