import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MongoClient } from 'mongodb';
import { REPORT_QUERY } from '../../bench/report/query.ts';
import { collectionsOf } from '../../cli/open-hub.ts';
import { composeFromFiles } from '../../cli/static-graph.ts';
import type { Catalogue } from '../../schema/catalogue.ts';
import { usccCheckDigit } from '../../schema/uscc.ts';
import { layOut } from '../../store/mongodb/layout.ts';
import { COMMIT_SHARD_KEY, shardKeysOf } from '../../store/mongodb/shard-key.ts';
import { ROOT } from '../support/command.ts';
import { debtorEntry, HOUSING, MARKET, penalty } from '../support/fixtures.ts';
import { type Answer, type Asking, startHub, type TestHub } from '../support/hub.ts';
import { type Mongod, startMongod } from '../support/mongod.ts';
import { profiled, type QueryShape, startProfile } from './profiled-queries.ts';

const BANK = '91411502MA3TE5T03U';
const STAFF = 'clerk-1';
const SUBJECTS = 80;
const PER_SUBJECT = 5;
/** Documents that a query may read for one that it gives back, and that it may read in vain. */
const MOST_READ = 5;
const HOTTEST = 10;

/** Queries that go to every shard, or read more than they give back, and why that is how it should be. */
const ALLOWED: readonly { readonly why: string; readonly of: (shape: QueryShape) => boolean }[] = [
  {
    why: 'a list over all subjects has no subject: each shard gives the first page in the order of its own index',
    of: ({ collection, operation, where, order }) =>
      collection === 'doc.<record>' &&
      (operation === 'count' || order.length > 0) &&
      !['gate.subjectId', 'columns.triple', 'columns.document'].some((field) => where.has(field)),
  },
  {
    why: 'a batch of an import is about hundreds of subjects, which lie on all shards anyway: two questions for up to 500 rows',
    of: ({ collection, where }) => collection === 'doc.<record>' && (where.has('columns.triple') || where.has('columns.document')),
  },
  {
    why: 'a record by its id alone (Query.record, an effect): each shard looks into its index of keys, one has it',
    of: ({ collection, where }) => collection === 'doc.<record>' && where.has('_id'),
  },
  {
    why: 'the change log and the logs are read by few, in pages, in the order of an index of each shard',
    of: ({ collection, order }) => collection === 'commits' && order.length > 0,
  },
  {
    why: 'whether a commit waits for its place: an index of the waiting ones alone',
    of: ({ collection, plan }) => collection === 'commits' && /time: 1/.test(plan),
  },
];

/** Queries that are read without an index, or sorted, and why. */
const READ_OR_SORTED: typeof ALLOWED = [
  {
    why: 'a count of all records, or of all that a caller may see, reads them: conditions on what is missing are in no index',
    of: ({ collection, operation, where }) => collection === 'doc.<record>' && operation === 'count' && !where.has('gate.subjectId'),
  },
  {
    why: 'the records of one document number are few, and sorted faster than all records are walked through in their order',
    of: ({ collection, where, plan }) => collection === 'doc.<record>' && where.has('columns.documentNo') && !/COLLSCAN/.test(plan),
  },
];

const server: Mongod | undefined = await startMongod();
if (!server) process.stderr.write('NO MONGODB HERE: what the hub asks of it was not looked at (MONGODB_URL, or mongod on the path)\n');

const describeHere = server ? describe : describe.skip;

afterAll(() => server?.stop(), 60_000);

describe('a sharded cluster', () => {
  const { catalogue } = composeFromFiles({});
  const layouts = collectionsOf(catalogue).map(layOut);

  it('spreads every record type by its subject, and the index of records by key', () => {
    const spread = layouts.filter((layout) => shardKeysOf(layout).documents).map(({ collection }) => collection);
    const records = catalogue.types.filter(({ kind }) => kind === 'record').map(({ collection }) => collection);
    expect(spread.sort()).toEqual([...records, 'record-index'].sort());
  });

  it('keeps within one shard whatever has to be unique', () => {
    const beyond = layouts.flatMap((layout) => {
      const [shardKey] = Object.keys(shardKeysOf(layout).documents ?? {});
      return layout.indexes.filter(({ unique, key }) => unique && shardKey && Object.keys(key)[0] !== shardKey);
    });
    expect(beyond).toEqual([]);
  });
});

