import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import jwt from 'jsonwebtoken';
import { runHub, type ServedHub, serveHub } from '../support/command.ts';
import { COMPANY, debtorEntry, HOUSING, MARKET, PERSON, penalty, personalPenalty } from '../support/fixtures.ts';
import { type Answer, type Asking, askAt, RATES, startHub, tokenOf } from '../support/hub.ts';
import { dropStore } from '../support/test-store.ts';

const SUBGRAPHS = ['subjects', 'records', 'lists', 'commitments', 'repairs', 'access', 'tax', 'changes'] as const;
const BANK = '91411502MA3TE5T03U';
const STAFF = 'clerk-1';
const CLOCK = { now: () => new Date() };
const GENERATED = 'schema/generated';
const UNKNOWN_ID = 'AAAAAAAAAAAAAAAAAAAAAA';
const ENV = { ...RATES, HUB_SUBGRAPH_TIMEOUT: '3000' };

/** Where the processes find the store, and whose tokens they take. */
let env: Readonly<Record<string, string>>;
let dataDir: string;
let supergraph: string;
let embedded: ServedHub;
let gateway: ServedHub;
const subgraphs = new Map<string, ServedHub>();
const ids: Record<string, string> = {};

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'hub-'));
  supergraph = join(dataDir, 'supergraph');
  await mkdir(supergraph);
  for (const name of ['supergraph.graphql', 'policy.json']) await copyFile(join(GENERATED, name), join(supergraph, name));
  const hub = await startHub({ dataDir });
  const load = async (type: string, ...rows: readonly Readonly<Record<string, unknown>>[]) => {
    const [outcome] = await hub.load(type, rows);
    if (!outcome?.id) throw new Error(JSON.stringify(outcome));
    return outcome.id;
  };
  ids.penalty = await load('PENALTY', penalty({ regionCode: '411502' }), personalPenalty());
  ids.entry = await load('LIST_ENTRY', debtorEntry());
  await load('SERVICE_BODY', { orgUscc: BANK, name: '信阳商业银行', qualificationNo: 'Q-1', validTo: '2099-12-31', status: 'ACTIVE' });
  await hub.close();
  env = { ...hub.env, ...ENV };
  embedded = await serveHub(['--data', dataDir], { env });
  const started = await Promise.all(SUBGRAPHS.map((name) => serveSubgraph(name)));
  for (const [index, name] of SUBGRAPHS.entries()) subgraphs.set(name, started[index] as ServedHub);
  const addresses = SUBGRAPHS.map((name) => `${name}=${subgraphs.get(name)?.url}`);
  gateway = await serveHub(['gateway', '--subgraphs', addresses.join(), '--data', dataDir], {
    env: { ...env, HUB_SUPERGRAPH: supergraph },
  });
}, 180_000);
afterAll(async () => {
  await Promise.all([gateway, embedded, ...subgraphs.values()].map((served) => served?.stop('SIGKILL')));
  await dropStore(dataDir);
  await rm(dataDir, { recursive: true, force: true });
}, 60_000);

function serveSubgraph(name: string, port = '0'): Promise<ServedHub> {
  return serveHub(['subgraph', name, '--data', dataDir, '--port', port], { env });
}

const agency = (orgUscc: string, purpose: string): Asking => ({ token: tokenOf(dataDir, CLOCK, { audience: 'AGENCY', orgUscc }), purpose });
const subject = (): Asking => ({ token: tokenOf(dataDir, CLOCK, { audience: 'SUBJECT', subjectUscc: COMPANY, authLevel: 2 }) });
const person = (): Asking => ({
  token: tokenOf(dataDir, CLOCK, { audience: 'SUBJECT', subjectIdNumber: PERSON.idNumber, subjectName: PERSON.name, authLevel: 2 }),
});
const bank = (voucher?: string): Asking => ({
  token: tokenOf(dataDir, CLOCK, { audience: 'CREDIT_BODY', orgUscc: BANK, staffId: STAFF }),
  purpose: 'LOAN',
  ...(voucher ? { headers: { 'hub-voucher': voucher } } : {}),
});
const operator = (): Asking => ({
  token: tokenOf(dataDir, CLOCK, { audience: 'OPERATOR', regionCode: '411502', staffId: 'operator-7', orgUscc: '11411500MB1TE5T05C' }),
});

