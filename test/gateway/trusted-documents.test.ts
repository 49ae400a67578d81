import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { getIntrospectionQuery } from 'graphql';
import { trustDocuments } from '../../gateway/trusted-documents.ts';
import { runHub, serveHub } from '../support/command.ts';
import { HOUSING } from '../support/fixtures.ts';
import { startHub, type TestHub } from '../support/hub.ts';
import { bodyOf, openTinyDoor, type TinyDoor, tinyEngine } from './tiny-door.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const GREETING = 'query Hello($n: String) { greeting(name: $n) }';
const RENAMING = 'mutation Rename { rename(name: "x") }';
const UNLISTED = '{ greeting }';
const relay = (...texts: readonly string[]) => JSON.stringify(Object.fromEntries(texts.map((text) => [sha256(text), text])));
const apollo = (...operations: readonly unknown[]) => JSON.stringify({ format: 'apollo-persisted-query-manifest', version: 1, operations });
const operation = (body: string, more: object = {}) => ({ id: sha256(body), name: 'Op', type: 'query', body, ...more });
const byId = (text: string) => ({ documentId: `sha256:${sha256(text)}` });
const byExtension = (text: string) => ({ extensions: { persistedQuery: { version: 1, sha256Hash: sha256(text) } } });

let door: TinyDoor;
const open = async (mode: 'optional' | 'required' | undefined, manifest = relay(GREETING, RENAMING)) => {
  const trusted = mode && trustDocuments({ required: mode === 'required' });
  trusted?.load(manifest, tinyEngine.schema);
  door = await openTinyDoor({ trusted, ide: true });
};
const get = (parameters: Record<string, string>, accept = 'application/graphql-response+json') =>
  fetch(`${door.url}?${new URLSearchParams(parameters)}`, { headers: { accept } });
const codeOf = async (response: Response) => (await bodyOf(response)).errors?.map(({ extensions }) => extensions.code);

describe('a trusted document', () => {
  afterEach(() => door.close());

  it.each([
    ['by documentId', byId(GREETING)],
    ['by extensions.persistedQuery', byExtension(GREETING)],
    ['by both', { ...byId(GREETING), ...byExtension(GREETING) }],
    ['with its text', { ...byId(GREETING), query: GREETING }],
    ['by its text alone', { query: GREETING }],
  ])('is answered when it is named %s', async (_how, named) => {
    for (const mode of ['optional', 'required'] as const) {
      await open(mode);
      const response = await door.post({ ...named, variables: { n: '乙' } });
      expect([response.status, await response.json()]).toEqual([200, { data: { greeting: 'hello 乙' } }]);
      await door.close();
    }
  });

  it.each([
    ['documentId', byId(GREETING)],
    ['extensions', { extensions: JSON.stringify(byExtension(GREETING).extensions) }],
  ])('is answered to GET with %s', async (_how, named) => {
    await open('required');
    const response = await get({ ...named, variables: '{"n":"丙"}' });
    expect([response.status, await response.json()]).toEqual([200, { data: { greeting: 'hello 丙' } }]);
  });

  it('is run by POST alone when it changes something', async () => {
    await open('required');
    expect((await get(byId(RENAMING))).status).toBe(405);
    expect(await (await door.post(byId(RENAMING))).json()).toEqual({ data: { rename: 'x' } });
  });

  it('is told in the log as the same operation whether its text or its hash was sent', async () => {
    await open('optional');
    await door.post({ query: GREETING });
    await door.post(byId(GREETING));
    expect(door.asked[1]?.documentHash).toBe(door.asked[0]?.documentHash);
    const [first, second] = door.lines.filter(({ event }) => event === 'request');
    expect([second?.operationName, second?.signature]).toEqual([first?.operationName, first?.signature]);
  });

  it('is held to the limits and the types of its variables as any other', async () => {
    await open('required', relay('query ($first: Int) { subjects(first: $first) { totalCount } }'));
    const named = byId('query ($first: Int) { subjects(first: $first) { totalCount } }');
    expect(await codeOf(await door.post({ ...named, variables: { first: 201 } }))).toEqual(['LIMIT_EXCEEDED']);
    expect(await codeOf(await door.post({ ...named, variables: { first: 'x' } }))).toEqual(['BAD_USER_INPUT']);
  });
});

