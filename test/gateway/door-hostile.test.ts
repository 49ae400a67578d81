import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startCpuTime } from '../support/cpu-time.ts';
import { exchange, openTinyDoor, rawPost, type TinyDoor } from './tiny-door.ts';

let door: TinyDoor;
beforeAll(async () => {
  door = await openTinyDoor({
    allowedHosts: ['credit.example'],
    allowedOrigins: ['https://portal.example'],
    limits: { headerTime: 200, requestTime: 300 },
  });
});
afterAll(() => door.close());

const GREETING = '{"query":"{ greeting }"}';
const send = (body: string | Buffer, headers: Record<string, string> = {}) => exchange(door.port, ...rawPost(body, headers));
const statusOf = (answer: string) => Number(answer.slice(9, 12));
const query = (text: string, variables: object = {}) => JSON.stringify({ query: text, variables });

describe('the form of a request', () => {
  it.each([
    ['a batch', '[{"query":"{ greeting }"}]', 400],
    ['an empty batch', '[]', 400],
    ['a text', '"{ greeting }"', 400],
    ['null', 'null', 400],
    ['no body', '', 400],
    ['half a JSON', '{"query":"{ gree', 400],
    ['a byte order mark', '\uFEFF{"query":"{ greeting }"}', 400],
    ['bytes that are not UTF-8', Buffer.from('{"query":"{ greeting(name: \\"\xff\xfe\\") }"}', 'latin1'), 400],
    ['a surrogate half in UTF-8', Buffer.from([0x7b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x3a, 0x31, 0x7d]), 400],
    ['JSON nested 31 deep', `{"query":"{ greeting }","extensions":${'{"a":'.repeat(30)}1${'}'.repeat(30)}}`, 400],
    ['JSON nested 300,000 deep', `{"query":"{ greeting }","variables":${'['.repeat(300_000)}`, 400],
    ['a body of a mebibyte and a byte', `{"query":"${'x'.repeat(1_048_576 - 11)}"}`, 413],
    ['brackets inside a text, which are no nesting', query('query ($n: String) { greeting(name: $n) }', { n: '[{'.repeat(50) }), 200],
    ['a quotation mark inside a text', query('query ($n: String) { greeting(name: $n) }', { n: '\\"[[' }), 200],
  ])('of %s is judged at once', async (_what, body, status) => {
    const spent = startCpuTime();
    expect(statusOf(await send(body))).toBe(status);
    expect(spent()).toBeLessThan(1_000);
  });

  it('refuses a body that turns out too large on the way', async () => {
    const chunk = `80000\r\n${'x'.repeat(0x80000)}\r\n`;
    const head =
      'POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n';
    expect(statusOf(await exchange(door.port, head, chunk, chunk, chunk, '0\r\n\r\n'))).toBe(413);
  });

  it.each([
    ['application/json', 200],
    ['APPLICATION/JSON; Charset="UTF-8"', 200],
    ['application/json; charset=gb18030', 415],
    ['application/json; charset=utf-16', 415],
    ['text/plain', 415],
    ['application/x-www-form-urlencoded', 415],
    ['multipart/form-data; boundary=x', 415],
    ['application/graphql', 415],
    ['application/jsonx', 415],
  ])('takes %s with %i', async (type, status) => {
    expect(statusOf(await send(GREETING, { 'Content-Type': type }))).toBe(status);
  });

  it('takes no encoded body', async () => {
    expect(statusOf(await send(GREETING, { 'Content-Encoding': 'gzip' }))).toBe(415);
  });

  it.each([
    ['*/*', 'application/json'],
    ['application/*', 'application/json'],
    ['application/graphql-response+json', 'application/graphql-response+json'],
    ['application/graphql-response+json, application/json;q=0.9', 'application/graphql-response+json'],
    ['application/json;q=0.5, application/graphql-response+json', 'application/graphql-response+json'],
    ['application/json;q=0, */*', 'application/graphql-response+json'],
  ])('answers Accept: %s with %s', async (accept, type) => {
    expect(await send(GREETING, { Accept: accept })).toContain(`content-type: ${type}; charset=utf-8\r\n`);
  });

  it.each(['text/plain', 'image/*', 'application/json;q=0', ''])('cannot answer Accept: "%s"', async (accept) => {
    expect(statusOf(await send(GREETING, { Accept: accept }))).toBe(406);
  });

  it.each([
    ['Hub-Withheld', 'all'],
    ['Hub-Explain', 'yes'],
    ['Hub-Purpose', 'LICENSING; DROP'],
    ['Hub-Purpose', 'X'.repeat(65)],
    ['Hub-Purpose', '许可'],
    ['Hub-Matter', ''],
    ['Hub-Voucher', 'x'.repeat(129)],
  ])('refuses %s: %s', async (name, value) => {
    const answer = await send(GREETING, { [name]: Buffer.from(value).toString('latin1') });
    expect(statusOf(answer)).toBe(400);
    expect(answer).toContain('BAD_USER_INPUT');
  });
});

