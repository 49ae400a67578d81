import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { penalty } from '../support/fixtures.ts';
import { askAt, startHub } from '../support/hub.ts';
import { dropStore } from '../support/test-store.ts';
import { openParts, type Parts } from './parts.ts';

const fileOf = (matterClass: string) => `
"用水记录"
type WaterFile @recordType(code: "WATER_FILE", field: "waterFiles", section: ADMINISTRATIVE, share: ENFORCEMENT, nature: BASIC, identity: ["documentNo", "subject"]) {
  "编号" documentNo: String @item(role: DOCUMENT_NUMBER, required: true, max: 32) @disclose(class: OPEN)
  "单位名称" unitName: String @item(role: SUBJECT_NAME, required: true, max: 200) @disclose(class: OPEN)
  "统一社会信用代码" uscc: UnifiedSocialCreditCode @item(role: SUBJECT_CODE, required: true) @disclose(class: OPEN)
  "日期" decisionDate: Date @item(role: DECISION_DATE, required: true) @disclose(class: OPEN)
  "事项" matter: String @item(max: 200) @disclose(class: ${matterClass})
}`;
const QUERY = '{ penalties { totalCount } waterFiles { totalCount } }';

let folder: string;
let dataDir: string;
const at = (whose: string) => join(folder, whose, 'water.graphql');
const opened: Parts[] = [];

/** Parts that read the department's file of one of two folders. */
async function partsOf(whose: string): Promise<Parts> {
  const parts = await openParts(dataDir, { HUB_DEPARTMENTS: join(folder, whose) });
  opened.push(parts);
  return parts;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hub-policy-'));
  dataDir = join(folder, 'data');
  for (const whose of ['departments', 'gateway']) await mkdir(join(folder, whose));
  await writeFile(at('departments'), fileOf('SHARED'));
  await copyFile(at('departments'), at('gateway'));
  const hub = await startHub({ dataDir, env: { HUB_DEPARTMENTS: join(folder, 'gateway') } });
  await hub.load('PENALTY', [penalty()]);
  await hub.close();
}, 60_000);
afterAll(async () => {
  for (const parts of opened) await parts.close();
  await dropStore(dataDir);
  await rm(folder, { recursive: true, force: true });
}, 60_000);

describe('a gateway whose subgraphs have another policy', () => {
  it('says so, goes on, and reads its files anew until they have it too', async () => {
    const before = await partsOf('departments');
    const subgraphs = new Map<string, Awaited<ReturnType<Parts['subgraph']>>>();
    for (const name of before.names) subgraphs.set(name, await before.subgraph(name));
    const { serving: gateway, lines } = await (await partsOf('gateway')).gateway(
      new Map([...subgraphs].map(([name, { url }]) => [name, url])),
    );
    const told = (event: string) => lines.filter((line) => line.event === event);
    const whole = { penalties: { totalCount: 1 }, waterFiles: { totalCount: 0 } };
    expect((await askAt(gateway.url, QUERY)).body).toMatchObject({ data: whole });

    await writeFile(at('departments'), fileOf('OPEN'));
    const after = await partsOf('departments');
    for (const [name, subgraph] of subgraphs) {
      await subgraph.close();
      await after.subgraph(name, subgraph.port);
    }
    const refused = await askAt(gateway.url, QUERY);
    expect([refused.status, refused.body.data]).toEqual([200, { penalties: null, waterFiles: null }]);
    expect(JSON.stringify(refused.body.errors)).not.toContain('policy');
    expect(refused.body.errors.map(({ extensions }: { extensions: { subgraph: string } }) => extensions.subgraph).sort()).toEqual([
      'records',
      'water',
    ]);
    expect(told('other-policy')).toHaveLength(1);
    expect([told('reloaded'), told('reload-failed')]).toEqual([[], []]);

    await copyFile(at('departments'), at('gateway'));
    let answers = 0;
    for (; told('reloaded').length === 0; answers += 1) {
      const { status, body } = await askAt(gateway.url, QUERY);
      expect([status, body.data]).toEqual([200, expect.anything()]);
    }
    expect(answers).toBeGreaterThan(0);
    expect((await askAt(gateway.url, QUERY)).body).toMatchObject({ data: whole });
    expect(told('other-policy').length).toBeLessThan(5);
    expect(told('reloaded')).toHaveLength(1);
  }, 120_000);
});
