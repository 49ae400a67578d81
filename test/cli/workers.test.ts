import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type DevelopmentClaims, signDevelopmentToken } from '../../auth/dev-key.ts';
import { openHub } from '../../cli/open-hub.ts';
import { mergeMetrics } from '../../gateway/metrics.ts';
import { runHub, type ServedHub, serveHub } from '../support/command.ts';
import { COMPANY, MARKET, penalty } from '../support/fixtures.ts';
import { RATES, startHub } from '../support/hub.ts';
import { raceForLastUses } from '../support/last-uses.ts';
import { dropDatabase, startMongod } from '../support/mongod.ts';
import { developmentIssuerSettings } from '../support/test-store.ts';

const SLOW = 120_000;
const BANK = '91411502MA3TE5T03U';
const STAFF = 'clerk-1';
const CLOCK = { now: () => new Date() };
const QUERY = `{ subject(uscc: "${COMPANY}") { name penalties { totalCount } } }`;
const VOUCHERS = 100;
/** As many root fields as an operation may have. */

const mongod = await startMongod();
if (!mongod)
  console.warn('没有可用的 MongoDB，跳过 hub serve --workers 的测试 / there is no MongoDB here: the tests of workers on it are skipped');
afterAll(async () => {
  await mongod?.stop();
});

interface Reply {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads whatever the hub answers
  readonly body: any;
}
interface Question {
  readonly query: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly variables?: Readonly<Record<string, unknown>>;
  /** Without it every question has a connection of its own, so that the next worker gets it. */
  readonly agent?: Agent;
}

async function ask(url: string, { query, headers = {}, variables = {}, agent }: Question): Promise<Reply> {
  const body = JSON.stringify({ query, variables });
  const asking = request(`${url}/graphql`, {
    method: 'POST',
    agent: agent ?? false,
    headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers },
  });
  asking.end(body);
  const [response] = await once(asking, 'response');
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return { status: response.statusCode, body: JSON.parse(Buffer.concat(chunks).toString('utf8')) };
}

/** Resolves with the first line of the log that says so, of those that are written from now on or were before. */
async function logged(served: ServedHub, event: string, count = 1): Promise<Readonly<Record<string, unknown>>> {
  for (;;) {
    const lines = served.log().split('\n').slice(0, -1);
    const found = lines.filter((line) => line.includes(`"event":"${event}"`))[count - 1];
    if (found) return JSON.parse(found);
    const failure = lines.find((line) => line.includes('"event":"restart-failed"'));
    if (failure) throw new Error(lines.slice(-5).join('\n'));
    await served.written();
  }
}

const workersOf = (served: ServedHub): readonly number[] => [
  ...new Set([...served.log().matchAll(/"worker":(\d+),"level":"info","event":"started"/g)].map(([, pid]) => Number(pid))),
];
const requestsOf = (served: ServedHub, pid: number) =>
  served
    .log()
    .split('\n')
    .filter((line) => line.includes(`"worker":${pid},`) && line.includes('"requestId"')).length;