describe('the address of a request', () => {
  const get = (target: string, headers = 'Host: localhost\r\n') =>
    exchange(door.port, `GET ${target} HTTP/1.1\r\n${headers}Connection: close\r\n\r\n`);

  it.each([
    ['/graphql?query={greeting}', 200],
    [`/graphql?query=${encodeURIComponent('query($n:String){greeting(name:$n)}')}&variables=${encodeURIComponent('{"n":"x"}')}`, 200],
    [`/graphql?query=${encodeURIComponent('mutation{rename(name:"x")}')}`, 405],
    ['/graphql', 400],
    ['/graphql?query={greeting}&query={conflict}', 400],
    ['/graphql?query={greeting}&variables={', 400],
    ['/graphql?query={greeting}&variables=[1]', 400],
    ['/graphql/', 404],
    ['/', 404],
    ['/metrics', 404],
    ['//graphql', 404],
    ['/../graphql', 404],
    ['http://localhost/graphql?query={greeting}', 404],
  ])('GET %s is answered with %i', async (target, status) => {
    expect(statusOf(await get(target))).toBe(status);
  });

  it('says by which method a mutation can be sent', async () => {
    expect(await get(`/graphql?query=${encodeURIComponent('mutation{rename(name:"x")}')}`)).toContain('allow: POST\r\n');
    expect(door.asked.map(({ operation }) => operation.operation)).not.toContain('mutation');
  });

  it.each(['PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS', 'TRACE'])('takes no %s', async (method) => {
    const answer = await exchange(door.port, `${method} /graphql HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    expect(statusOf(answer)).toBe(405);
    expect(answer).toContain('allow: GET, POST\r\n');
  });

  it('sends subscriptions elsewhere', async () => {
    expect(await send(query('subscription { tick }'), { Accept: 'application/graphql-response+json' })).toContain('400 Bad Request');
  });

  it.each([
    ['localhost', 200],
    ['127.0.0.1:4000', 200],
    ['[::1]:4000', 200],
    ['CREDIT.example', 200],
    ['credit.example:443', 200],
    ['evil.example', 403],
    ['credit.example.evil.example', 403],
    ['localhost:4000:1', 403],
    ['localhost@evil.example', 403],
    ['', 403],
  ])('takes Host: %s with %i', async (host, status) => {
    expect(statusOf(await get('/graphql?query={greeting}', `Host: ${host}\r\n`))).toBe(status);
    expect(statusOf(await get('/healthz', `Host: ${host}\r\n`))).toBe(status);
  });

  it.each([
    ['Host', ['Host: localhost', 'Host: evil.example']],
    ['Host in two spellings', ['host: localhost', 'HOST: localhost']],
    ['Authorization', ['Host: localhost', 'Authorization: Bearer agency', 'Authorization: Bearer stolen']],
  ])('takes no request with two values of %s, of which a proxy may have read the other', async (_name, lines) => {
    const answer = await exchange(
      door.port,
      `GET /graphql?query={greeting} HTTP/1.1\r\n${lines.join('\r\n')}\r\nConnection: close\r\n\r\n`,
    );
    expect([statusOf(answer), answer.includes('BAD_USER_INPUT')]).toEqual([400, true]);
    expect(answer).not.toMatch(/evil|stolen/);
  });

  it('takes no request without Host', async () => {
    expect(statusOf(await exchange(door.port, 'GET /healthz HTTP/1.1\r\n\r\n'))).toBe(400);
  });

  it.each([
    ['http://localhost', 200],
    ['https://portal.example', 200],
    ['https://evil.example', 403],
    ['http://portal.example', 403],
    ['https://portal.example.evil.example', 403],
    ['http://localhost:1', 403],
    ['null', 403],
  ])('takes Origin: %s with %i', async (origin, status) => {
    expect(statusOf(await send(GREETING, { Origin: origin }))).toBe(status);
  });

  it('lets pages of an allowed origin read, and no others', async () => {
    const answer = await send(GREETING, { Origin: 'https://portal.example' });
    expect(answer).toContain('access-control-allow-origin: https://portal.example\r\n');
    expect(answer).toContain('vary: Authorization, Hub-Withheld, Hub-Explain, Accept, Origin\r\n');
    expect(await send(GREETING, { Origin: 'http://localhost' })).not.toContain('access-control');
    const preflight = 'OPTIONS /graphql HTTP/1.1\r\nHost: localhost\r\nOrigin: https://portal.example\r\nConnection: close\r\n\r\n';
    expect(await exchange(door.port, preflight)).toMatch(/^HTTP\/1\.1 204 .*access-control-allow-headers: Authorization, /s);
  });
});

describe('slow and oversized senders', () => {
  it('are cut off when the headers do not end', async () => {
    const answer = await exchange(door.port, 'POST /graphql HTTP/1.1\r\nHost: localhost\r\nX-Slow: ');
    expect(statusOf(answer)).toBe(408);
    expect(answer).toContain('Hub-Request-Id: ');
  });

  it('are cut off when the body does not end', async () => {
    const [head] = rawPost(GREETING);
    expect(statusOf(await exchange(door.port, head, '{"query":'))).toBe(408);
  });

  it('are cut off when the headers are too large', async () => {
    expect(statusOf(await send(GREETING, { 'X-Large': 'x'.repeat(17_000) }))).toBe(431);
  });

  it('are refused when what they send is not HTTP', async () => {
    expect(statusOf(await exchange(door.port, '\x16\x03\x01\x02\x00\x01\r\n\r\n'))).toBe(400);
  });

  const GET_GREETING = 'GET /graphql?query={greeting} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n';
  const POST_CHUNKS = `${GET_GREETING.replace('GET', 'POST')}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n`;
  it.each([
    ['lines that end as on no other server', GET_GREETING.replaceAll('\r\n', '\n'), 400],
    ['a header over two lines', `${GET_GREETING}Hub-Purpose: A\r\n B\r\n`, 400],
    ['a space before a colon', `${GET_GREETING}Authorization : Bearer agency\r\n`, 400],
    ['a NUL in a header', `${GET_GREETING}Hub-Purpose: A\0B\r\n`, 400],
    ['two lengths', `${GET_GREETING}Content-Length: 2\r\nContent-Length: 3\r\n`, 400],
    ['a token after the body', `${POST_CHUNKS}\r\n14\r\n{"query":"{greeting}"}\r\n0\r\nAuthorization: Bearer agency\r\n`, 400],
    ['a long extension of a chunk', `${POST_CHUNKS}\r\n5;a=${'x'.repeat(20_000)}\r\n`, 400],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n', 400],
    ['an expectation that nobody knows', `${GET_GREETING}Expect: magic\r\n`, 417],
    ['an address that is too long', GET_GREETING.replace('greeting', 'x'.repeat(17_000)), 431],
    ['thousands of headers', `${GET_GREETING}${'a:\r\n'.repeat(5_000)}`, 431],
  ])('are refused for %s', async (_what, head, status) => {
    const before = door.asked.length;
    expect(statusOf(await exchange(door.port, `${head}\r\n`).catch(() => ''))).toBe(status);
    expect(door.asked.length).toBe(before);
  });

  it('are lent no connection to another host, and no other protocol', async () => {
    expect(await exchange(door.port, 'CONNECT evil.example:443 HTTP/1.1\r\nHost: localhost\r\n\r\n')).toBe('');
    const upgrade = `${GET_GREETING.replace('close', 'Upgrade, close')}Upgrade: h2c\r\n\r\n`;
    expect(statusOf(await exchange(door.port, upgrade))).toBe(200);
  });

  it('cannot smuggle a second request in one of two lengths', async () => {
    const answer = await exchange(
      door.port,
      `POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n`,
    );
    expect(statusOf(answer)).toBe(400);
    expect(answer).not.toContain('alive');
  });
});

describe('hostile operations', () => {
  const doubling = Array.from({ length: 30 }, (_, index) => `fragment F${index} on Subject { ...F${index + 1} ...F${index + 1} }`).join(
    ' ',
  );
  it.each([
    ['a deep one', query(`{ subject(id: 1) { ${'self { '.repeat(40)}id${' }'.repeat(40)} } }`), 'LIMIT_EXCEEDED'],
    ['one too deep for a parser', query('{ subject(id: 1) { self {'.repeat(20_000)), 'LIMIT_EXCEEDED'],
    ['a wide one', query(`{ subject(id: 1) { ${'id '.repeat(20_000)} } }`), 'LIMIT_EXCEEDED'],
    [
      'an aliased one',
      query(`{ subject(id: 1) { ${Array.from({ length: 500 }, (_, index) => `a${index}: id`).join(' ')} } }`),
      'LIMIT_EXCEEDED',
    ],
    [
      'a fragment loop',
      query('{ subject(id: 1) { ...A } } fragment A on Subject { self { ...B } } fragment B on Subject { ...A }'),
      'LIMIT_EXCEEDED',
    ],
    ['a fragment bomb', query(`{ subject(id: 1) { ...F0 } } ${doubling} fragment F30 on Subject { id }`), 'LIMIT_EXCEEDED'],
    [
      'pages of pages',
      query('{ subjects(first: 200) { nodes { friends(first: 200) { nodes { friends(first: 200) { nodes { id } } } } } } }'),
      'LIMIT_EXCEEDED',
    ],
    ['a long list', query('query ($x: [Int!]!) { count(of: $x) }', { x: Array(5_000).fill(1) }), 'LIMIT_EXCEEDED'],
    ['a long text', query(`{ greeting(name: "${'x'.repeat(500_000)}") }`), 'LIMIT_EXCEEDED'],
    ['overlapping fields', query(`{ subject(id: 1) { ${'self{id} '.repeat(1_100)} } }`), 'GRAPHQL_VALIDATION_FAILED'],
    ['a negative page', query('query ($n: Int) { subjects(first: $n) { totalCount } }', { n: -1 }), 'BAD_USER_INPUT'],
  ])('such as %s are refused at once', async (_what, body, code) => {
    const before = door.asked.length;
    const spent = startCpuTime();
    const answer = await send(body, { Accept: 'application/graphql-response+json' });
    expect(spent()).toBeLessThan(1_000);
    expect(statusOf(answer)).toBe(400);
    expect(answer).toContain(`"code":"${code}"`);
    expect(door.asked.length).toBe(before);
  });

  it('leave the door open for others', async () => {
    expect(statusOf(await send(GREETING))).toBe(200);
  });
});
