import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { NOBODY, type Principal } from '../../auth/principal.ts';
import { localCall } from '../../cli/local-call.ts';
import { openGraph, standAlone } from '../../cli/open-graph.ts';
import { type Hub, openHub } from '../../cli/open-hub.ts';
import type { CallSubgraph } from '../../gateway/call.ts';
import { type Door, openDoor } from '../../gateway/door.ts';
import type { Engine } from '../../gateway/engine.ts';
import { createFederatedEngine } from '../../gateway/federated-engine.ts';
import { COMPANY, HOUSING, MARKET, OTHER_COMPANY, penalty, personalPenalty } from '../support/fixtures.ts';

/** A department's archive: a type that nobody but its source and holders of a grant ever sees. */
const ARCHIVE_SDL = `
"内部档案"
type ServiceFile @recordType(code: "SERVICE_FILE", field: "serviceFiles", section: ADMINISTRATIVE, share: ENFORCEMENT, nature: BASIC, identity: ["documentNo", "subject"], sourceOnly: true) {
  "档案编号"
  documentNo: String @item(headings: ["档案编号"], role: DOCUMENT_NUMBER, required: true, filter: true) @disclose(class: SHARED)
  "单位名称"
  unitName: String @item(headings: ["单位名称"], role: SUBJECT_NAME, required: true) @disclose(class: SHARED)
  "统一社会信用代码"
  uscc: UnifiedSocialCreditCode @item(headings: ["统一社会信用代码"], role: SUBJECT_CODE, required: true) @disclose(class: SHARED)
  "归档日期"
  decisionDate: Date @item(headings: ["归档日期"], role: DECISION_DATE, required: true) @disclose(class: SHARED)
}`;
const clock = { now: () => new Date('2026-10-08T02:00:00Z') };
const PRINCIPALS: Readonly<Record<string, Principal>> = {
  source: { audience: 'AGENCY', sub: 'source', orgUscc: MARKET, regionCode: '411502' },
  grantee: { audience: 'AGENCY', sub: 'grantee', orgUscc: HOUSING, orgNature: 'DISCIPLINE', regionCode: '411502' },
  inspector: { audience: 'SUPERVISION', sub: 'inspector', clientId: 'inspector', regionCode: '411500' },
};

let folder: string;
let hub: Hub;
let gateway: Door;
let alone: Door;
/** Subgraphs that were called, with what they were asked, since the test began. */
let calls: { readonly subgraph: string; readonly query: string }[];
const called = () => calls.map(({ subgraph }) => subgraph).sort();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hub-denied-'));
  await writeFile(join(folder, 'archive.graphql'), ARCHIVE_SDL);
  hub = await openHub({ dataDir: join(folder, 'data'), clock, env: { HUB_DEPARTMENTS: folder } });
  await load('DEPARTMENT', [
    { uscc: MARKET, name: '浉河区市场监督管理局' },
    { uscc: HOUSING, name: '浉河区住房和城乡建设局', orgNature: 'DISCIPLINE' },
  ]);
  await load('PENALTY', [penalty(), personalPenalty()]);
  await load('SERVICE_FILE', [
    { documentNo: '档001', unitName: '茶韵食品有限公司', uscc: COMPANY, decisionDate: '2026-09-01' },
    { documentNo: '档002', unitName: '康泰商贸有限公司', uscc: OTHER_COMPANY, decisionDate: '2026-09-02' },
  ]);
  await hub.effects.settle();
  const graph = openGraph(hub, 'optional');
  const counted = graph.subgraphs.map((subgraph): [string, CallSubgraph] => {
    const call = localCall(subgraph, String);
    return [
      subgraph.name,
      (asked) => {
        calls.push({ subgraph: subgraph.name, query: asked.query });
        return call(asked);
      },
    ];
  });
  const parts = { ...graph.admission, composed: graph.composed(), subgraphs: new Map(counted), clock, accessLog: hub.accessLog };
  gateway = await doorOf(createFederatedEngine(parts));
  alone = await doorOf(standAlone(graph, hub, 'archive'));
}, 60_000);
afterAll(async () => {
  await gateway.close();
  await alone.close();
  await hub.close();
  await rm(folder, { recursive: true });
});
beforeEach(() => {
  calls = [];
});

