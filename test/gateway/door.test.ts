import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Engine } from '../../gateway/engine.ts';
import { HubError } from '../../schema/errors.ts';
import { AGENCY, bodyOf, openTinyDoor, type TinyDoor, tinyEngine } from './tiny-door.ts';

let door: TinyDoor;
const open = async (options: Parameters<typeof openTinyDoor>[0] = {}) => {
  await door.close();
  door = await openTinyDoor(options);
};
beforeEach(async () => {
  door = await openTinyDoor();
});
afterEach(() => door.close());

const answering = (execute: Engine['execute']): Engine => ({ schema: tinyEngine.schema, execute });
const refusing = (error: Error) => answering(() => Promise.reject(error));
const codesOf = async (response: Response) => (await bodyOf(response)).errors?.map(({ extensions }) => extensions.code);

describe('a request', () => {
  it('is answered by the engine, under an id of the hub', async () => {
    const response = await door.post({ query: 'query Hello($n: String) { greeting(name: $n) }', variables: { n: '乙' } });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ data: { greeting: 'hello 乙' } });
    expect(response.headers.get('hub-request-id')).toBe(door.asked[0]?.requestId);
    expect(door.asked[0]).toMatchObject({
      principal: { audience: 'PUBLIC' },
      variables: { n: '乙' },
      headers: { withheld: 'extensions', explain: false },
    });
  });

  it('hands the engine the principal and the Hub headers', async () => {
    const headers = {
      'hub-purpose': 'LICENSING',
      'hub-matter': 'M-1.2',
      'hub-voucher': 'v1',
      'hub-withheld': 'reject',
      'hub-explain': 'true',
    };
    await door.post({ query: '{ greeting }' }, { ...headers, authorization: 'Bearer agency' });
    expect(door.asked[0]?.principal).toEqual(AGENCY);
    expect(door.asked[0]?.headers).toEqual({ purpose: 'LICENSING', matter: 'M-1.2', voucher: 'v1', withheld: 'reject', explain: true });
  });

  it('hands the same parsed document to the engine again', async () => {
    await door.post({ query: '{ greeting }' });
    await door.post({ query: '{ greeting }' });
    expect(door.asked[1]?.document).toBe(door.asked[0]?.document);
    expect(door.asked[0]?.documentHash).toMatch(/^[0-9a-f]{64}$/);
  });

  it('runs the operation that is named', async () => {
    const query = 'query A { greeting } query B { conflict } mutation C { rename(name: "x") }';
    expect(await (await door.post({ query, operationName: 'C' })).json()).toEqual({ data: { rename: 'x' } });
    expect((await door.post({ query })).status).toBe(400);
    expect((await door.post({ query, operationName: 'D' })).status).toBe(400);
  });

  it('passes extensions of the engine on', async () => {
    await open({ engine: answering(async () => ({ data: { greeting: null }, extensions: { withheld: [] } })) });
    expect(await (await door.post({ query: '{ greeting }' })).json()).toEqual({ data: { greeting: null }, extensions: { withheld: [] } });
  });
});