describeHere('what a hub asks of its database', () => {
  let shapes: readonly QueryShape[] = [];
  let sharding: ReadonlyMap<string, string>;

  beforeAll(async () => {
    if (!server) return;
    const before = process.env.HUB_TEST_STORE;
    process.env.HUB_TEST_STORE = server.url;
    const hub = await startHub();
    process.env.HUB_TEST_STORE = before ?? '';
    const client = new MongoClient(String(hub.env.HUB_STORE));
    try {
      await startProfile(client.db());
      await work(hub);
      const { catalogue } = composeFromFiles({});
      const records = new Set(catalogue.types.filter(({ kind }) => kind === 'record').map(({ collection }) => collection));
      const kindOf = (name: string) =>
        name.replace(/^(doc|old)\.(.+)$/, (_, part, own) => `${part}.${records.has(own) ? '<record>' : own}`);
      shapes = await profiled(client.db(), kindOf);
      sharding = shardKeys(kindOf, catalogue);
    } finally {
      await client.close();
      await hub.close();
    }
  }, 120_000);

  it('is answered from an index, and never sorted in memory', () => {
    const slow = shapes.filter((shape) => (/COLLSCAN/.test(shape.plan) || shape.sorts) && !READ_OR_SORTED.some(({ of }) => of(shape)));
    expect(slow.map(printed)).toEqual([]);
  });

  it('reads hardly more documents than it gives back', () => {
    const wasteful = shapes.filter((shape) => shape.operation !== 'count' && shape.worst > MOST_READ && !isAllowed(shape));
    expect(wasteful.map(printed)).toEqual([]);
  });

  it('names the shard wherever the collection is spread', () => {
    const everywhere = shapes.filter((shape) => {
      const key = sharding.get(shape.collection);
      return key !== undefined && shape.where.get(key) !== 'equal' && !isAllowed(shape);
    });
    expect(everywhere.map(printed)).toEqual([]);
  });

  it('is what docs/hot-queries.md says', () => {
    const rows = shapes.slice(0, HOTTEST).map((shape) => {
      const key = sharding.get(shape.collection);
      const allowed = ALLOWED.find(({ of }) => of(shape));
      const shard = key === undefined ? 'not spread' : shape.where.get(key) === 'equal' ? key : `every shard: ${allowed?.why}`;
      const perReturned = shape.returned > 0 ? (shape.examined / shape.returned).toFixed(1) : `${shape.examined} for none`;
      return `| ${printed(shape)} | ${shape.plan} | ${shape.times} | ${perReturned} | ${shard} |`;
    });
    const table = ['| query | index | times | documents read per returned | shard key |', '|---|---|---:|---:|---|', ...rows].join('\n');
    process.stderr.write(`${table}\n`);
    if (process.env.HUB_WRITE_DOCS) writeFileSync(join(ROOT, 'docs/hot-queries.md'), page(table));
    expect(rows).toHaveLength(HOTTEST);
  });
});

function shardKeys(kindOf: (name: string) => string, catalogue: Catalogue): ReadonlyMap<string, string> {
  const keys = new Map([['commits', Object.keys(COMMIT_SHARD_KEY)[0] ?? '']]);
  for (const layout of collectionsOf(catalogue).map(layOut)) {
    const { documents, history } = shardKeysOf(layout);
    for (const [name, key] of [
      [layout.documents, documents],
      [layout.history, history],
    ] as const) {
      const [first] = Object.keys(key ?? {});
      if (first) keys.set(kindOf(name), first);
    }
  }
  return keys;
}

function isAllowed(shape: QueryShape): boolean {
  return ALLOWED.some(({ of }) => of(shape));
}

function printed({ collection, operation, where, order }: QueryShape): string {
  const fields = [...where].map(([field, kind]) => (kind === 'equal' ? field : `${field} (range)`));
  return `${operation} \`${collection}\` by ${fields.join(', ') || 'nothing'}${order.length > 0 ? ` in the order of ${order.join(', ')}` : ''}`;
}

function page(table: string): string {
  return `# What a hub asks of MongoDB most

Written by \`HUB_WRITE_DOCS=1 npm test test/store/mongodb-commands\`, which refuses a query that is read without an index, sorted in memory, wasteful, or that asks every shard for no reason. The figures are the server's own (its profiler), for a hub of ${SUBJECTS * PER_SUBJECT} penalties that is asked for reports, lists, records by id, under vouchers, and takes imports. \`<record>\` stands for every record type.

${table}
`;
}