/** The answer of the distributed hub, which has to be that of the embedded one. */
async function same(query: string, asking: Asking = {}): Promise<Answer> {
  const [one, other] = [await askAt(gateway.url, query, asking), await askAt(embedded.url, query, asking)];
  expect([one.status, one.body]).toEqual([other.status, other.body]);
  return one;
}

const DRAFT = 'mutation ($input: VoucherDraft!) { draftVoucher(input: $input) { id } }';
const draftInput = () => ({
  type: 'E_SIGN',
  person: PERSON,
  granteeUscc: BANK,
  granteeStaff: [STAFF],
  sections: ['BASIC', 'ADMINISTRATIVE'],
  purpose: 'LOAN',
  validTo: new Date(Date.now() + 86_400_000).toISOString(),
  maxUses: 2,
});

async function signedVoucher(): Promise<string> {
  const { id } = (await askAt(gateway.url, DRAFT, { ...bank(), variables: { input: draftInput() } })).body.data.draftVoucher;
  const signed = await askAt(gateway.url, `mutation { signVoucher(id: "${id}") { status } }`, person());
  expect(signed.body.data.signVoucher.status).toBe('ACTIVE');
  return id;
}

const WHOLE = `{ subject(uscc: "${COMPANY}") { id name kind
  penalties { totalCount nodes { id recordType documentNo legalRepName legalRepIdNumber performanceStatus remark violationFacts subject { id name } } }
  listEntries { nodes { id } } commitments { nodes { id } } taxCreditRatings { nodes { id } } } }`;
const NUMBERS = (id: string | undefined) =>
  `{ record(id: "${id}") { id ... on AdministrativePenalty { legalRepIdNumber subject { name } } } penalties { nodes { legalRepIdNumber } } }`;