describe('an error', () => {
  it.each([
    ['FORBIDDEN', 403],
    ['PURPOSE_REQUIRED', 403],
    ['VOUCHER_INVALID', 403],
    ['BAD_USER_INPUT', 400],
    ['NOT_FOUND', 200],
    ['STORE_UNAVAILABLE', 503],
  ] as const)('%s thrown by the engine is answered with %i and no data', async (code, status) => {
    await open({ engine: refusing(new HubError(code, 'this and that')) });
    const response = await door.post({ query: '{ greeting }' });
    expect(response.status).toBe(status);
    const body = await bodyOf(response);
    expect(Object.keys(body)).toEqual(['errors']);
    expect(body.errors).toEqual([{ message: expect.any(String), extensions: { code } }]);
  });

  it('that nobody foresaw is answered with an incident, which finds it in the log', async () => {
    await open({ engine: refusing(new TypeError('connect ECONNREFUSED db-7 secret')) });
    const response = await door.post({ query: '{ greeting }' });
    const text = await response.text();
    expect(response.status).toBe(500);
    expect(text).not.toMatch(/ECONNREFUSED|secret|\.ts|stack/);
    const { incident } = JSON.parse(text).errors[0].extensions;
    expect(door.lines.find(({ event }) => event === 'incident')).toMatchObject({
      incident,
      requestId: response.headers.get('hub-request-id'),
      error: expect.stringContaining('connect ECONNREFUSED db-7'),
    });
  });

  it('during execution leaves the rest of the answer and the status as they are', async () => {
    const response = await door.post({ query: '{ greeting conflict driverFault }' });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      data: { greeting: 'hello world', conflict: null, driverFault: null },
      errors: [
        {
          message: 'the record has moved on to another version',
          locations: [{ line: 1, column: 12 }],
          path: ['conflict'],
          extensions: { code: 'CONFLICT' },
        },
        {
          message: 'internal error',
          locations: [{ line: 1, column: 21 }],
          path: ['driverFault'],
          extensions: { code: 'INTERNAL_SERVER_ERROR', incident: expect.any(String) },
        },
      ],
    });
  });

  it.each([
    ['parsing', '{', {}, 'GRAPHQL_PARSE_FAILED'],
    ['a literal in the wrong place', '{ "11010519491231002X" }', {}, 'GRAPHQL_PARSE_FAILED'],
    ['an unknown field', '{ greetin }', {}, 'GRAPHQL_VALIDATION_FAILED'],
    ['a literal of another type', '{ greeting(times: "11010519491231002X") }', {}, 'GRAPHQL_VALIDATION_FAILED'],
    ['an unknown enum-like literal', '{ greeting(name: ID11010519491231002X) }', {}, 'GRAPHQL_VALIDATION_FAILED'],
    ['a variable of another type', 'query ($n: Int) { greeting(times: $n) }', { n: '11010519491231002X' }, 'BAD_USER_INPUT'],
    ['a variable too large', 'query ($n: Int) { greeting(times: $n) }', { n: 11010519491231002 }, 'BAD_USER_INPUT'],
    [
      'an inner value of a variable',
      'query ($w: Where) { search(where: $w) }',
      { w: { and: [{ nam: '11010519491231002X' }] } },
      'BAD_USER_INPUT',
    ],
    ['a missing variable', 'query ($x: [Int!]!) { count(of: $x) }', {}, 'BAD_USER_INPUT'],
  ])('of %s suggests nothing and repeats no value', async (_what, query, variables, code) => {
    const response = await door.post({ query, variables });
    const text = await response.text();
    expect(response.status).toBe(400);
    expect(text).not.toMatch(/110105|Did you mean|name/);
    expect(JSON.parse(text)).toEqual({ errors: [expect.objectContaining({ extensions: { code } })] });
  });

  it('says which variable or argument it is about', async () => {
    const { errors } = await bodyOf(await door.post({ query: 'query ($n: Int) { greeting(times: $n) }', variables: { n: 'x' } }));
    expect(errors).toEqual([
      { message: 'variable "$n" is not valid', locations: [{ line: 1, column: 8 }], extensions: { code: 'BAD_USER_INPUT' } },
    ]);
  });

  it.each([
    ['{', 'GRAPHQL_PARSE_FAILED'],
    ['{ nothing }', 'GRAPHQL_VALIDATION_FAILED'],
    ['query ($x: [Int!]!) { count(of: $x) }', 'BAD_USER_INPUT'],
    ['{ subjects(first: 201) { totalCount } }', 'LIMIT_EXCEEDED'],
  ])('of the operation %s has status 200 under the legacy media type', async (query, code) => {
    const response = await door.post({ query }, { accept: 'application/json' });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(await codesOf(response)).toEqual([code]);
  });

  it('of the caller keeps its status under the legacy media type', async () => {
    await open({ engine: refusing(new HubError('FORBIDDEN', 'not for you')) });
    expect((await door.post({ query: '{ greeting }' }, { accept: 'application/json' })).status).toBe(403);
  });
});

describe('a token', () => {
  it('that is wrong is 401, and nothing is run', async () => {
    const response = await door.post({ query: '{ greeting }' }, { authorization: 'Bearer stolen' });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
    expect(await codesOf(response)).toEqual(['UNAUTHENTICATED']);
    expect(door.asked).toEqual([]);
  });

  it('is looked at before the document is', async () => {
    expect(await codesOf(await door.post({ query: '{' }, { authorization: 'Bearer stolen' }))).toEqual(['UNAUTHENTICATED']);
  });

  it.each([
    ['a token', { authorization: 'Bearer agency' }],
    ['a wrong token', { authorization: 'Bearer stolen' }],
    ['a Hub header', { 'hub-withheld': 'errors' }],
    ['a Hub header that is wrong', { 'hub-purpose': 'a b' }],
  ])('or header, here %s, makes the answer one that no cache keeps', async (_what, headers: Record<string, string>) => {
    expect((await door.post({ query: '{ greeting }' }, headers)).headers.get('cache-control')).toBe('no-store');
  });

  it('that is missing makes the answer one that varies by the caller', async () => {
    const { headers } = await door.post({ query: '{ greeting }' });
    expect([headers.get('vary'), headers.get('cache-control')]).toEqual(['Authorization, Hub-Withheld, Hub-Explain, Accept', null]);
  });
});

