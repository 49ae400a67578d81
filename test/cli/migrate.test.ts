import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { openHub } from '../../cli/open-hub.ts';
import { openMongoMigrator } from '../../store/mongodb/migrate.ts';
import { openMongoStore } from '../../store/mongodb/open-store.ts';
import { Connection } from '../../store/sqlite/connection.ts';
import { openSqliteMigrator } from '../../store/sqlite/migrate.ts';
import { openSqliteStore } from '../../store/sqlite/open-store.ts';
import { COLLECTIONS } from '../conformance/documents.ts';
import { type Finished, ROOT, runHub } from '../support/command.ts';
import { dropDatabase, type Mongod, readDocuments, startMongod } from '../support/mongod.ts';

// Each test runs several commands, each in a process of its own.
jest.setTimeout(120_000);

const server: Mongod | undefined = await startMongod();
const DEPARTMENT = `
"水质检测"
type WaterTest @recordType(code: "WATER_TEST", field: "waterTests", section: TAX, share: EVALUATION, nature: BASIC, identity: ["testNo", "subject"]) {
  "主体名称"
  subjectName: String @item(headings: ["主体名称"], role: SUBJECT_NAME, required: true, max: 200) @disclose(class: OPEN, mask: NAME)
  "统一社会信用代码"
  uscc: UnifiedSocialCreditCode @item(headings: ["统一社会信用代码"], role: SUBJECT_CODE, required: true) @disclose(class: OPEN)
  "检测编号"
  testNo: String @item(headings: ["检测编号"], required: true, max: 64) @disclose(class: OPEN)
  "检测日期"
  testedOn: Date @item(headings: ["检测日期"], role: DECISION_DATE, required: true) @disclose(class: OPEN)
  "检测机关"
  authority: String @item(headings: ["检测机关"], role: AUTHORITY, required: true, max: 200) @disclose(class: OPEN)
}
`;
const jsonOf = ({ stdout }: Finished) => JSON.parse(stdout.trim());

let folder: string;
const at = (name: string) => join(folder, name);
const databaseOf = (name: string) => {
  const url = new URL(server?.url ?? 'mongodb://127.0.0.1');
  url.pathname = `/hub_migrate_${name}`;
  return url.href;
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hub-migrate-'));
  await mkdir(at('departments'));
  await writeFile(at('departments/water.graphql'), DEPARTMENT);
});
afterAll(async () => {
  await server?.stop();
  await rm(folder, { recursive: true });
});

const migrate = (args: readonly string[], env: Readonly<Record<string, string>> = {}) => runHub(['migrate', '--json', ...args], { env });
const joined = () => ({ HUB_DEPARTMENTS: at('departments') });

describe('hub migrate', () => {
  it('makes a store in files that lacks nothing, and only looks with --check', async () => {
    const data = ['--data', at('files')];
    const checked = await migrate(['--check', ...data]);
    expect([checked.code, existsSync(at('files'))]).toEqual([1, false]);
    expect((await migrate(data)).code).toBe(0);
    expect(await migrate(['--check', ...data])).toMatchObject({ code: 0, stdout: expect.stringContaining('"steps":[]') });
    expect(jsonOf(await migrate(data)).steps).toEqual([]);
  });

  it('gives the files of a hub what a department brings that joins', async () => {
    const data = ['--data', at('files')];
    expect(await migrate(['--check', ...data], joined())).toMatchObject({ code: 1, stdout: expect.stringContaining('doc_water_test') });
    expect(jsonOf(await migrate(data, joined())).steps).toEqual(['doc_water_test', 'old_water_test']);
    expect((await migrate(['--check', ...data], joined())).code).toBe(0);
  });

  it('ends with 2 for an option that does not exist', async () => {
    expect((await migrate(['--fast'])).code).toBe(2);
  });
});

(server ? describe : describe.skip)('a hub on a database', () => {
  const settings = (more: Readonly<Record<string, string>> = {}) => ({ HUB_STORE: databaseOf('hub'), ...more });
  const openedWith = async (env: Readonly<Record<string, string>>) => (await openHub({ dataDir: at('hub'), env, untouched: true })).close();
  const serving = (env: Readonly<Record<string, string>>) => runHub(['serve', '--port', '0', '--data', at('hub')], { env });
  afterAll(() => dropDatabase(databaseOf('hub')));

  it('lays out an empty one, and refuses one that lacks something until hub migrate has run', async () => {
    expect((await migrate(['--check'], settings())).code).toBe(1);
    await openedWith(settings());
    expect(await migrate(['--check'], settings())).toMatchObject({ code: 0 });

    await expect(openedWith(settings(joined()))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    const issuer = { HUB_JWKS: at('jwks.json'), HUB_ISSUER: 'i', HUB_AUDIENCES: 'AGENCY' };
    await writeFile(at('jwks.json'), JSON.stringify({ keys: [] }));
    const refused = await serving(settings({ ...joined(), ...issuer }));
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('hub migrate')]);

    const checked = await migrate(['--check'], settings(joined()));
    expect([checked.code, jsonOf(checked).steps]).toEqual([1, ['doc.water-test', 'old.water-test']]);
    expect(jsonOf(await migrate([], settings(joined()))).steps).toEqual(['doc.water-test', 'old.water-test']);
    await openedWith(settings(joined()));
    // The older hub beside it goes on as before.
    await openedWith(settings());
  });

  it('brings it up to date by itself where it is told to', async () => {
    await writeFile(
      at('departments/water.graphql'),
      DEPARTMENT.replaceAll('WaterTest', 'SoilTest').replaceAll('WATER_TEST', 'SOIL_TEST').replace('waterTests', 'soilTests'),
    );
    await expect(openedWith(settings(joined()))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await openedWith(settings({ ...joined(), HUB_MIGRATE: 'auto' }));
    await openedWith(settings(joined()));
    await expect(openedWith(settings({ HUB_MIGRATE: 'always' }))).rejects.toThrow('HUB_MIGRATE');
  });
});

