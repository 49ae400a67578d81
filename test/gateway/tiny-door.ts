import { connect } from 'node:net';
import { buildSchema, execute } from 'graphql';
import { NOBODY, type Principal } from '../../auth/principal.ts';
import { type Door, type DoorOptions, openDoor } from '../../gateway/door.ts';
import type { Engine, EngineRequest } from '../../gateway/engine.ts';
import { HubError } from '../../schema/errors.ts';

const schema = buildSchema(`
  type Query {
    greeting(name: String, times: Int): String
    count(of: [Int!]!): Int
    search(where: Where): String
    subject(id: ID, uscc: String, person: Person): Subject
    record(id: ID!): Subject
    listEntriesOfPerson(name: String!, idTail: String!): String
    creditCheck(codes: [String!]!): String
    subjects(first: Int, after: String): SubjectConnection
    conflict: String
    driverFault: String
  }
  input Where { name: String  and: [Where!] }
  input Person { idType: String  idNumber: String!  name: String! }
  type Subject { id: ID!  name: String  self: Subject  friends(first: Int): SubjectConnection }
  type SubjectConnection { nodes: [Subject!]!  totalCount: Int }
  type Mutation { rename(name: String!): String }
  type Subscription { tick: Int }
`);

const subject: Record<string, unknown> = {
  id: 's1',
  name: '甲公司',
  self: () => subject,
  friends: () => ({ nodes: [subject], totalCount: 1 }),
};
const root = {
  greeting: ({ name = 'world' }: { name?: string }) => `hello ${name}`,
  count: ({ of }: { of: number[] }) => of.length,
  search: () => 'found',
  subject: () => subject,
  subjects: () => ({ nodes: [subject], totalCount: 1 }),
  rename: ({ name }: { name: string }) => name,
  conflict: () => {
    throw new HubError('CONFLICT', 'the record has moved on to another version');
  },
  driverFault: () => {
    throw new Error('SQLITE_ERROR: no such column 11010519491231002X');
  },
};

/** A small graph that is really executed. */
export const tinyEngine: Engine = {
  schema,
  async execute({ document, operation, variables }) {
    const { data, errors } = await execute({
      schema,
      document,
      rootValue: root,
      variableValues: variables,
      operationName: operation.name?.value ?? null,
    });
    return { data: data ?? null, errors };
  },
};

export const AGENCY: Principal = { audience: 'AGENCY', iss: 'https://id.example', sub: 'official-1', orgUscc: '11440000MB2C00001X' };

/** Knows one token, `Bearer agency`. */
export async function verifyTiny(authorization: string | undefined): Promise<Principal> {
  if (authorization === undefined) return NOBODY;
  if (authorization === 'Bearer agency') return AGENCY;
  throw new HubError('UNAUTHENTICATED', 'the token cannot be read');
}

export interface TinyDoor extends Door {
  readonly url: string;
  readonly lines: Record<string, unknown>[];
  /** What reached the engine. */
  readonly asked: EngineRequest[];
  post(body: unknown, headers?: Record<string, string>): Promise<Response>;
}

export async function openTinyDoor(options: Partial<DoorOptions> = {}): Promise<TinyDoor> {
  const lines: Record<string, unknown>[] = [];
  const asked: EngineRequest[] = [];
  const inner = options.engine ?? tinyEngine;
  const engine: Engine = {
    schema: inner.schema,
    execute(request) {
      asked.push(request);
      return inner.execute(request);
    },
    ...(inner.readChanges && { readChanges: inner.readChanges }),
  };
  const door = await openDoor({
    verify: verifyTiny,
    host: '127.0.0.1',
    port: 0,
    ready: async () => true,
    ide: false,
    log: (line) => lines.push(line),
    clock: { now: () => new Date('2026-03-02T08:00:00Z') },
    ...options,
    engine,
  });
  const url = `http://127.0.0.1:${door.port}/graphql`;
  const post = (body: unknown, headers: Record<string, string> = {}) =>
    fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  return { ...door, url, lines, asked, post };
}

export interface Body {
  readonly data?: unknown;
  readonly errors?: readonly { readonly message: string; readonly extensions: { readonly code: string; readonly incident?: string } }[];
}

export async function bodyOf(response: Response): Promise<Body> {
  return JSON.parse(await response.text());
}

/** Sends bytes as they are and collects what comes back until the other side ends the connection. */
export function exchange(port: number, ...parts: readonly (string | Buffer)[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, '127.0.0.1', () => {
      for (const part of parts) socket.write(part);
    });
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('close', () => resolve(Buffer.concat(chunks).toString()));
    socket.on('error', reject);
  });
}

/** A request as text; the answer ends the connection. */
export function rawPost(body: string | Buffer, headers: Record<string, string> = {}): [string, string | Buffer] {
  const lines = {
    Host: 'localhost',
    'Content-Type': 'application/json',
    'Content-Length': String(Buffer.byteLength(body)),
    Connection: 'close',
    ...headers,
  };
  const head = Object.entries(lines).map(([name, value]) => `${name}: ${value}\r\n`);
  return [`POST /graphql HTTP/1.1\r\n${head.join('')}\r\n`, body];
}