describe('how often the same is asked for', () => {
  const ONE = 'query ($u: String) { subject(uscc: $u) { id } }';
  const PERSON = 'query ($p: Person) { subject(person: $p) { id } }';
  const CODE = '91411502MA3TE5T03U';
  const AGENCY_TOKEN = { authorization: 'Bearer agency' };
  let now = 0;
  const limited = (limits: NonNullable<Parameters<typeof openTinyDoor>[0]>['limits']) =>
    open({ clock: { now: () => new Date(now) }, limits });
  const sameLimited = () => limited({ sameObjectRate: { perSecond: 1, burst: 3 } });
  const statusOf = async (query: string, variables: Record<string, unknown> = {}, headers: Record<string, string> = {}) =>
    (await door.post({ query, variables }, headers)).status;
  const times = async (count: number, ask: (index: number) => Promise<number>) => {
    const seen: number[] = [];
    for (let index = 0; index < count; index++) seen.push(await ask(index));
    return seen;
  };

  it('by one client is limited, and by others and of others is not', async () => {
    await sameLimited();
    expect(await times(4, () => statusOf(ONE, { u: CODE }))).toEqual([200, 200, 200, 429]);
    expect(await statusOf(ONE, { u: '91411502MA3TE5T04X' })).toBe(200);
    expect(await statusOf(ONE, { u: CODE }, AGENCY_TOKEN)).toBe(200);
  });

  it('recovers with time, and Retry-After says when', async () => {
    await sameLimited();
    await times(3, () => statusOf(ONE, { u: CODE }));
    const refused = await door.post({ query: ONE, variables: { u: CODE } });
    expect([refused.headers.get('retry-after'), await codesOf(refused)]).toEqual(['1', ['RATE_LIMITED']]);
    now += 1_000;
    expect(await times(2, () => statusOf(ONE, { u: CODE }))).toEqual([200, 429]);
  });

  it.each([
    ['in the document', `{ subject(uscc: "${CODE}") { id } }`, {}],
    ['under another name of the variable', 'query ($x: String) { subject(uscc: $x) { id } }', { x: CODE }],
    ['as the default of a variable', `query ($x: String = "${CODE}") { subject(uscc: $x) { id } }`, {}],
    ['beside an argument that is null', 'query ($u: String) { subject(uscc: $u, id: null) { id } }', { u: CODE }],
    ['in small letters and with spaces', ONE, { u: ` ${CODE.toLowerCase()} ` }],
    ['in full width', ONE, { u: CODE.replace('9', '９') }],
    ['in a fragment', `query ($u: String) { ...F } fragment F on Query { other: subject(uscc: $u) { id } }`, { u: CODE }],
    ['where it is skipped', 'query ($u: String) { subject(uscc: $u) @skip(if: true) { id } }', { u: CODE }],
  ])('counts as the same when it is sent %s', async (_how, query, variables) => {
    await sameLimited();
    await times(3, () => statusOf(ONE, { u: CODE }));
    expect(await statusOf(query, variables)).toBe(429);
  });

  it('counts every alias', async () => {
    await sameLimited();
    const aliased = 'query ($u: String) { a: subject(uscc: $u) { id } b: subject(uscc: $u) { id } }';
    expect([await statusOf(aliased, { u: CODE }), await statusOf(aliased, { u: CODE })]).toEqual([200, 429]);
    expect(door.asked).toHaveLength(1);
  });

  it.each([
    ['a subject by its id', '{ subject(id: "s1") { id } }', '{ subject(id: "s2") { id } }'],
    ['a subject by a number for its id', '{ subject(id: 1) { id } }', '{ subject(id: 2) { id } }'],
    ['a record', '{ record(id: "r1") { id } }', '{ record(id: "r2") { id } }'],
    ['a code among several', `{ creditCheck(codes: ["x", "${CODE}"]) }`, '{ creditCheck(codes: ["y"]) }'],
    ['a code by itself', `{ creditCheck(codes: "${CODE}") }`, '{ creditCheck(codes: "y") }'],
  ])('is limited for %s', async (_what, query, another) => {
    await sameLimited();
    expect([...(await times(4, () => statusOf(query))), await statusOf(another)]).toEqual([200, 200, 200, 429, 200]);
  });

  it('takes a person for the same whatever the name that is tried with the number', async () => {
    await sameLimited();
    const named = (index: number) => statusOf(PERSON, { p: { idNumber: '41159919670627568X', name: `张${index}` } });
    expect(await times(4, named)).toEqual([200, 200, 200, 429]);
  });

  it('is limited for persons by their number, so that nobody tries one number after the other', async () => {
    await limited({ numberRate: { perSecond: 0.01, burst: 3 } });
    const numbered = (index: number) => statusOf(PERSON, { p: { idNumber: `41159919670627${5680 + index}`, name: '张三' } });
    expect(await times(4, numbered)).toEqual([200, 200, 200, 429]);
    expect(await statusOf(ONE, { u: CODE })).toBe(200);
  });

  it('is limited for the published entries of persons, so that nobody tries one name or ending after the other', async () => {
    await limited({ personRate: { perSecond: 0.01, burst: 3 } });
    const named = (index: number) => statusOf(`{ listEntriesOfPerson(name: "张${index}", idTail: "568${index}") }`);
    expect(await times(4, named)).toEqual([200, 200, 200, 429]);
    expect(await statusOf(PERSON, { p: { idNumber: '41159919670627568X', name: '张三' } })).toBe(200);
  });

  it('is limited for the published entries of one person whoever asks, and whatever the letters of the number', async () => {
    await limited({ samePersonRate: { perSecond: 0.01, burst: 2 } });
    const ENTRIES = 'query ($t: String! = "568x") { listEntriesOfPerson(name: "张三", idTail: $t) }';
    expect([await statusOf(ENTRIES, { t: '568X' }), await statusOf(ENTRIES), await statusOf(ENTRIES, { t: '568x' }, AGENCY_TOKEN)]).toEqual(
      [200, 200, 429],
    );
  });
});