describe('a gateway and eight subgraphs, each a process of its own, answer what one process answers', () => {
  it.each<[string, () => Asking]>([
    ['the public', () => ({})],
    ['the department that decided', () => agency(MARKET, 'RECORD_MANAGEMENT')],
    ['another department', () => agency(HOUSING, 'LICENSING')],
    ['a department that states no purpose', () => ({ ...agency(HOUSING, 'LICENSING'), purpose: undefined })],
    ['the subject itself', subject],
    ['another subject', person],
    ['a credit body without a voucher', () => bank()],
    ['an operator', operator],
    ['somebody whose token is not valid', () => ({ token: 'a.b.c' })],
  ])('to %s', async (_who, asking) => {
    await same(WHOLE, asking());
    await same(`{ record(id: "${ids.penalty}") { id recordType ... on AdministrativePenalty { documentNo remark } } }`, asking());
    await same(`{ record(id: "${UNKNOWN_ID}") { id } }`, asking());
    await same('{ listEntries { totalCount nodes { subjectName idNumber facts } } }', asking());
  });

  it('to a subject that its identity provider knows by number and name alone', async () => {
    const { body } = await same('{ penalties { nodes { documentNo personIdNumber subject { name } } } }', person());
    expect(body.data.penalties.nodes).toContainEqual(expect.objectContaining({ personIdNumber: PERSON.idNumber }));
  });

  it('to a filter that is closed for the caller, and to one that is not', async () => {
    const filtered = '{ penalties(where: { legalRepIdNumber: { eq: "x" } }) { totalCount } }';
    expect((await same(filtered)).status).toBeGreaterThanOrEqual(400);
    await same('{ penalties(where: { documentNo: { eq: "浉市监罚〔2026〕001号" } }) { totalCount nodes { documentNo } } }');
  });

  it('to the holder of a voucher, whose last use it counts once over all processes', async () => {
    const voucher = await signedVoucher();
    const query = '{ penalties { nodes { documentNo personIdNumber subject { id } } } }';
    const { body } = await same(query, bank(voucher));
    expect(body.data.penalties.nodes).toContainEqual(expect.objectContaining({ personIdNumber: PERSON.idNumber }));
    const used = await askAt(gateway.url, query, bank(voucher));
    expect([used.status, used.body.errors[0].extensions.code]).toEqual([403, 'VOUCHER_INVALID']);
  });

  it('to an operator to whom a row was revealed, by its id alone', async () => {
    const reveal = `mutation { reveal(recordId: "${ids.penalty}", reason: "核对法定代表人证件号码") { ... on AdministrativePenalty { legalRepIdNumber } } }`;
    const masked = await same(NUMBERS(ids.penalty), operator());
    const revealed = await askAt(gateway.url, reveal, operator());
    expect(revealed.body.data.reveal).toEqual({ legalRepIdNumber: '411599197710058716' });
    const shown = await same(NUMBERS(ids.penalty), operator());
    expect(shown.body.data.record.legalRepIdNumber).toBe('411599197710058716');
    expect(shown.body.data.penalties).toEqual(masked.body.data.penalties);
  });

  it('to a submission, refused and taken', async () => {
    const submit = (documentNo: string) =>
      `mutation { submitAdministrativePenalty(records: [{ documentNo: "${documentNo}" }]) { accepted rejected } }`;
    await same(submit('浉市监罚〔2026〕050号'), agency(MARKET, 'RECORD_MANAGEMENT'));
    await same(submit('浉市监罚〔2026〕050号'));
    const withdraw = (id: string) =>
      `mutation { withdrawRecord(recordId: "${id}", documentRef: "浉市监撤〔2026〕1号", reason: "依据错误") { id } }`;
    await same(withdraw(UNKNOWN_ID), agency(MARKET, 'RECORD_MANAGEMENT'));
    await same(withdraw(ids.penalty ?? ''), agency(HOUSING, 'RECORD_MANAGEMENT'));
  });

  it('to who asks for an explanation', async () => {
    const { body } = await same(WHOLE, { headers: { 'hub-explain': 'true' } });
    expect(body.extensions.explain.coordinates).toContainEqual(
      expect.objectContaining({ coordinate: 'AdministrativePenalty.documentNo', effect: 'VALUE' }),
    );
    await same('{ me { audience } __schema { queryType { fields { name } } } }', subject());
  });

  it('and each request leaves one entry in the access log, made by the gateway', async () => {
    const since = new Date().toISOString();
    await askAt(gateway.url, WHOLE, agency(MARKET, 'ENFORCEMENT'));
    const auditor = { token: tokenOf(dataDir, CLOCK, { audience: 'AUDITOR' }) };
    const log = await askAt(
      gateway.url,
      `{ accessLog(where: { from: "${since}", organisation: "${MARKET}" }) { nodes { channel } } }`,
      auditor,
    );
    expect(log.body).toMatchObject({ data: { accessLog: { nodes: [{ channel: 'gateway' }] } } });
  });
});