const metricsOf = async ({ metricsPort }: ServedHub) => (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
const sampleOf = (metrics: string, name: string) =>
  Number(
    metrics
      .split('\n')
      .find((line) => line.startsWith(`${name} `))
      ?.slice(name.length),
  );

/** Asks without a pause, over connections that stay open, until it is told to stop. */
function keepAsking(url: string) {
  const agent = new Agent({ keepAlive: true, maxSockets: 8, keepAliveMsecs: 1000 });
  const tally = { answered: 0, unlike: 0, failed: 0 };
  let isAsking = true;
  const one = async () => {
    while (isAsking) {
      try {
        const { status, body } = await ask(url, { query: QUERY, agent });
        if (status === 200 && body.data?.subject.penalties.totalCount > 0) tally.answered += 1;
        else tally.unlike += 1;
      } catch {
        tally.failed += 1;
      }
    }
  };
  const asking = Promise.all(Array.from({ length: 8 }, one));
  return {
    tally,
    async more(count: number) {
      const tried = () => tally.answered + tally.unlike + tally.failed;
      const until = tried() + count;
      while (tried() < until) await new Promise(setImmediate);
    },
    async stop() {
      isAsking = false;
      await asking;
      agent.destroy();
      return tally;
    },
  };
}

(mongod ? describe : describe.skip)('two workers on one MongoDB', () => {
  let dataDir: string;
  let url: string;
  let env: Readonly<Record<string, string>>;
  let served: ServedHub;
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'hub-workers-'));
    url = String(new URL('/hub_workers?replicaSet=rs0', mongod?.url));
    if (process.env.MONGODB_URL) url = mongod?.url.replace(/\/?(\?|$)/, '/hub_workers$1') ?? url;
    env = { ...RATES, HUB_STORE: url, ...developmentIssuerSettings(dataDir) };
    const hub = await startHub({ dataDir, env });
    await hub.load('SERVICE_BODY', [
      { orgUscc: BANK, name: '信阳商业银行', qualificationNo: 'Q-1', validTo: '2099-12-31', status: 'ACTIVE' },
    ]);
    await hub.load('PENALTY', [penalty()]);
    await hub.close();
    served = await serveHub(['--data', dataDir, '--workers', '2', '--metrics-port', '0'], { env });
  }, SLOW);
  afterAll(async () => {
    await served?.stop('SIGTERM');
    await dropDatabase(url);
    await rm(dataDir, { recursive: true, force: true });
  }, SLOW);

  const bearer = (claims: DevelopmentClaims) => ({ authorization: `Bearer ${signDevelopmentToken(dataDir, claims, 3600, CLOCK)}` });

  it('share the requests', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(served.url, { query: QUERY })));
    expect(answers.map(({ body }) => body.data.subject.penalties.totalCount)).toEqual(Array(20).fill(1));
    const sharesOf = () => workersOf(served).map((pid) => requestsOf(served, pid));
    // The last lines may come after the answers.
    while (sharesOf().reduce((sum, share) => sum + share, 0) < 20) await served.written();
    const shares = sharesOf();
    expect(shares).toHaveLength(2);
    expect(Math.min(...shares)).toBeGreaterThan(4);
  });

  it('print their metrics together', async () => {
    const before = sampleOf(await metricsOf(served), 'hub_request_duration_seconds_count');
    for (let count = 0; count < 6; count += 1) await ask(served.url, { query: QUERY });
    const metrics = await metricsOf(served);
    expect(sampleOf(metrics, 'hub_request_duration_seconds_count')).toBe(before + 6);
    expect(sampleOf(metrics, 'hub_workers')).toBe(2);
    expect(metrics.match(/^# TYPE hub_requests_total counter$/gm)).toHaveLength(1);
  });

  it(
    'give the last use of a voucher once',
    async () => {
      const bank = bearer({ audience: 'CREDIT_BODY', sub: 'bank', orgUscc: BANK, staffId: STAFF });
      const company = bearer({ audience: 'SUBJECT', sub: 'company', subjectUscc: COMPANY, authLevel: 2 });
      const given = await raceForLastUses({
        ask: (_way, query, headers, variables = {}) => ask(served.url, { query, headers, variables }),
        races: VOUCHERS,
        uscc: COMPANY,
        granteeUscc: BANK,
        staff: STAFF,
        bank,
        company,
      });
      expect(given).toBe(VOUCHERS);
      const { body } = await ask(served.url, { query: '{ vouchers(first: 200) { nodes { usedCount } } }', headers: company });
      expect(body.data.vouchers.nodes.map(({ usedCount }: { usedCount: number }) => usedCount)).toEqual(Array(VOUCHERS).fill(1));
    },
    SLOW,
  );

  it(
    'bring about the effects of a change between them, without a failed run',
    async () => {
      const agency = {
        ...bearer({ audience: 'AGENCY', sub: 'market', orgUscc: MARKET, regionCode: '411502' }),
        'hub-purpose': 'RECORD_MANAGEMENT',
      };
      const query = 'mutation ($records: [AdministrativePenaltyInput!]!) { submitAdministrativePenalty(records: $records) { accepted } }';
      for (let round = 0; round < 10; round += 1) {
        const records = Array.from({ length: 20 }, (_unused, place) => penalty({ documentNo: `工〔${round}-${place}〕号` }));
        const { body } = await ask(served.url, { query, headers: agency, variables: { records } });
        expect(body.data?.submitAdministrativePenalty.accepted).toBe(20);
      }
      const beside = await openHub({ dataDir, env, untouched: true });
      // Ends when no change is left, whichever process has run its effects: a third one takes part here.
      await beside.effects.settle();
      await beside.close();
      expect(served.log()).not.toMatch(/"level":"error"|Warning/);
    },
    SLOW,
  );

  it(
    'are replaced one after the other on SIGHUP, without a request that fails',
    async () => {
      const withdrawn = workersOf(served);
      const asking = keepAsking(served.url);
      await asking.more(50);
      process.kill(served.pid, 'SIGHUP');
      await logged(served, 'workers-replaced');
      await asking.more(50);
      const { answered, unlike, failed } = await asking.stop();
      expect({ unlike, failed }).toEqual({ unlike: 0, failed: 0 });
      expect(answered).toBeGreaterThan(100);
      const present = workersOf(served).filter((pid) => !withdrawn.includes(pid));
      expect(present).toHaveLength(2);
      for (const pid of withdrawn) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    },
    SLOW,
  );

  it(
    'go on when one of them is killed, and get another in its place',
    async () => {
      const before = sampleOf(await metricsOf(served), 'hub_request_duration_seconds_count');
      const asking = keepAsking(served.url);
      await asking.more(50);
      const victim = workersOf(served).at(-1) ?? 0;
      process.kill(victim, 'SIGKILL');
      expect(await logged(served, 'worker-died')).toMatchObject({ worker: victim, how: 'SIGKILL' });
      await asking.more(100);
      expect(served.log()).not.toContain('"event":"worker-started"');
      const { worker } = await logged(served, 'worker-started');
      await asking.more(50);
      const { unlike, failed } = await asking.stop();
      expect(unlike).toBe(0);
      // What the killed one held: no more than the connections that were open.
      expect(failed).toBeLessThanOrEqual(8);
      expect(worker).not.toBe(victim);
      const metrics = await metricsOf(served);
      expect(sampleOf(metrics, 'hub_workers')).toBe(2);
      expect(sampleOf(metrics, 'hub_worker_deaths_total')).toBe(1);
      expect(sampleOf(metrics, 'hub_request_duration_seconds_count')).toBeGreaterThan(before);
    },
    SLOW,
  );

  it(
    'leave no connection hanging that one of them was handed and died before taking it',
    async () => {
      const victim = workersOf(served).at(-1) ?? 0;
      const before = served.log().length;
      process.kill(victim, 'SIGSTOP');
      // Of so many connections, each the next worker's, one is handed to the worker that takes nothing.
      const asked = Array.from({ length: 6 }, () => ask(served.url, { query: QUERY }).then(({ status }) => status, String));
      while (
        (served
          .log()
          .slice(before)
          .match(/"requestId"/g)?.length ?? 0) < 5
      )
        await served.written();
      process.kill(victim, 'SIGKILL');
      expect((await Promise.all(asked)).sort()).toEqual([200, 200, 200, 200, 200, expect.stringMatching(/socket hang up|ECONNRESET/)]);
      while (!served.log().includes('"event":"worker-started"', before)) await served.written();
    },
    SLOW,
  );

  it(
    'end together on SIGTERM, and leave a whole access log',
    async () => {
      const pids = workersOf(served);
      expect(await served.stop('SIGTERM')).toBe(0);
      for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
      expect(await runHub(['audit', 'verify', '--data', dataDir], { env })).toMatchObject({ code: 0 });
    },
    SLOW,
  );
});

