import { hash } from 'node:crypto';
import { type DocumentNode, GraphQLError, type GraphQLSchema, Lexer, parse, Source, specifiedRules, TokenKind, validate } from 'graphql';
import { HubError } from '../schema/errors.ts';
import { checkLimits, type OperationLimits } from './operation-limits.ts';
import { responseNamesRule } from './response-names.ts';

/** A document that fits the schema. */
interface KnownDocument {
  readonly document: DocumentNode;
  /** SHA-256 of the text. */
  readonly hash: string;
  /** The same without the literals, for logs: equal for operations that differ in values only. */
  readonly signature: string;
}

export interface KnownDocuments {
  /** Parses, holds to the limits and validates, in this order; parses and validates each text once. @throws LIMIT_EXCEEDED, BAD_USER_INPUT, InvalidDocument */
  read(text: string, operationName: string | undefined, variables: Readonly<Record<string, unknown>>): KnownDocument;
  byHash(documentHash: string): DocumentNode | undefined;
}

/** Faults of a document, each with its place. */
export class InvalidDocument extends Error {
  readonly code: 'GRAPHQL_PARSE_FAILED' | 'GRAPHQL_VALIDATION_FAILED';
  readonly faults: readonly GraphQLError[];
  constructor(code: 'GRAPHQL_PARSE_FAILED' | 'GRAPHQL_VALIDATION_FAILED', faults: readonly GraphQLError[]) {
    super(`${faults.length} faults in the document`);
    this.code = code;
    this.faults = faults;
  }
}

interface Remembered extends KnownDocument {
  readonly schema: GraphQLSchema;
  /** About how many bytes are kept for it. */
  readonly weight: number;
}

const REPORTED_FAULTS = 20;
const RULES = [...specifiedRules, responseNamesRule];
const REMEMBERED_BYTES = 134_217_728;
const WEIGHT = { document: 1_000, character: 2, token: 300 };
const LITERALS: ReadonlySet<string> = new Set([TokenKind.INT, TokenKind.FLOAT, TokenKind.STRING, TokenKind.BLOCK_STRING]);
const DEEPER: ReadonlySet<string> = new Set([TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L]);
const SHALLOWER: ReadonlySet<string> = new Set([TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R]);

/** Remembers the documents that were asked for last, as many as fit into `capacity` bytes. */
export function rememberDocuments(schemaNow: () => GraphQLSchema, limits: OperationLimits, capacity = REMEMBERED_BYTES): KnownDocuments {
  const byText = new Map<string, Remembered>();
  const byHash = new Map<string, DocumentNode>();
  let bytes = 0;

  const forget = (text: string, known: Remembered) => {
    byText.delete(text);
    byHash.delete(known.hash);
    bytes -= known.weight;
  };
  const remember = (text: string, known: Remembered) => {
    byText.set(text, known);
    byHash.set(known.hash, known.document);
    bytes += known.weight;
    for (const [oldest, least] of byText) {
      if (bytes <= capacity) break;
      forget(oldest, least);
    }
  };

  return {
    read(text, operationName, variables) {
      const schema = schemaNow();
      const known = byText.get(text);
      if (known?.schema === schema) {
        checkLimits(known.document, operationName, variables, limits);
        byText.delete(text);
        byText.set(text, known); // a map keeps the order of insertion
        return known;
      }
      if (known) forget(text, known);
      const fresh = readDocument(text, schema, (document) => checkLimits(document, operationName, variables, limits), limits);
      remember(text, fresh);
      return fresh;
    },
    byHash: (documentHash) => byHash.get(documentHash),
  };
}

function readDocument(text: string, schema: GraphQLSchema, check: (document: DocumentNode) => void, limits: OperationLimits): Remembered {
  if (text.length > limits.documentLength) {
    throw new HubError('LIMIT_EXCEEDED', `the document may have at most ${limits.documentLength} characters`);
  }
  const { tokens, outline } = syntax(() => scan(text, limits));
  const document = syntax(() => parse(text, { maxTokens: limits.tokens }));
  check(document);
  const faults = validate(schema, document, RULES, { hideSuggestions: true, maxErrors: REPORTED_FAULTS });
  if (faults.length > 0) throw new InvalidDocument('GRAPHQL_VALIDATION_FAILED', faults);
  const weight = WEIGHT.document + WEIGHT.character * text.length + WEIGHT.token * tokens;
  return { schema, document, weight, hash: hash('sha256', text), signature: hash('sha256', outline).slice(0, 32) };
}

function syntax<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof GraphQLError) throw new InvalidDocument('GRAPHQL_PARSE_FAILED', [error]);
    throw error;
  }
}

/** Reads the tokens in one loop, before the recursive parser sees them. @throws LIMIT_EXCEEDED */
function scan(text: string, limits: OperationLimits): { tokens: number; outline: string } {
  const lexer = new Lexer(new Source(text));
  const outline: string[] = [];
  let depth = 0;
  for (let token = lexer.advance(); token.kind !== TokenKind.EOF; token = lexer.advance()) {
    if (DEEPER.has(token.kind)) depth++;
    else if (SHALLOWER.has(token.kind)) depth--;
    outline.push(LITERALS.has(token.kind) ? '?' : (token.value ?? token.kind));
    if (outline.length > limits.tokens) throw new HubError('LIMIT_EXCEEDED', `the document may have at most ${limits.tokens} tokens`);
    if (depth > limits.brackets) throw new HubError('LIMIT_EXCEEDED', `the document may nest at most ${limits.brackets} brackets`);
  }
  return { tokens: outline.length, outline: outline.join(' ') };
}