const MIGRATING = fileURLToPath(new URL('../conformance/migrating-process.ts', import.meta.url));
const options = { collections: COLLECTIONS, clock: { now: () => new Date() } };
const NOTHING = { number: 2, name: 'step 2', run: () => {} };

interface Adapter {
  readonly place: () => string;
  readonly open: (place: string) => Promise<{ close(): Promise<void> }>;
  /** How often each step began and was kept, and what the store says was run. */
  readonly ran: (place: string) => Promise<{ readonly times: Readonly<Record<string, number>>; readonly recorded: readonly string[] }>;
  readonly pendingWith: (place: string, numbers: readonly number[]) => Promise<readonly string[]>;
  /** A step that was cut off: taken back as a whole by SQLite, run again over what it has left by MongoDB. */
  readonly timesOfCutStep: number;
}
const FILES: Adapter = {
  place: () => at('steps.sqlite'),
  open: (place) => openSqliteStore(place, options),
  ran: async (place) => {
    const connection = new Connection(place, { readOnly: true });
    const times = connection
      .rows('SELECT number, times FROM ran ORDER BY number')
      .map(([number, count]) => [String(number), Number(count)]);
    const recorded = connection.rows(`SELECT value FROM meta WHERE name GLOB 'migration *' ORDER BY name`).map(([name]) => String(name));
    connection.close();
    return { times: Object.fromEntries(times), recorded };
  },
  pendingWith: async (place, numbers) => {
    const migrator = openSqliteMigrator(place, { ...options, migrations: numbers.map((number) => ({ ...NOTHING, number })) });
    return migrator.pending().finally(() => migrator.close());
  },
  timesOfCutStep: 1,
};
const DATABASE: Adapter = {
  place: () => databaseOf('steps'),
  open: (place) => openMongoStore(place, options),
  ran: async (place) => {
    const times = (await readDocuments(place, 'ran')).map(({ _id, times }) => [String(_id), Number(times)]);
    const [layout] = (await readDocuments(place, 'meta')).filter(({ _id }) => _id === 'layout');
    return { times: Object.fromEntries(times), recorded: Object.values(layout?.migrated ?? {}).map(String) };
  },
  pendingWith: async (place, numbers) => {
    const migrator = await openMongoMigrator(place, { ...options, migrations: numbers.map((number) => ({ ...NOTHING, number })) });
    return migrator.pending().finally(() => migrator.close());
  },
  timesOfCutStep: 2,
};

describe.each([['files', FILES] as const, ...(server ? [['a database', DATABASE] as const] : [])])(
  'migrations of %s',
  (_where, adapter) => {
    it('run each once, in order, and go on where they were killed', async () => {
      const place = adapter.place();
      await (await adapter.open(place)).close();
      expect(await adapter.pendingWith(place, [2, 3, 4])).toEqual([2, 3, 4].map((number) => `migration ${number}: step 2`));
      expect(await migrated({ place, numbers: [2, 3, 4], standStillIn: 3 })).toEqual(['migration 2: step 2', 'stands still']);
      expect((await adapter.ran(place)).recorded).toEqual(['step 2']);
      expect(await migrated({ place, numbers: [2, 3, 4] })).toEqual(['migration 3: step 3', 'migration 4: step 4']);
      expect(await migrated({ place, numbers: [2, 3, 4] })).toEqual([]);
      expect(await adapter.ran(place)).toEqual({
        times: { 2: 1, 3: adapter.timesOfCutStep, 4: 1 },
        recorded: ['step 2', 'step 3', 'step 4'],
      });
      expect(await adapter.pendingWith(place, [2, 3, 4, 7])).toEqual(['migration 7: step 2']);
    });

    it('shut out a hub that does not know them', async () => {
      await expect(adapter.open(adapter.place())).rejects.toMatchObject({
        code: 'STORE_UNAVAILABLE',
        message: expect.stringContaining('4'),
      });
    });

    it('refuse numbers that do not rise', async () => {
      await expect(adapter.pendingWith(adapter.place(), [3, 2])).rejects.toThrow('does not come behind');
    });
  },
);

/** What a process said that runs migrations; it is killed as soon as it stands still. */
async function migrated(order: object): Promise<readonly string[]> {
  const child = spawn(process.execPath, [MIGRATING, JSON.stringify(order)], { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = once(child, 'close');
  const said: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    said.push(line);
    if (line === 'stands still') child.kill('SIGKILL');
  }
  await exit;
  return said;
}