/** What hubs are asked most. */
async function work(hub: TestHub): Promise<void> {
  const asked = async (query: string, asking: Asking = {}): Promise<Answer['body']> => {
    const { body } = await hub.ask(query, asking);
    expect(body.errors).toBeUndefined();
    return body.data;
  };
  const agency = { token: hub.token('AGENCY', { orgUscc: HOUSING, regionCode: '411502' }), purpose: 'LICENSING' };
  const market = { token: hub.token('AGENCY', { orgUscc: MARKET, regionCode: '411502' }), purpose: 'LICENSING' };
  await hub.load('SERVICE_BODY', [
    { orgUscc: BANK, name: '信阳商业银行', qualificationNo: 'Q-1', validTo: '2099-12-31', status: 'ACTIVE' },
  ]);
  await hub.load('LIST_ENTRY', [debtorEntry()]);
  for (const round of ['PERFORMED', 'NOT_PERFORMED']) await hub.load('PENALTY', penalties(round));

  for (let n = 0; n < SUBJECTS; n += 1) {
    const variables = { uscc: usccOf(n) };
    const report = await asked(REPORT_QUERY, { variables });
    await asked(REPORT_QUERY, { ...agency, variables });
    const [first] = report.subject.penalties.nodes;
    await asked(`{ record(id: "${first.id}") { id recordType subject { id } } }`, n % 2 === 0 ? {} : agency);
    await asked(`{ subject(id: "${report.subject.id}") { penalties(first: 3) { totalCount nodes { documentNo } } } }`, agency);
  }
  for (const asking of [{}, agency, market]) await pages(asked, asking);
  await vouchers(hub, asked);
}

async function pages(asked: (query: string, asking?: Asking) => Promise<Answer['body']>, asking: Asking): Promise<void> {
  let after = '';
  for (let page = 0; page < 5; page += 1) {
    const { penalties: list } = await asked(
      `{ penalties(first: 20${after}) { totalCount pageInfo { endCursor } nodes { documentNo subject { id name } } } }`,
      asking,
    );
    after = `, after: "${list.pageInfo.endCursor}"`;
  }
  await asked('{ penalties(first: 20, where: { documentNo: { eq: "浉市监罚〔2026〕10-1号" } }) { nodes { documentNo } } }', asking);
}

async function vouchers(hub: TestHub, asked: (query: string, asking?: Asking) => Promise<Answer['body']>): Promise<void> {
  const bank = { token: hub.token('CREDIT_BODY', { orgUscc: BANK, staffId: STAFF }), purpose: 'LOAN' };
  for (let n = 0; n < 10; n += 1) {
    const company = { token: hub.token('SUBJECT', { subjectUscc: usccOf(n), authLevel: 2 }) };
    const input = {
      ...{ type: 'E_SIGN', subjectUscc: usccOf(n), granteeUscc: BANK, granteeStaff: [STAFF], purpose: 'LOAN', maxUses: 20 },
      ...{ sections: ['BASIC', 'ADMINISTRATIVE'], validTo: new Date(Date.now() + 60 * 86_400_000).toISOString() },
    };
    const { draftVoucher } = await asked('mutation ($input: VoucherDraft!) { draftVoucher(input: $input) { id } }', {
      ...bank,
      variables: { input },
    });
    await asked(`mutation { signVoucher(id: "${draftVoucher.id}") { id } }`, company);
    for (let use = 0; use < 3; use += 1) {
      await asked(`{ subject(uscc: "${usccOf(n)}") { name penalties(first: 5) { nodes { documentNo performanceStatus } } } }`, {
        ...bank,
        headers: { 'hub-voucher': draftVoucher.id },
      });
    }
  }
}

function penalties(performanceStatus: string): readonly Readonly<Record<string, unknown>>[] {
  return Array.from({ length: SUBJECTS * PER_SUBJECT }, (_, n) => {
    const subject = n % SUBJECTS;
    const documentNo = `浉市监罚〔2026〕${subject}-${Math.floor(n / SUBJECTS)}号`;
    return penalty({ counterpartName: `茶韵食品${subject}号店`, uscc: usccOf(subject), documentNo, performanceStatus });
  });
}

/** The code of the n-th subject. */
function usccOf(n: number): string {
  const body = `91411502MA${String(n).padStart(7, '0')}`;
  return body + (usccCheckDigit(body) ?? '');
}