describe('a hash', () => {
  afterEach(() => door.close());

  it.each([
    ['where nothing is trusted', undefined],
    ['where trusted documents are optional', 'optional'],
    ['where they are required', 'required'],
  ] as const)('that is unknown is refused %s, and never learnt', async (_where, mode) => {
    await open(mode);
    for (const named of [
      byId(UNLISTED),
      { ...byId(UNLISTED), query: UNLISTED },
      { ...byExtension(UNLISTED), query: UNLISTED },
      byId(UNLISTED),
    ]) {
      const response = await door.post(named);
      const text = await response.text();
      expect([response.status, JSON.parse(text)]).toEqual([
        400,
        { errors: [{ message: 'no trusted document has this hash', extensions: { code: 'BAD_USER_INPUT' } }] },
      ]);
    }
    expect(door.asked).toEqual([]);
  });

  it('of one document with the text of another is refused', async () => {
    await open('optional');
    expect(await codeOf(await door.post({ ...byId(GREETING), query: UNLISTED }))).toEqual(['BAD_USER_INPUT']);
    expect(await codeOf(await door.post({ ...byId(GREETING), query: RENAMING }))).toEqual(['BAD_USER_INPUT']);
    expect(await codeOf(await get({ ...byId(GREETING), query: UNLISTED }))).toEqual(['BAD_USER_INPUT']);
    expect(door.asked).toEqual([]);
  });

  it.each([
    ['no text', { documentId: 1 }],
    ['without its algorithm', { documentId: sha256(GREETING) }],
    ['of another algorithm', { documentId: `md5:${sha256(GREETING).slice(0, 32)}` }],
    ['in capitals', { documentId: `sha256:${sha256(GREETING).toUpperCase()}` }],
    ['too long', { documentId: `sha256:${sha256(GREETING)}0` }],
    ['empty', { documentId: '' }],
    ['of another version', { extensions: { persistedQuery: { version: 2, sha256Hash: sha256(GREETING) } } }],
    ['missing in the extension', { extensions: { persistedQuery: { version: 1 } } }],
    ['in an extension that is none', { extensions: { persistedQuery: [sha256(GREETING)] } }],
    ['of an inherited name', { extensions: { persistedQuery: { version: 1, sha256Hash: 'constructor' } } }],
    ['given twice, differently', { ...byId(GREETING), ...byExtension(RENAMING) }],
    ['beside a text that is none', { ...byId(GREETING), query: 1 }],
  ])('that is %s is refused as a bad request, and not repeated', async (_how, named) => {
    await open('required');
    const response = await door.post(named);
    const text = await response.text();
    expect([response.status, JSON.parse(text).errors[0].extensions.code]).toEqual([400, 'BAD_USER_INPUT']);
    expect(text).not.toMatch(new RegExp(`${sha256(GREETING)}|${sha256(RENAMING)}`, 'i'));
  });

  it('is looked at after the token', async () => {
    await open('required');
    expect(await codeOf(await door.post(byId(UNLISTED), { authorization: 'Bearer stolen' }))).toEqual(['UNAUTHENTICATED']);
  });
});

describe('a door that requires trusted documents', () => {
  afterEach(() => door.close());

  it.each([
    ['another operation', UNLISTED],
    ['the same with a space more', `${GREETING} `],
    ['introspection', getIntrospectionQuery()],
    ['a type by its name', '{ __type(name: "Query") { name } }'],
    ['__typename', '{ __typename }'],
    ['a text that is no GraphQL', '{'],
  ])('refuses %s by POST, by GET and to be explained', async (_what, query) => {
    await open('required');
    const answers = [await door.post({ query }), await get({ query }), await door.post({ query }, { 'hub-explain': 'true' })];
    for (const answer of answers) {
      expect([answer.status, await answer.json()]).toEqual([
        400,
        { errors: [{ message: expect.stringContaining('only trusted documents'), extensions: { code: 'BAD_USER_INPUT' } }] },
      ]);
    }
    expect(door.asked).toEqual([]);
  });

  it('answers introspection when it is listed', async () => {
    await open('required', relay(getIntrospectionQuery()));
    expect((await door.post(byId(getIntrospectionQuery()))).status).toBe(200);
  });

  it('has no page to write a query in', async () => {
    await open('required');
    expect((await get({}, 'text/html')).headers.get('content-type')).not.toContain('text/html');
    await door.close();
    await open('optional');
    expect((await get({}, 'text/html')).headers.get('content-type')).toContain('text/html');
  });
});