describe('an access statement', () => {
  const BODY = JSON.stringify({ query: '{ penalties { totalCount } }' });
  const digest = (text: string) => createHash('sha256').update(text).digest('base64url');
  let key: { readonly kid: string; readonly privateKey: KeyObject };
  let policy: string;
  beforeAll(async () => {
    const [stored] = JSON.parse(await readFile(join(dataDir, 'keys/gateway-keys.json'), 'utf8')).keys;
    key = { kid: stored.kid, privateKey: createPrivateKey({ key: stored.jwk, format: 'jwk' }) };
    policy = JSON.parse(await readFile(join(GENERATED, 'policy.json'), 'utf8')).hash;
  });

  const seconds = () => Math.floor(Date.now() / 1000);
  const claims = (changes: Readonly<Record<string, unknown>> = {}) => ({
    iss: 'hub-gateway',
    aud: 'records',
    path: '/graphql',
    body: digest(BODY),
    jti: crypto.randomUUID(),
    iat: seconds(),
    exp: seconds() + 10,
    principal: { audience: 'PUBLIC' },
    revealed: [],
    policy,
    requestId: crypto.randomUUID(),
    now: Date.now(),
    ...changes,
  });
  const encoded = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  /** The statement behind the signature of its digest, and perhaps of another's. */
  const signed = (
    { iss, ...statement }: Readonly<Record<string, unknown>>,
    { kid, privateKey } = key,
    { typ = 'hub-statement+jwt', beside = [] as readonly string[] } = {},
  ) => {
    const text = encoded(statement);
    const list = { iss, statements: [...beside, digest(text)] };
    return `${jwt.sign(list, privateKey, { algorithm: 'ES256', keyid: kid, header: { alg: 'ES256', typ } })}~${text}`;
  };
  const send = async (
    statement: string,
    { body = BODY, headers = {}, path = '/graphql', subgraph = 'records', url = subgraphs.get(subgraph)?.url } = {},
  ) => {
    const response = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'hub-statement': statement, ...headers },
      body,
    });
    const answer: Answer['body'] = await response.json();
    return { status: response.status, code: answer.errors?.[0]?.extensions.code, message: answer.errors?.[0]?.message, data: answer.data };
  };

  it('is answered once, for the caller that it names', async () => {
    const statement = signed(claims());
    expect(await send(statement)).toMatchObject({ status: 200, data: { penalties: { totalCount: 1 } } });
    expect(await send(statement)).toMatchObject({ status: 401, code: 'UNAUTHENTICATED', message: 'the statement was used before' });
  });

  it('is answered without what a browser heeds, and kept by no cache; a refusal is answered like any other request', async () => {
    const headersOf = async (statement: string) => {
      const headers = { 'content-type': 'application/json', 'hub-statement': statement };
      const response = await fetch(`${subgraphs.get('records')?.url}/graphql`, { method: 'POST', headers, body: BODY });
      const [csp, caching, vary] = ['content-security-policy', 'cache-control', 'vary'].map((name) => response.headers.get(name));
      return { status: response.status, csp, caching, vary };
    };
    const statement = signed(claims());
    expect(await headersOf(statement)).toEqual({ status: 200, csp: null, caching: 'no-store', vary: null });
    expect(await headersOf(statement)).toMatchObject({
      status: 401,
      csp: expect.stringContaining("default-src 'none'"),
      caching: 'no-store',
    });
  });

  it('is answered once by all processes of a subgraph, whichever of them it reaches first', async () => {
    const second = await serveSubgraph('records');
    try {
      const urls = [subgraphs.get('records')?.url, second.url, second.url];
      const rounds = Array.from({ length: 60 }, async () => {
        const statement = signed(claims());
        return Promise.all(urls.map((url) => send(statement, { url })));
      });
      for (const answers of await Promise.all(rounds)) {
        expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401]);
        for (const { status, code, data } of answers)
          expect([status, code, data?.penalties.totalCount]).toEqual(
            status === 200 ? [200, undefined, 1] : [401, 'UNAUTHENTICATED', undefined],
          );
      }
    } finally {
      await second.stop('SIGTERM');
    }
  }, 60_000);

  it('of a mutation changes something once, whichever process of the subgraph it reaches first', async () => {
    const second = await serveSubgraph('access');
    try {
      const urls = [subgraphs.get('access')?.url, second.url];
      const principal = { audience: 'CREDIT_BODY', orgUscc: BANK, staffId: STAFF };
      const body = JSON.stringify({ query: DRAFT, variables: { input: draftInput() } });
      const count = async () => (await askAt(gateway.url, '{ vouchers { totalCount } }', bank())).body.data.vouchers.totalCount;
      const before = await count();
      for (let round = 0; round < 10; round += 1) {
        const statement = signed(claims({ aud: 'access', principal, body: digest(body), purpose: 'LOAN' }));
        const answers = await Promise.all(urls.map((url) => send(statement, { url, body })));
        expect(answers.map(({ status }) => status).sort()).toEqual([200, 401]);
      }
      expect((await count()) - before).toBe(10);
    } finally {
      await second.stop('SIGTERM');
    }
  }, 60_000);

  it.each<[string, () => Readonly<Record<string, unknown>>]>([
    ['has expired', () => ({ iat: seconds() - 11, exp: seconds() - 1 })],
    ['is valid for longer than ten seconds', () => ({ exp: seconds() + 11 })],
    ['has no end', () => ({ exp: undefined })],
    ['is of a later time', () => ({ iat: seconds() + 60, exp: seconds() + 70 })],
    ['is of a request that began long ago', () => ({ now: Date.now() - 600_000 })],
    ['was made for another subgraph', () => ({ aud: 'lists' })],
    ['was made for several subgraphs', () => ({ aud: ['lists', 'records'] })],
    ['was made for another path', () => ({ path: '/graphql/other' })],
    ['was made for another body', () => ({ body: digest('{"query":"{ __typename }"}') })],
    ['has no id', () => ({ jti: undefined })],
    ['comes from somebody who is no gateway', () => ({ iss: 'hub-dev' })],
    ['speaks of another policy', () => ({ policy: 'f'.repeat(32) })],
    ['speaks of no policy', () => ({ policy: undefined })],
    ['names no caller', () => ({ principal: undefined })],
    ['names an audience that there is not', () => ({ principal: { audience: 'ROOT' } })],
    ['makes a claim that is no text', () => ({ principal: { audience: 'AGENCY', orgUscc: { $ne: '' } } })],
    ['names a voucher without its use', () => ({ voucher: { id: UNKNOWN_ID } })],
    ['lists no revealed rows', () => ({ revealed: 'all' })],
    ['has no request', () => ({ requestId: undefined })],
  ])('that %s is refused', async (_what, changes) => {
    const altered = JSON.parse(JSON.stringify(claims(changes())));
    expect(await send(signed(altered))).toMatchObject({ status: 401, code: 'UNAUTHENTICATED', data: undefined });
  });

  it('that is forged is refused', async () => {
    const stranger = { kid: key.kid, privateKey: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey };
    const [signature = '', statement = ''] = signed(claims()).split('~');
    const [header, , proof] = signature.split('.');
    const unsigned = encoded({ alg: 'none', typ: 'hub-statement+jwt', kid: key.kid });
    const other = encoded(claims({ principal: { audience: 'OPERATOR' } }));
    const payload = encoded({ iss: 'hub-gateway', statements: [digest(other)] });
    const { privateKey } = key;
    const plain = jwt.sign(claims(), privateKey, {
      algorithm: 'ES256',
      keyid: key.kid,
      header: { alg: 'ES256', typ: 'hub-statement+jwt' },
    });
    const forged = [
      signed(claims(), stranger),
      signed(claims(), { ...key, kid: 'unknown' }),
      signed(claims(), key, { typ: 'JWT' }),
      `${header}.${payload}.${proof}~${other}`,
      `${unsigned}.${payload}.~${other}`,
      `${signature}~${other}`,
      `${signature}~${statement}~${other}`,
      `${signature}~`,
      signature,
      plain,
      `${plain}~${statement}`,
      'a.b.c',
      'a.b.c~d',
      '',
      `${signed(claims())}, ${signed(claims())}`,
      tokenOf(dataDir, CLOCK, { audience: 'OPERATOR' }),
    ];
    for (const statement of forged) expect(await send(statement)).toMatchObject({ status: 401, code: 'UNAUTHENTICATED' });
  });

  it('is good for the body that it was made for, and is not used up by another one', async () => {
    const statement = signed(claims());
    const other = JSON.stringify({ query: '{ penalties { nodes { remark } } }' });
    expect(await send(statement, { body: other })).toMatchObject({ status: 401 });
    expect(await send(statement)).toMatchObject({ status: 200 });
  });

  it('may share its signature with others of its turn, and is itself answered once', async () => {
    const [one, other] = [encoded(claims()), encoded(claims())];
    const [signature] = signed(claims(), key, { beside: [digest(one), digest(other)] }).split('~');
    for (const statement of [one, other]) {
      expect(await send(`${signature}~${statement}`)).toMatchObject({ status: 200 });
      expect(await send(`${signature}~${statement}`)).toMatchObject({ status: 401, message: 'the statement was used before' });
    }
  });

  it('does not come together with a token', async () => {
    const headers = { authorization: `Bearer ${operator().token}` };
    expect(await send(signed(claims()), { headers })).toMatchObject({ status: 401, code: 'UNAUTHENTICATED' });
  });

  it('opens nothing that the books of the subgraph do not open', async () => {
    const ask = (query: string, changes: object, variables = {}) => {
      const body = JSON.stringify({ query, variables });
      return send(signed({ ...claims(), ...changes, body: digest(body) }), { body });
    };
    const numbers = '{ penalties { nodes { legalRepIdNumber } } }';
    const voucher = { id: UNKNOWN_ID, use: 'r1' };
    const asBank = { audience: 'CREDIT_BODY', sub: 'bank', orgUscc: BANK, staffId: STAFF };
    expect(await ask(numbers, { principal: asBank, purpose: 'LOAN', voucher })).toMatchObject({ status: 403, code: 'VOUCHER_INVALID' });
    expect(await ask(numbers, { principal: { audience: 'AGENCY', sub: 'x', orgUscc: HOUSING } })).toMatchObject({
      status: 403,
      code: 'PURPOSE_REQUIRED',
    });
    expect(await ask('{ _service { sdl } }', { principal: { audience: 'OPERATOR', sub: 'x' } })).toMatchObject({
      status: 403,
      code: 'FORBIDDEN',
    });
    expect(await ask('{ penalties(where: { remark: { eq: "x" } }) { totalCount } }', {})).toMatchObject({ code: 'BAD_USER_INPUT' });
    const entity =
      'query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on AdministrativePenalty { legalRepIdNumber } } }';
    const representations = [{ __typename: 'AdministrativePenalty', id: ids.penalty }];
    const stranger = { audience: 'OPERATOR', sub: 'x', regionCode: '411502', staffId: 'operator-9', orgUscc: '11411500MB1TE5T05C' };
    expect(await ask(entity, { principal: stranger, revealed: [ids.penalty] }, { representations })).toMatchObject({
      status: 200,
      data: { _entities: [{ legalRepIdNumber: '411599********8716' }] },
    });
  });

  it('is signed by a key that nobody else can read, and never holds the caller’s token', async () => {
    expect((await stat(join(dataDir, 'keys/gateway-keys.json'))).mode & 0o777).toBe(0o600);
    const { keys } = JSON.parse(await readFile(join(dataDir, 'gateway-jwks.json'), 'utf8'));
    expect(keys).toEqual([expect.objectContaining({ kid: key.kid, kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig' })]);
    expect(keys[0]).not.toHaveProperty('d');
  });
});

describe('a subgraph that is down', () => {
  const BOTH = '{ penalties { totalCount } listEntries { totalCount } }';
  const entries = { totalCount: expect.any(Number) };
  const MISSING = { penalties: null, listEntries: entries };
  const NAMED = { extensions: { code: 'DOWNSTREAM_SERVICE_ERROR', subgraph: 'records' } };

  it('costs its own fields, is named, and is asked again when it is back', async () => {
    const { url, stop } = subgraphs.get('records') as ServedHub;
    await stop('SIGKILL');
    // Often enough that the gateway leaves it out for a while.
    for (let round = 0; round < 8; round += 1) {
      const { status, body } = await askAt(gateway.url, BOTH);
      expect([status, body]).toMatchObject([200, { data: MISSING, errors: [NAMED] }]);
    }
    expect(gateway.log()).toContain('"event":"subgraph-left-out"');
    const whole = await askAt(gateway.url, WHOLE);
    expect(whole.body.data.subject).toMatchObject({ name: '茶韵食品有限公司', penalties: null, listEntries: { nodes: [] } });
    subgraphs.set('records', await serveSubgraph('records', new URL(url).port));
    let back: Answer;
    do back = await askAt(gateway.url, BOTH);
    while (back.body.data.penalties === null);
    expect(back.body).toEqual({ data: { penalties: { totalCount: 1 }, listEntries: entries } });
  }, 60_000);

  it('costs no more time than a fetch may take when it stalls, and a mutation is not sent twice', async () => {
    const { pid } = subgraphs.get('records') as ServedHub;
    process.kill(pid, 'SIGSTOP');
    try {
      const began = performance.now();
      const { body } = await askAt(gateway.url, BOTH);
      expect(body).toMatchObject({ data: MISSING, errors: [NAMED] });
      expect(performance.now() - began).toBeLessThan(5_000);
      const submit = 'mutation { submitAdministrativePenalty(records: []) { accepted } }';
      const stalled = await askAt(gateway.url, submit, agency(MARKET, 'RECORD_MANAGEMENT'));
      expect(stalled.body).toMatchObject({ data: { submitAdministrativePenalty: null }, errors: [NAMED] });
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    const { body } = await askAt(gateway.url, BOTH);
    expect(body.errors).toBeUndefined();
  }, 60_000);
});

describe('a gateway whose supergraph is replaced', () => {
  const files = () => [join(supergraph, 'supergraph.graphql'), join(supergraph, 'policy.json')] as const;
  const logged = async (text: string) => {
    while (!gateway.log().includes(text)) await gateway.written();
  };
  /** Asks without pause by several at once until `done`; every answer has to be whole. */
  const underLoad = async (done: Promise<unknown>): Promise<number> => {
    let isDone = false;
    let answered = 0;
    const client = async () => {
      while (!isDone) {
        const { status, body } = await askAt(gateway.url, '{ penalties { totalCount nodes { subject { name } } } }');
        expect([status, body.errors, body.data.penalties.totalCount]).toEqual([200, undefined, 1]);
        answered += 1;
      }
    };
    const clients = [1, 2, 3, 4].map(client);
    await Promise.race([done, ...clients]);
    isDone = true;
    await Promise.all(clients);
    return answered;
  };

  it('takes it without a request that fails', async () => {
    const [sdlFile, policyFile] = files();
    const sdl = `${await readFile(sdlFile, 'utf8')}\n# another one\n`;
    const hash = createHash('sha256').update(sdl).digest('hex').slice(0, 32);
    const policy = JSON.parse(await readFile(policyFile, 'utf8'));
    await writeFile(sdlFile, sdl);
    await writeFile(policyFile, JSON.stringify({ ...policy, supergraph: hash }));
    expect(await underLoad(logged(`"supergraph":"${hash}"`))).toBeGreaterThan(0);
  }, 60_000);

  it('builds its engine anew when it is told to', async () => {
    const times = () => gateway.log().split('"event":"reloaded"').length;
    const before = times();
    process.kill(gateway.pid, 'SIGHUP');
    while (times() === before) await gateway.written();
    await same('{ penalties { totalCount } }');
  }, 60_000);

  it('refuses one whose policy is not that of the catalogue, says so, and goes on', async () => {
    const [, policyFile] = files();
    const policy = JSON.parse(await readFile(policyFile, 'utf8'));
    await writeFile(policyFile, JSON.stringify({ ...policy, hash: '0'.repeat(32) }));
    await underLoad(logged('"event":"reload-failed"'));
    expect(gateway.log()).toContain('the policy is not that of the catalogue');
    await same('{ penalties { totalCount } }');
  }, 60_000);
});

describe('a gateway', () => {
  it.each([
    ['without the address of a subgraph', ['--subgraphs', 'records=http://127.0.0.1:1'], 'subjects, '],
    ['with an address that is none', ['--subgraphs', 'records=ftp://127.0.0.1'], 'records=ftp://127.0.0.1'],
    ['without any address', [], 'HUB_SUBGRAPHS'],
  ])(
    'does not start %s',
    async (_what, args, said) => {
      const { code, stderr } = await runHub(['serve', 'gateway', '--data', dataDir, '--port', '0', ...args], { env });
      expect([code, stderr]).toEqual([2, expect.stringContaining(said)]);
    },
    60_000,
  );
});