async function load(code: string, rows: readonly Readonly<Record<string, unknown>>[]): Promise<void> {
  const type = hub.catalogue.types.find((candidate) => candidate.code === code);
  if (!type) throw new Error(`there is no type ${code}`);
  const origin = { source: MARKET, actor: 'test', mode: 'MANUAL', viaToken: false } as const;
  const outcomes = await hub.engine.submit(
    type,
    rows.map((values, index) => ({ row: index + 1, values })),
    origin,
  );
  for (const { outcome, reasons } of outcomes) if (outcome !== 'accepted') throw new Error(JSON.stringify(reasons));
}

function doorOf(engine: Engine): Promise<Door> {
  const verify = async (authorization: string | undefined) => PRINCIPALS[authorization ?? ''] ?? NOBODY;
  return openDoor({ engine, verify, host: '127.0.0.1', port: 0, ready: async () => true, ide: false, log: () => undefined, clock });
}

interface Asking {
  readonly as?: string;
  readonly purpose?: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly door?: Door;
}

async function ask(query: string, { as, purpose, variables, door = gateway }: Asking = {}) {
  const response = await fetch(`http://127.0.0.1:${door.port}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(as ? { authorization: as } : {}),
      ...(purpose ? { 'hub-purpose': purpose } : {}),
    },
    body: JSON.stringify({ query, variables }),
  });
  // biome-ignore lint/suspicious/noExplicitAny: a test reads whatever the hub answers
  return (await response.json()) as any;
}

const PAGE = `__typename total: totalCount nodes { __typename id documentNo } rows: edges { cursor node { documentNo } }
  pageInfo { hasNextPage hasPreviousPage startCursor endCursor more: hasNextPage }`;
const NOTHING = { __typename: 'ServiceFileConnection', total: 0, nodes: [], rows: [] };

describe('a subgraph of which the caller can see nothing', () => {
  it('is asked by its source, who sees its rows', async () => {
    const { data } = await ask('{ serviceFiles { totalCount nodes { documentNo } } }', { as: 'source', purpose: 'RECORD_MANAGEMENT' });
    expect(data.serviceFiles.totalCount).toBe(2);
    expect(called()).toEqual(['archive']);
  });

  it('is not called for a list, which is answered as the subgraph itself would', async () => {
    const query = `{ serviceFiles(first: 7) { ${PAGE} } }`;
    const answer = await ask(query);
    expect(calls).toEqual([]);
    expect(answer).toMatchObject({ data: { serviceFiles: NOTHING } });
    expect(answer).toEqual(await ask(query, { door: alone }));
  });

  it('is not called below a subject, beside what others answer', async () => {
    const { data } = await ask(`{ subject(uscc: "${COMPANY}") { id name files: serviceFiles { ${PAGE} } ...Shared } }
      fragment Shared on Subject { serviceFiles { totalCount } vouchers { totalCount nodes { purpose } } }`);
    expect(called()).toEqual(['subjects']);
    expect(data.subject).toMatchObject({
      name: '茶韵食品有限公司',
      serviceFiles: { totalCount: 0 },
      vouchers: { totalCount: 0, nodes: [] },
    });
    const entity = `query ($of: [_Any!]!) { _entities(representations: $of) { ... on Subject { files: serviceFiles { ${PAGE} } } } }`;
    const own = await ask(entity, { door: alone, variables: { of: [{ __typename: 'Subject', id: data.subject.id }] } });
    expect(own.data._entities).toEqual([{ files: data.subject.files }]);
  });

  it('is not called though nothing else is asked of the subject, and an unknown one is null', async () => {
    const { data } = await ask(
      `{ known: subject(uscc: "${COMPANY}") { serviceFiles { totalCount } } unknown: subject(uscc: "91411502MAATE5T05X") { serviceFiles { totalCount } } }`,
    );
    expect(data).toEqual({ known: { serviceFiles: { totalCount: 0 } }, unknown: null });
    expect(called()).toEqual(['subjects']);
  });

  it('is not called below the subjects of records, where the parent is null exactly as it would be', async () => {
    const asked = 'nodes { documentNo subject { serviceFiles { totalCount } } }';
    const { data } = await ask(`{ penalties { ${asked} } }`);
    expect(data.penalties.nodes).toEqual([{ documentNo: '浉市监罚〔2026〕001号', subject: { serviceFiles: { totalCount: 0 } } }]);
    expect(called()).toEqual(['records', 'subjects']);
    const personal = await ask(`{ penalties { ${asked} } }`, { as: 'inspector' });
    const control = await ask('{ penalties { nodes { documentNo subject { id } } } }', { as: 'inspector' });
    const stand = (nodes: readonly { subject: unknown }[]) => nodes.map(({ subject }) => subject !== null);
    expect(stand(personal.data.penalties.nodes)).toEqual(stand(control.data.penalties.nodes));
    expect(called()).not.toContain('archive');
  });

  it.each([
    ['a cursor that was never given out', 'serviceFiles(after: "never") { totalCount }'],
    ['a cursor in a variable', 'serviceFiles(after: $after) { totalCount }'],
  ])('still says what is wrong with %s', async (_what, list) => {
    const query = `query ($after: Cursor = "never") { ${list} ${list.includes('$') ? '' : 'again: serviceFiles(after: $after) { totalCount }'} }`;
    const { errors } = await ask(query);
    expect(errors.map(({ extensions }: { extensions: { code: string } }) => extensions.code)).toContain('BAD_USER_INPUT');
    expect(called()).toContain('archive');
  });

  it('still refuses a filter, before anything is called', async () => {
    const { data, errors } = await ask('{ serviceFiles(where: { documentNo: { eq: "档001" } }) { totalCount } }');
    expect([data, errors[0].extensions.code]).toEqual([undefined, 'FORBIDDEN']);
    expect(calls).toEqual([]);
  });

  it('is called again by whoever can see something of it, under the same operation', async () => {
    const query = `{ subject(uscc: "${COMPANY}") { serviceFiles { nodes { documentNo } } } }`;
    expect((await ask(query)).data.subject.serviceFiles.nodes).toEqual([]);
    const own = await ask(query, { as: 'source', purpose: 'RECORD_MANAGEMENT' });
    expect(own.data.subject.serviceFiles.nodes).toEqual([{ documentNo: '档001' }]);
  });
});

describe('a closed field', () => {
  it('is asked of no subgraph', async () => {
    const { data, extensions } = await ask('{ penalties { nodes { documentNo remark legalRepIdNumber subject { name idNumber } } } }');
    expect(data.penalties.nodes[0]).toMatchObject({ remark: null, legalRepIdNumber: null, subject: { idNumber: null } });
    expect(called()).toEqual(['records', 'subjects']);
    for (const { query } of calls) expect(query).not.toMatch(/remark|legalRepIdNumber|idNumber/);
    expect(extensions.withheld.map(({ coordinate }: { coordinate: string }) => coordinate).sort()).toEqual([
      'AdministrativePenalty.legalRepIdNumber',
      'AdministrativePenalty.remark',
      'Subject.idNumber',
    ]);
  });

  it('that is a reference costs no call of the subgraph that it points to', async () => {
    const keeping = { purpose: 'RECORD_MANAGEMENT' };
    const input = {
      providerUscc: MARKET,
      recordTypes: ['SERVICE_FILE'],
      fields: ['ServiceFile.documentNo'],
      purposes: ['PERSONNEL'],
      legalBasis: '《中国共产党纪律检查机关监督执纪工作规则》',
      validTo: '2027-10-08',
    };
    const requested = await ask('mutation ($input: GrantRequest!) { requestGrant(input: $input) { id } }', {
      as: 'grantee',
      ...keeping,
      variables: { input },
    });
    const approved = await ask(`mutation { approveGrant(id: "${requested.data.requestGrant.id}") { status } }`, {
      as: 'source',
      ...keeping,
    });
    expect(approved.data.approveGrant.status).toBe('APPROVED');
    calls = [];
    const { data, extensions } = await ask('{ serviceFiles { nodes { documentNo subject { id name } } } }', {
      as: 'grantee',
      purpose: 'PERSONNEL',
    });
    expect(data.serviceFiles.nodes).toEqual(
      expect.arrayContaining(['档001', '档002'].map((documentNo) => ({ documentNo, subject: null }))),
    );
    expect(called()).toEqual(['archive']);
    expect(extensions.withheld).toMatchObject([
      {
        path: ['serviceFiles', 'nodes', '@', 'subject'],
        coordinate: 'ServiceFile.subject',
        effect: 'DENIED',
        objects: 2,
      },
    ]);
  });
});
