import { isUtf8 } from 'node:buffer';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { HubHeaders } from './engine.ts';
import { Refusal } from './http-answer.ts';

/** The parameters of GraphQL over HTTP, checked for their form only. */
export interface GraphqlParams {
  /** Not there when the document is named by its hash alone. */
  readonly query: string | undefined;
  /** SHA-256 of a trusted document, in hexadecimal. */
  readonly documentHash: string | undefined;
  readonly operationName?: string | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
}

export interface HttpLimits {
  readonly bodyBytes: number;
  /** Nested objects and lists of a body. */
  readonly jsonDepth: number;
}
export const HTTP_LIMITS: HttpLimits = { bodyBytes: 1_048_576, jsonDepth: 30 };

const PATTERNS = {
  code: /^[A-Za-z0-9_.-]{1,64}$/,
  voucher: /^[\x21-\x7e]{1,128}$/,
  documentId: /^sha256:([0-9a-f]{64})$/,
  documentHash: /^([0-9a-f]{64})$/,
};
const WITHHELD = ['extensions', 'errors', 'reject'] as const;

/** Of two values node:http keeps the first; a proxy may have read the other. @throws BAD_USER_INPUT */
export function refuseAmbiguous({ rawHeaders }: IncomingMessage): void {
  for (const name of ['host', 'authorization', 'content-type']) {
    const given = rawHeaders.filter((text, index) => index % 2 === 0 && text.toLowerCase() === name);
    if (given.length > 1) throw new Refusal('BAD_USER_INPUT', `the header ${name} may be given once`);
  }
}

/** The `Hub-*` headers. @throws BAD_USER_INPUT */
export function readHubHeaders(headers: IncomingHttpHeaders): HubHeaders {
  const { 'hub-withheld': withheld = 'extensions', 'hub-explain': explain = 'false' } = headers;
  const chosen = WITHHELD.find((choice) => choice === withheld);
  if (!chosen) throw new Refusal('BAD_USER_INPUT', `the header Hub-Withheld is one of ${WITHHELD.join(', ')}`);
  if (explain !== 'true' && explain !== 'false') throw new Refusal('BAD_USER_INPUT', 'the header Hub-Explain is true or absent');
  return {
    purpose: readHeader(headers, 'Hub-Purpose', PATTERNS.code),
    matter: readHeader(headers, 'Hub-Matter', PATTERNS.code),
    voucher: readHeader(headers, 'Hub-Voucher', PATTERNS.voucher),
    withheld: chosen,
    explain: explain === 'true',
  };
}

function readHeader(headers: IncomingHttpHeaders, name: string, pattern: RegExp): string | undefined {
  const value = headers[name.toLowerCase()];
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || !pattern.test(value))
    throw new Refusal('BAD_USER_INPUT', `the header ${name} has to match ${pattern.source}`);
  return value;
}

/** The part of an address from its question mark on. */
export function searchOf({ url = '' }: IncomingMessage): string {
  const at = url.indexOf('?');
  return at < 0 ? '' : url.slice(at);
}

/** The path of an address. */
export function pathOf({ url = '' }: IncomingMessage): string {
  const at = url.indexOf('?');
  return at < 0 ? url : url.slice(0, at);
}

/** Parameters of `GET /graphql?…`. @throws BAD_USER_INPUT */
export function readSearch(search: string): GraphqlParams {
  const given = new URLSearchParams(search);
  const once = (name: string) => {
    const values = given.getAll(name);
    if (values.length > 1) throw new Refusal('BAD_USER_INPUT', `the parameter ${name} may be given once`);
    return values[0];
  };
  const record = (name: string) => {
    const value = once(name);
    return value === undefined ? undefined : parseJson(value);
  };
  return checkParams({
    query: once('query'),
    documentId: once('documentId'),
    operationName: once('operationName'),
    variables: record('variables'),
    extensions: record('extensions'),
  });
}

/** Parameters of `POST /graphql`. @throws BAD_USER_INPUT, LIMIT_EXCEEDED */
export async function readBody(request: IncomingMessage, limits: HttpLimits): Promise<GraphqlParams> {
  return parseBody(await readBytes(request, limits.bodyBytes), limits);
}

/** A JSON body as it came. @throws BAD_USER_INPUT, LIMIT_EXCEEDED */
export async function readBytes(request: IncomingMessage, limit: number): Promise<Buffer> {
  checkContentType(request.headers);
  return collect(request, limit);
}

/** @throws BAD_USER_INPUT */
export function parseBody(bytes: Buffer, limits: Pick<HttpLimits, 'jsonDepth'>): GraphqlParams {
  if (bytes.length === 0) throw new Refusal('BAD_USER_INPUT', 'the body is missing');
  if (!isUtf8(bytes)) throw new Refusal('BAD_USER_INPUT', 'the body is not UTF-8');
  if (isDeeper(bytes, limits.jsonDepth)) throw new Refusal('BAD_USER_INPUT', `the body may nest at most ${limits.jsonDepth} levels`);
  const body = parseJson(bytes.toString('utf8'));
  if (Array.isArray(body)) throw new Refusal('BAD_USER_INPUT', 'batched requests are not accepted');
  if (!isRecord(body)) throw new Refusal('BAD_USER_INPUT', 'the body has to be a JSON object');
  return checkParams(body);
}

