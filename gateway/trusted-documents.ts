import { hash } from 'node:crypto';
import type { GraphQLSchema } from 'graphql';
import { HubError } from '../schema/errors.ts';
import type { GraphqlParams } from './http-request.ts';
import { InvalidDocument, rememberDocuments } from './known-documents.ts';
import { OPERATION_LIMITS } from './operation-limits.ts';

/** Documents that the operator has listed beforehand, so that a client can name one by its hash. */
export interface TrustedDocuments {
  /** No other text is answered, at no door. */
  readonly required: boolean;
  textOf(documentHash: string): string | undefined;
  isTrusted(text: string): boolean;
  /** Replaces what was trusted by what a manifest lists, and counts it. @throws ManifestFault, and leaves what was trusted as it was */
  load(manifest: string, schema: GraphQLSchema): number;
}

/** Every fault of a manifest, each with its place. */
export class ManifestFault extends Error {
  readonly faults: readonly string[];
  constructor(faults: readonly string[]) {
    super(faults.join('\n'));
    this.faults = faults;
  }
}

interface Entry {
  readonly place: string;
  readonly id: unknown;
  readonly body: unknown;
}

const APOLLO_FORMAT = 'apollo-persisted-query-manifest';
const FAULTS = {
  json: '不是 JSON / not JSON',
  form: `既不是 ${APOLLO_FORMAT} 第 1 版，也不是“散列: 文本”的对象 / neither version 1 of ${APOLLO_FORMAT} nor an object of hashes and texts`,
  texts: 'id 和 body 须为文本 / id and body have to be texts',
  hash: '散列与文本的 SHA-256 不符 / the hash is not the SHA-256 of the text',
};

/** Trusts nothing until a manifest is loaded. */
export function trustDocuments({ required }: { readonly required: boolean }): TrustedDocuments {
  let texts: ReadonlyMap<string, string> = new Map();
  return {
    required,
    textOf: (documentHash) => texts.get(documentHash),
    isTrusted: (text) => texts.get(hash('sha256', text)) === text,
    load(manifest, schema) {
      texts = readManifest(manifest, schema);
      return texts.size;
    },
  };
}

/** The text that a request names by itself, by its hash or by both. @throws BAD_USER_INPUT when it is not to be answered here */
export function askedText({ query, documentHash }: Pick<GraphqlParams, 'query' | 'documentHash'>, trusted?: TrustedDocuments): string {
  const text = documentHash === undefined ? query : trusted?.textOf(documentHash);
  if (text === undefined) throw new HubError('BAD_USER_INPUT', 'no trusted document has this hash');
  if (query !== undefined && query !== text) throw new HubError('BAD_USER_INPUT', 'the trusted document of this hash has another text');
  assertAnswered(text, trusted);
  return text;
}

/** @throws BAD_USER_INPUT where trusted documents are required and this text is none */
export function assertAnswered(text: string, trusted: TrustedDocuments | undefined): void {
  if (trusted?.required && !trusted.isTrusted(text)) {
    throw new HubError('BAD_USER_INPUT', 'only trusted documents are answered here, and this text is none');
  }
}

function readManifest(manifest: string, schema: GraphQLSchema): ReadonlyMap<string, string> {
  const documents = rememberDocuments(() => schema, OPERATION_LIMITS);
  const texts = new Map<string, string>();
  const faults = entriesOf(parseManifest(manifest)).flatMap(({ place, id, body }) => {
    if (typeof id !== 'string' || typeof body !== 'string') return [`${place}: ${FAULTS.texts}`];
    if (id !== hash('sha256', body)) return [`${place}: ${FAULTS.hash}`];
    texts.set(id, body);
    return faultsOf(() => documents.read(body, undefined, {})).map((fault) => `${place}: ${fault}`);
  });
  if (faults.length > 0) throw new ManifestFault(faults);
  return texts;
}

function parseManifest(manifest: string): Readonly<Record<string, unknown>> {
  const parsed = parseJson(manifest);
  if (!isRecord(parsed)) throw new ManifestFault([FAULTS.form]);
  return parsed;
}

/** Relay writes `{ "<hash>": "<text>" }`, Apollo a list of operations. */
function entriesOf(manifest: Readonly<Record<string, unknown>>): readonly Entry[] {
  if (!Object.hasOwn(manifest, 'format')) {
    return Object.entries(manifest).map(([id, body]) => ({ place: JSON.stringify(id), id, body }));
  }
  const { format, version, operations } = manifest;
  if (format !== APOLLO_FORMAT || version !== 1 || !Array.isArray(operations)) throw new ManifestFault([FAULTS.form]);
  return operations.map((operation: unknown, index) => {
    const { id, body, name } = isRecord(operation) ? operation : {};
    return { place: `operations[${index}]${typeof name === 'string' ? ` ${name}` : ''}`, id, body };
  });
}

function faultsOf(read: () => void): readonly string[] {
  try {
    read();
    return [];
  } catch (error) {
    if (error instanceof InvalidDocument) {
      return error.faults.map(({ message, locations }) =>
        [...(locations ?? []).map(({ line, column }) => `${line}:${column}`), message].join(' '),
      );
    }
    if (error instanceof HubError) return [error.message];
    throw error;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ManifestFault([FAULTS.json]);
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