describe('hub serve --workers', () => {
  it(
    'runs on the embedded store as well, and shares the rates between the workers',
    async () => {
      const dataDir = await mkdtemp(join(tmpdir(), 'hub-workers-'));
      const served = await serveHub(['--data', dataDir, '--workers', '2', '--samples'], { env: { HUB_RATE_PUBLIC: '1' } });
      try {
        // Ten at once for each address, five of them at each worker; so many connections that both workers get more than they take.
        const answers = await Promise.all(Array.from({ length: 120 }, () => ask(served.url, { query: '{ __typename }' })));
        const admitted = answers.filter(({ status }) => status === 200).length;
        expect(admitted).toBeGreaterThanOrEqual(10);
        expect(admitted).toBeLessThanOrEqual(16);
        expect(workersOf(served)).toHaveLength(2);
      } finally {
        expect(await served.stop('SIGTERM')).toBe(0);
        await rm(dataDir, { recursive: true, force: true });
      }
    },
    SLOW,
  );

  it.each(['0', 'many', '2.5', '1000'])(
    'refuses %s workers',
    async (count) => {
      const { code, stderr } = await runHub(['serve', '--workers', count]);
      expect({ code, stderr }).toEqual({ code: 2, stderr: '--workers 须为 1 至 256 的整数 / is a whole number from 1 to 256\n' });
    },
    SLOW,
  );

  it(
    'ends when its workers cannot start, and says why once',
    async () => {
      const { code, stderr } = await runHub(['serve', '--workers', '2', '--store', 'mongodb://127.0.0.1/hub']);
      expect(code).toBe(2);
      expect(stderr.match(/configure an issuer/g)).toHaveLength(1);
    },
    SLOW,
  );
});

describe('metrics of several processes', () => {
  const text = (running: number, first: string, second: string) =>
    [
      '# TYPE hub_requests_total counter',
      `hub_requests_total{code="A B"} ${first}`,
      `hub_requests_total{code="OK"} ${second}`,
      '# TYPE hub_requests_running gauge',
      `hub_requests_running ${running}`,
      '',
    ].join('\n');

  it('are added up by name and labels', () => {
    expect(mergeMetrics([text(1, '2', '3'), text(4, '5', '6')])).toBe(text(5, '7', '9'));
  });

  it('tell the longest of times that are no counters', () => {
    const lags = ([lag, streams]: readonly [number, number]) =>
      ['# TYPE lag_seconds gauge', `lag_seconds{client="a"} ${lag}`, '# TYPE streams gauge', `streams{client="a"} ${streams}`, ''].join(
        '\n',
      );
    expect(mergeMetrics([lags([3, 1]), lags([2.5, 2])])).toBe(lags([3, 3]));
  });

  it('hold the counters alone of a process that is gone', () => {
    const gone = mergeMetrics([text(1, '2', '3')], { countersOnly: true });
    expect(mergeMetrics([gone, text(4, '5', '6')])).toBe(text(4, '7', '9'));
  });
});
