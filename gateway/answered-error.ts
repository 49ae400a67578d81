import { randomUUID } from 'node:crypto';
import { GraphQLError, type GraphQLFormattedError, Kind } from 'graphql';
import { ERRORS, type ErrorCode, HubError } from '../schema/errors.ts';

/** An error as a client may read it: a code of the table, a message without anybody's values, an incident where the fault is ours. */
export class AnsweredError extends GraphQLError {
  readonly code: ErrorCode;
  readonly incident: string | undefined;
  /** The one that did not answer. */
  readonly subgraph: string | undefined;
  constructor(
    code: ErrorCode,
    message: string,
    { source, incident, status }: { source?: unknown; incident?: string | undefined; status?: number } = {},
  ) {
    const place = source instanceof GraphQLError ? source : undefined;
    super(message, {
      nodes: place?.nodes ?? null,
      source: place?.source,
      positions: place?.positions,
      path: place?.path,
      // `http` is what Apollo Server takes the status of a request from; it is never sent.
      extensions: { code, ...(incident === undefined ? {} : { incident }), ...(status === undefined ? {} : { http: { status } }) },
    });
    this.code = code;
    this.incident = incident;
    const named = place?.extensions.subgraph;
    this.subgraph = code === 'DOWNSTREAM_SERVICE_ERROR' && typeof named === 'string' ? named : undefined;
  }
}

/** Told of what the operator has to look at; the incident is what the client was told. */
export type ReportFailure = (error: unknown, incident: string) => void;

/** What a client is told of an error that stops a request or stands in an answer. */
export function answerError(error: unknown, report: ReportFailure): AnsweredError {
  if (error instanceof AnsweredError) return error;
  const chain = chainOf(error);
  const input = chain.map(inputFault).find((fault) => fault !== undefined);
  if (input !== undefined) return new AnsweredError('BAD_USER_INPUT', input, { source: error });
  const code = chain.map(codeOf).find((known) => known !== undefined);
  if (code === undefined || code === 'INTERNAL_SERVER_ERROR') return answerDefect(error, report);
  if (OPERATORS_MATTER.has(code)) report(error, randomUUID());
  const message = OPERATORS_MATTER.has(code) ? ERRORS[code].en : messageOf(chain);
  return new AnsweredError(code, message, { source: error });
}

/** An error by which an operation is refused before it runs, so that its answer has no `data`. */
export function isCoercionFault(error: unknown): boolean {
  return chainOf(error).some((link) => inputFault(link)?.startsWith('variable'));
}

/** Faults that parsing and validation found, without the literals that they quote. */
export function answerFault(code: ErrorCode, fault: GraphQLError): AnsweredError {
  const message = fault.message
    .replace(/^(Syntax Error: .*?(?:String|BlockString|Int|Float)) ".*$/s, '$1.')
    .replace(/^(Expected value of type "[^"]*"), found .*$/s, '$1.');
  const quotes =
    message === fault.message && fault.nodes?.[0] !== undefined && LITERALS.has(fault.nodes[0].kind) && !SAFE_FAULT.test(message);
  return new AnsweredError(code, quotes ? 'A value in the document does not fit its type.' : message, { source: fault });
}

/** The shape in which every error leaves the hub. */
export function formatAnswered({ message, locations, path, code, incident, subgraph }: AnsweredError): GraphQLFormattedError {
  return {
    message,
    ...(locations && { locations }),
    ...(path && { path }),
    extensions: { code, ...(incident === undefined ? {} : { incident }), ...(subgraph === undefined ? {} : { subgraph }) },
  };
}

const LITERALS: ReadonlySet<string> = new Set([
  Kind.INT,
  Kind.FLOAT,
  Kind.STRING,
  Kind.BOOLEAN,
  Kind.NULL,
  Kind.ENUM,
  Kind.LIST,
  Kind.OBJECT,
]);
/** Messages about an input object that name its fields only. */
const SAFE_FAULT = /^(?:Field "[^"]*" (?:of required type|is not defined by type|must)|OneOf Input Object|Variable "\$\w+")/;

/** What a client cannot act on is told in the words of the table: the message may be a driver's. */
const OPERATORS_MATTER: ReadonlySet<ErrorCode> = new Set(['STORE_UNAVAILABLE', 'DOWNSTREAM_SERVICE_ERROR']);

function answerDefect(error: unknown, report: ReportFailure): AnsweredError {
  const incident = incidentOf(error) ?? randomUUID();
  report(error, incident);
  return new AnsweredError('INTERNAL_SERVER_ERROR', 'internal error', { source: error, incident });
}

/** A part of the hub that runs elsewhere has reported its own defect under this id. */
function incidentOf(error: unknown): string | undefined {
  const incident = error instanceof GraphQLError ? error.extensions.incident : undefined;
  return typeof incident === 'string' && /^[0-9a-f-]{8,36}$/.test(incident) ? incident : undefined;
}

/** The error and, under what graphql-js wrapped around it, what was thrown. */
function chainOf(error: unknown): readonly unknown[] {
  const chain = [error];
  for (let link = error; link instanceof GraphQLError && link.originalError; link = link.originalError) chain.push(link.originalError);
  return chain;
}

function codeOf(link: unknown): ErrorCode | undefined {
  if (link instanceof HubError) return link.code;
  const code = link instanceof GraphQLError ? link.extensions.code : undefined;
  return typeof code === 'string' && isErrorCode(code) ? code : undefined;
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code);
}

/** Of the error that carries the code. */
function messageOf(chain: readonly unknown[]): string {
  const coded = chain.find((link) => codeOf(link) !== undefined);
  return coded instanceof Error ? coded.message : '';
}

/** graphql-js repeats the value in its messages about variables and arguments. */
function inputFault(link: unknown): string | undefined {
  if (!(link instanceof GraphQLError)) return undefined;
  const variable = link.nodes?.[0]?.kind === Kind.VARIABLE_DEFINITION ? /^Variable "(\$\w+)" /.exec(link.message) : null;
  if (variable) return `variable "${variable[1]}" is not valid`;
  if (link.message.startsWith('Too many errors processing variables')) return 'variables are not valid';
  const argument = /^Argument "(\w+)" (?:has invalid value|of required type|of non-null type) /.exec(link.message);
  return argument ? `argument "${argument[1]}" is not valid` : undefined;
}