describe('a manifest', () => {
  const load = (manifest: string) => trustDocuments({ required: true }).load(manifest, tinyEngine.schema);
  const faultsOf = (manifest: string): readonly string[] => {
    try {
      load(manifest);
      return [];
    } catch (error) {
      return (error as { faults: readonly string[] }).faults;
    }
  };

  it('is taken as Apollo writes it, and as Relay does', () => {
    expect(load(apollo(operation(GREETING), operation(RENAMING, { type: 'mutation' })))).toBe(2);
    expect(load(relay(GREETING, RENAMING))).toBe(2);
    expect(load('{}')).toBe(0);
  });

  it('is refused with all its faults at once, each with its place', () => {
    const good = operation(GREETING, { name: 'Hello' });
    const manifest = apollo(
      good,
      operation(UNLISTED, { id: sha256(GREETING), name: 'Swapped' }),
      operation('{ greeting', { name: 'Open' }),
      operation('{\n  nothing\n  none\n}', { name: 'Unknown' }),
      { ...good, body: 1 },
      'x',
      operation(`{ subject(id: 1) { ${'self { '.repeat(40)}id${' }'.repeat(40)} } }`, { name: 'Deep' }),
    );
    expect(faultsOf(manifest)).toEqual([
      expect.stringMatching(/^operations\[1\] Swapped: .*the hash is not the SHA-256 of the text$/),
      'operations[2] Open: 1:11 Syntax Error: Expected Name, found <EOF>.',
      'operations[3] Unknown: 2:3 Cannot query field "nothing" on type "Query".',
      'operations[3] Unknown: 3:3 Cannot query field "none" on type "Query".',
      expect.stringMatching(/^operations\[4\] Hello: .*id and body have to be texts$/),
      expect.stringMatching(/^operations\[5\]: .*id and body have to be texts$/),
      'operations[6] Deep: the operation may have at most 15 levels of fields',
    ]);
    expect(faultsOf(JSON.stringify({ [sha256('x')]: UNLISTED }))).toEqual([expect.stringContaining(`"${sha256('x')}": `)]);
  });

  it.each([
    ['no JSON', '{'],
    ['a list', '[]'],
    ['a text', '"x"'],
    ['a format of another name', JSON.stringify({ format: 'other', version: 1, operations: [] })],
    ['a later version', JSON.stringify({ format: 'apollo-persisted-query-manifest', version: 2, operations: [] })],
    ['a list of operations that is none', JSON.stringify({ format: 'apollo-persisted-query-manifest', version: 1, operations: {} })],
  ])('that is %s is refused', (_what, manifest) => {
    expect(faultsOf(manifest)).toHaveLength(1);
  });

  it('that cannot be used leaves what was trusted before as it was', () => {
    const trusted = trustDocuments({ required: true });
    trusted.load(relay(GREETING), tinyEngine.schema);
    expect(() => trusted.load(JSON.stringify({ [sha256(RENAMING)]: RENAMING, [sha256('{')]: '{' }), tinyEngine.schema)).toThrow(
      'Syntax Error',
    );
    expect([trusted.isTrusted(GREETING), trusted.isTrusted(RENAMING)]).toEqual([true, false]);
    trusted.load(relay(RENAMING), tinyEngine.schema);
    expect([trusted.isTrusted(GREETING), trusted.isTrusted(RENAMING)]).toEqual([false, true]);
  });
});

