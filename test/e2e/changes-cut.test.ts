import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { cutChangeLog } from '../../cli/change-log-cut.ts';
import { openHub } from '../../cli/open-hub.ts';
import { runHub } from '../support/command.ts';
import { penalty } from '../support/fixtures.ts';
import { type Asking, startHub, type TestHub, type TestHubOptions } from '../support/hub.ts';
import { loggedEntries } from '../support/logged-entries.ts';
import { PATIENCE } from '../support/patience.ts';
import { dropStore, IS_ON_FILES } from '../support/test-store.ts';

const TIME = 60_000 * PATIENCE;
/** So long ago that a process by the clock of the machine takes everything for old. */
const THEN = new Date('2026-01-05T02:00:00Z');
const NOW = new Date('2026-03-05T02:00:00Z');

let now = THEN;
let dataDir: string;
let hub: TestHub;
const start = async (env: TestHubOptions['env'] = {}) => {
  hub = await startHub({ clock: { now: () => now }, dataDir, env });
};
beforeEach(async () => {
  now = THEN;
  dataDir = await mkdtemp(join(tmpdir(), 'cut-'));
  await start();
  await hub.turnWindows();
}, TIME);
afterEach(async () => {
  await hub.close();
  await dropStore(dataDir);
  await rm(dataDir, { recursive: true, force: true });
}, TIME);

const supervision = (): Asking => ({ token: hub.token('SUPERVISION', { clientId: 'sup-1', regionCode: '411502' }) });
const READ = `query ($after: Cursor, $first: Int) { changes(after: $after, first: $first) { nodes { recordId cursor } endCursor hasMore resync } }`;
const read = async (variables: Readonly<Record<string, unknown>> = {}) => {
  const { body } = await hub.ask(READ, { ...supervision(), variables });
  expect(body.errors).toBeUndefined();
  return body.data.changes;
};
const told = ({ nodes }: { readonly nodes: readonly { readonly recordId: string }[] }) => nodes.map(({ recordId }) => recordId);
let loaded = 0;
const load = async (count: number): Promise<readonly string[]> => {
  const rows = Array.from({ length: count }, () =>
    penalty({ documentNo: `截断第${++loaded}号`, decisionDate: '2025-12-01', validTo: '2026-12-01' }),
  );
  return (await hub.load('PENALTY', rows)).map((outcome) => String(outcome.outcome === 'rejected' ? JSON.stringify(outcome) : outcome.id));
};
const cut = async (...more: readonly string[]) => {
  const { code, stdout, stderr } = await runHub(['feed', 'cut', '--json', '--data', dataDir, ...more], { env: hub.env });
  expect([code, stderr]).toEqual([0, expect.anything()]);
  return JSON.parse(stdout);
};