function checkContentType(headers: IncomingHttpHeaders): void {
  const [type = '', ...parameters] = (headers['content-type'] ?? '').toLowerCase().split(';');
  if (type.trim() !== 'application/json') {
    throw new Refusal('BAD_USER_INPUT', 'the content type has to be application/json', { status: 415 });
  }
  for (const parameter of parameters) {
    const [, charset] = /^\s*charset\s*=\s*"?([^"]*?)"?\s*$/.exec(parameter) ?? [];
    if (charset !== undefined && charset !== 'utf-8' && charset !== 'utf8') {
      throw new Refusal('BAD_USER_INPUT', 'the charset has to be utf-8', { status: 415 });
    }
  }
  if ((headers['content-encoding'] ?? 'identity') !== 'identity') {
    throw new Refusal('BAD_USER_INPUT', 'encoded bodies are not accepted', { status: 415 });
  }
}

function collect(request: IncomingMessage, limit: number): Promise<Buffer> {
  const tooLarge = () => new Refusal('LIMIT_EXCEEDED', `the body may have at most ${limit} bytes`, { status: 413 });
  return new Promise((resolve, reject) => {
    // Who has hung up by now sends no more events.
    if (request.destroyed) return reject(new Refusal('BAD_USER_INPUT', 'the body ended early'));
    // What is refused is not read; the rest of it is discarded by node:http, within the time that a request may take.
    if (Number(request.headers['content-length'] ?? 0) > limit) return reject(tooLarge());
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > limit) reject(tooLarge());
      else chunks.push(chunk);
    });
    request.on('end', () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
    request.on('close', () => {
      if (!request.complete) reject(new Refusal('BAD_USER_INPUT', 'the body ended early'));
    });
  });
}

/** Looked at before parsing, so that a body of brackets never becomes a tower of objects. */
export function isDeeper(json: Buffer, limit: number): boolean {
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at];
    if (quoted) {
      if (byte === 0x5c) at++;
      else if (byte === 0x22) quoted = false;
    } else if (byte === 0x22) quoted = true;
    else if (byte === 0x5b || byte === 0x7b) {
      if (++depth > limit) return true;
    } else if (byte === 0x5d || byte === 0x7d) depth--;
  }
  return false;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal('BAD_USER_INPUT', 'the request is not JSON'); // without a cause: the parser's message quotes what it read
  }
}

/** @throws BAD_USER_INPUT */
export function checkParams({ query, documentId, operationName, variables, extensions }: Readonly<Record<string, unknown>>): GraphqlParams {
  if (operationName != null && typeof operationName !== 'string') throw new Refusal('BAD_USER_INPUT', '"operationName" has to be a text');
  if (variables != null && !isRecord(variables)) throw new Refusal('BAD_USER_INPUT', '"variables" has to be an object');
  if (extensions != null && !isRecord(extensions)) throw new Refusal('BAD_USER_INPUT', '"extensions" has to be an object');
  const documentHash = readHash(documentId, extensions ?? {});
  const text = typeof query === 'string' && query !== '' ? query : undefined;
  const isNamed = query == null && documentHash !== undefined;
  if (text === undefined && !isNamed) throw new Refusal('BAD_USER_INPUT', '"query" has to be a text');
  return { query: text, documentHash, operationName: operationName || undefined, variables: variables ?? {} };
}

/** As clients name a persisted document: `documentId` of GraphQL over HTTP, or `extensions.persistedQuery` of Apollo's. */
function readHash(documentId: unknown, { persistedQuery }: Readonly<Record<string, unknown>>): string | undefined {
  const byId = documentId == null ? undefined : checkHash(documentId, PATTERNS.documentId, '"documentId"');
  if (persistedQuery == null) return byId;
  const { version, sha256Hash } = isRecord(persistedQuery) ? persistedQuery : {};
  if (version !== 1) throw new Refusal('BAD_USER_INPUT', '"extensions.persistedQuery" has to be of version 1');
  const byExtension = checkHash(sha256Hash, PATTERNS.documentHash, '"extensions.persistedQuery.sha256Hash"');
  if (byId !== undefined && byId !== byExtension) throw new Refusal('BAD_USER_INPUT', 'the request names two documents');
  return byExtension;
}

function checkHash(value: unknown, pattern: RegExp, name: string): string {
  const found = typeof value === 'string' ? pattern.exec(value)?.[1] : undefined;
  if (found === undefined) throw new Refusal('BAD_USER_INPUT', `${name} has to match ${pattern.source}`);
  return found;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
