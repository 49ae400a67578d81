import { ApolloServer, HeaderMap } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import { ERRORS } from '../schema/errors.ts';
import { AnsweredError, answerError, formatAnswered, isCoercionFault, type ReportFailure } from './answered-error.ts';
import type { Engine, EngineRequest, EngineResponse } from './engine.ts';
import type { Answer } from './http-answer.ts';
import type { GraphqlParams } from './http-request.ts';
import type { KnownDocuments } from './known-documents.ts';
import { noteErrors, type RequestEntry } from './request-log.ts';

/** One operation that passed every check before the engine. */
export interface Operation {
  /** The document, whether the client has sent it or named it. */
  readonly text: string;
  readonly params: Pick<GraphqlParams, 'operationName' | 'variables'>;
  readonly request: EngineRequest;
  readonly entry: RequestEntry;
  readonly report: ReportFailure;
}

export interface Apollo {
  answer(operation: Operation, contentType: string): Promise<Answer>;
  stop(): Promise<void>;
}

interface ApolloOptions {
  readonly engine: Engine;
  readonly documents: KnownDocuments;
  readonly maxTokens: number;
  readonly report: ReportFailure;
  readonly log: (line: Record<string, unknown>) => void;
}

/** Apollo Server copies its context, so what the executor leaves there stands in an object of its own. */
interface Context {
  readonly asked?: Operation;
  readonly run?: { reachedEngine: boolean };
}

/** The content type is settled already, and nothing is delivered in parts: without a type to choose from, Apollo Server does not go through its own. */
const HEADERS = new HeaderMap([['accept', '']]);

/** Apollo Server in front of an engine: nothing of it reports to anybody, and documents are handed to it read and validated. */
export async function startApollo({ engine, documents, maxTokens, report, log }: ApolloOptions): Promise<Apollo> {
  const server = new ApolloServer<Context>({
    gateway: {
      load: async () => ({ executor: ({ context }) => execute(engine, context) }),
      onSchemaLoadOrUpdate(tell) {
        tell({ apiSchema: engine.schema, coreSupergraphSdl: '' });
        return () => {};
      },
      stop: async () => {},
    },
    plugins: [
      ApolloServerPluginUsageReportingDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
      ApolloServerPluginInlineTraceDisabled(),
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginLandingPageDisabled(),
    ],
    documentStore: {
      get: async (key) => documents.byHash(key.slice(key.indexOf(':') + 1)),
      set: async () => {},
      delete: async () => {},
    },
    // A document that is forgotten between the checks and here is read by Apollo Server, under the same limits.
    parseOptions: { maxTokens },
    hideSchemaDetailsFromClientErrors: true,
    introspection: true,
    allowBatchedHttpRequests: false,
    persistedQueries: false,
    csrfPrevention: false, // the listener takes no other body than application/json and no foreign Origin
    formatError: (_formatted, error) => formatAnswered(answerError(error, report)),
    stringifyResult: (value) => JSON.stringify(value),
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    nodeEnv: 'production',
    apollo: {},
    logger: loggerTo(log),
  });
  await server.start();

  return {
    async answer(asked, contentType) {
      const { operationName = null, variables } = asked.params;
      const run = { reachedEngine: false };
      const { status, body } = await server.executeHTTPGraphQLRequest({
        httpGraphQLRequest: {
          method: 'POST',
          headers: HEADERS,
          search: '',
          body: { query: asked.text, operationName, variables },
        },
        context: async () => ({ asked, run }),
      });
      if (!run.reachedEngine || body.kind !== 'complete') throw new Error('Apollo Server has refused an operation that passed every check');
      return { status: status ?? 200, contentType, body: body.string };
    },
    stop: () => server.stop(),
  };
}

async function execute(engine: Engine, { asked, run }: Context) {
  if (!asked || !run) throw new Error('an operation has reached the engine without its checks');
  run.reachedEngine = true;
  try {
    return answerResponse(await engine.execute(asked.request), asked);
  } catch (error) {
    const answered = answerError(error, asked.report);
    noteErrors(asked.entry, [answered]);
    return { errors: [withStatus(answered, ERRORS[answered.code].status)] };
  }
}

function answerResponse({ data, errors, extensions }: EngineResponse, asked: Operation) {
  if (!errors || errors.length === 0) return { data, ...(extensions && { extensions }) };
  const answered = errors.map((error) => answerError(error, asked.report));
  noteErrors(asked.entry, answered);
  if (data === null && errors.every(isCoercionFault)) return { errors: answered.map((error) => withStatus(error, 400)) };
  return { data, errors: answered, ...(extensions && { extensions }) };
}

function withStatus(error: AnsweredError, status: number): AnsweredError {
  return new AnsweredError(error.code, error.message, { source: error, incident: error.incident, status });
}

function loggerTo(log: (line: Record<string, unknown>) => void) {
  const level = (name: string) => (message: unknown) => log({ event: 'apollo-server', level: name, message: String(message) });
  return { debug: () => {}, info: () => {}, warn: level('warn'), error: level('error') };
}