describe('a hub', () => {
  const PENALTIES = '{ penalties { totalCount } }';
  const EXPLAIN = 'query Explain($q: String!) { explainAccess(query: $q) { coordinates { coordinate } } }';
  const ENTITIES = 'query ($of: [_Any!]!) { _entities(representations: $of) { ... on Subject { id } } }';
  let folder: string;
  let manifest: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hub-trusted-'));
    manifest = join(folder, 'manifest.json');
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  const started = async (texts: readonly string[], subgraph?: string): Promise<TestHub> => {
    await writeFile(manifest, relay(...texts));
    const env = { HUB_TRUSTED_DOCUMENTS: manifest, HUB_TRUSTED_DOCUMENTS_MODE: 'required' };
    return startHub({ env, ...(subgraph ? { subgraph } : {}) });
  };

  it('that requires trusted documents explains no other either', async () => {
    const hub = await started([PENALTIES, EXPLAIN]);
    const token = hub.token('AGENCY', { orgUscc: HOUSING });
    const explained = await hub.ask(EXPLAIN, { token, variables: { q: PENALTIES } });
    expect(explained.body).toEqual({ data: { explainAccess: { coordinates: expect.any(Array) } } });
    const other = await hub.ask(EXPLAIN, { token, variables: { q: '{ penalties { nodes { remark } } }' } });
    expect([other.body.data, other.body.errors[0].extensions.code]).toEqual([{ explainAccess: null }, 'BAD_USER_INPUT']);
    const byHeader = await hub.ask('{ penalties { nodes { remark } } }', { token, headers: { 'hub-explain': 'true' } });
    expect([byHeader.status, byHeader.body.errors[0].extensions.code]).toEqual([400, 'BAD_USER_INPUT']);
    await hub.close();
  }, 60_000);

  it("that requires them does so at a subgraph's own port as well", async () => {
    const hub = await started([PENALTIES], 'records');
    const token = hub.token('AGENCY', { orgUscc: HOUSING });
    expect((await hub.ask(PENALTIES, { token })).body).toMatchObject({ data: { penalties: { totalCount: 0 } } });
    for (const text of ['{ _service { sdl } }', ENTITIES, '{ __schema { queryType { name } } }', `${PENALTIES} `]) {
      const { status, body } = await hub.ask(text, { token, variables: { of: [] } });
      expect([status, body.errors[0].message]).toEqual([400, expect.stringContaining('only trusted documents')]);
    }
    await hub.close();
  }, 60_000);

  it.each([
    ['that cannot be read', {}, 'cannot be read'],
    ['that does not fit the schema', { HUB_TRUSTED_DOCUMENTS: relay('{ nothing }', '{') }, /可信文档清单.*"nothing".*Syntax Error/s],
    ['of an unknown mode', { HUB_TRUSTED_DOCUMENTS_MODE: 'always' }, 'has to be one of optional, required'],
    [
      'that is required and not given',
      { HUB_TRUSTED_DOCUMENTS: '', HUB_TRUSTED_DOCUMENTS_MODE: 'required' },
      '须给出 HUB_TRUSTED_DOCUMENTS',
    ],
  ])(
    'does not start with a manifest %s',
    async (_how, given: Record<string, string>, told) => {
      const file = join(folder, 'refused.json');
      const { HUB_TRUSTED_DOCUMENTS: text, ...more } = given;
      if (text) await writeFile(file, text);
      const env = {
        HUB_DATA: join(folder, 'data'),
        HUB_TRUSTED_DOCUMENTS: text === '' ? '' : text ? file : join(folder, 'none.json'),
        ...more,
      };
      const { code, stderr } = await runHub(['serve', '--port', '0'], { env });
      expect(code).toBe(2);
      expect(stderr).toMatch(told);
    },
    30_000,
  );

  it('reads its manifest anew when it is told to', async () => {
    await writeFile(manifest, relay(PENALTIES));
    const env = { HUB_DATA: join(folder, 'reloading'), HUB_TRUSTED_DOCUMENTS: manifest, HUB_TRUSTED_DOCUMENTS_MODE: 'required' };
    const hub = await serveHub([], { env });
    const statusOf = async (text: string) =>
      (await fetch(`${hub.url}/graphql?query=${encodeURIComponent(text)}`, { headers: { accept: 'application/graphql-response+json' } }))
        .status;
    const told = async (event: string) => {
      process.kill(hub.pid, 'SIGHUP');
      while (!hub.log().includes(`"event":"${event}"`)) await hub.written();
    };
    try {
      expect([await statusOf(PENALTIES), await statusOf('{ penalties { __typename } }')]).toEqual([200, 400]);
      await writeFile(manifest, '{');
      await told('reload-failed');
      expect(await statusOf(PENALTIES)).toBe(200);
      await writeFile(manifest, relay('{ penalties { __typename } }'));
      await told('reloaded');
      expect([await statusOf(PENALTIES), await statusOf('{ penalties { __typename } }')]).toEqual([400, 200]);
    } finally {
      await hub.stop('SIGTERM');
    }
  }, 60_000);
});