describe('hub feed cut', () => {
  it(
    'takes away what is old, and lets everyone whose place went with it begin anew, whatever the clock says',
    async () => {
      const begun = await read();
      await load(4);
      const page = await read({ after: begun.endCursor, first: 2 });
      expect(page).toMatchObject({ hasMore: true, resync: null });
      const last = await read({ after: begun.endCursor, first: 50 });

      const rehearsed = await cut('--dry-run');
      expect(rehearsed).toMatchObject({ changes: expect.any(Number), dryRun: true });
      expect(rehearsed.changes).toBeGreaterThan(4);
      expect(await read({ after: begun.endCursor })).toMatchObject({ resync: null, nodes: { length: 4 } });

      expect(await cut()).toMatchObject({ changes: rehearsed.changes, dryRun: false, oldestChange: THEN.toISOString() });
      for (const after of [begun.endCursor, page.endCursor, page.nodes[0].cursor])
        expect(await read({ after })).toMatchObject({ nodes: [], hasMore: false, resync: 'CURSOR_TOO_OLD' });
      const [fresh] = await load(1);
      const anew = await read({ after: begun.endCursor });
      const [later] = await load(1);
      expect(told(await read({ after: anew.endCursor }))).toEqual([later]);
      expect(await read({ after: last.endCursor })).toMatchObject({ resync: null, nodes: [{ recordId: fresh }, { recordId: later }] });
    },
    TIME,
  );

  it(
    'stands in the access log, a rehearsal does not',
    async () => {
      await load(1);
      await cut('--dry-run');
      await cut();
      const entries = (await loggedEntries(hub)).filter(({ channel }) => channel === 'command-line');
      expect(entries).toMatchObject([{ kind: 'MUTATION', operation: 'hub feed cut', decision: 'ALLOW' }]);
    },
    TIME,
  );

  it(
    'leaves nobody who reads meanwhile with a gap',
    async () => {
      const { endCursor } = await read();
      const ids = await load(40);
      const other = await openHub({ dataDir, env: hub.env, clock: { now: () => NOW }, untouched: true });
      try {
        const seen: string[] = [];
        let resync: string | null = null;
        const readAll = async () => {
          for (let after = endCursor, more = true; more; ) {
            const page = await read({ after, first: 2 });
            seen.push(...told(page));
            resync ??= page.resync;
            [after, more] = [page.endCursor, page.hasMore];
          }
        };
        const reading = readAll();
        while (seen.length < 10) await new Promise((resolve) => setTimeout(resolve, 1));
        await Promise.all([reading, cutChangeLog(other, { isRehearsal: false })]);
        expect(seen).toEqual(ids.slice(0, seen.length));
        expect(seen.length < ids.length ? resync : 'whole').toBe(seen.length < ids.length ? 'CURSOR_TOO_OLD' : 'whole');
      } finally {
        await other.close();
      }
    },
    TIME,
  );
});

describe('a hub that cuts its change log each day', () => {
  const cuts = () => hub.lines.filter(({ event }) => event === 'change-log-cut');
  const again = async (env: TestHubOptions['env']) => {
    await hub.close();
    now = NOW;
    await start(env);
  };

  it(
    'does so behind the turn of windows, and says how much',
    async () => {
      await load(3);
      await again({ HUB_CHANGES_CUT: 'on' });
      while (cuts().length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
      expect(cuts()[0]).toMatchObject({ level: 'info', changes: expect.any(Number) });
      const other = await openHub({ dataDir, env: hub.env, clock: { now: () => now }, untouched: true });
      const left = await other.store.changes(null, 100);
      await other.close();
      expect(left.filter(({ at, collection }) => at < NOW.toISOString() && collection !== 'effect-cursor')).toEqual([]);
    },
    TIME,
  );

  it(
    'does not unless told',
    async () => {
      await load(3);
      await again({});
      await hub.turnWindows();
      const other = await openHub({ dataDir, env: hub.env, clock: { now: () => now }, untouched: true });
      const [oldest] = await other.store.changes(null, 1);
      await other.close();
      expect(oldest?.at).toBe(THEN.toISOString());
      expect(cuts()).toEqual([]);
    },
    TIME,
  );
});

(IS_ON_FILES ? describe : describe.skip)('a hub that was restored from a dump', () => {
  it(
    'lets everyone begin anew: a place in the one log is none in the other',
    async () => {
      await load(2);
      const { endCursor } = await read();
      const [key, dump, restored] = ['key', 'dump', 'restored'].map((name) => join(dataDir, name)) as [string, string, string];
      for (const argv of [
        ['dump', '--new-key', key],
        ['dump', '--to', dump, '--key', key, '--with-keys', '--data', dataDir],
        ['restore', '--from', dump, '--key', key, '--data', restored],
      ])
        expect(await runHub(argv)).toMatchObject({ code: 0 });
      await hub.close();
      hub = await startHub({ clock: { now: () => now }, dataDir: restored });
      const anew = await read({ after: endCursor });
      expect(anew).toMatchObject({ nodes: [], resync: 'CURSOR_TOO_OLD' });
      const [fresh] = await load(1);
      expect(told(await read({ after: anew.endCursor }))).toEqual([fresh]);
    },
    TIME,
  );
});
