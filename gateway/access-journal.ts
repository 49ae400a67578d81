import type { GraphQLError } from 'graphql';
import type { Outcome } from '../auth/access-entry.ts';
import type { AdmissionParts, AdmissionRequest, Admitted } from '../auth/admission.ts';
import { askedOf } from '../auth/asked.ts';
import { answeredEntry, isLogged, type LoggedRequest, stoppedEntry } from '../auth/log-entry.ts';
import type { AccessLog } from '../auth/ports.ts';
import { ERRORS, type ErrorCode, HubError } from '../schema/errors.ts';
import type { EngineRequest, EngineResponse } from './engine.ts';
import type { Disclosures, WithheldEntry } from './finish.ts';

export interface JournalParts extends Pick<AdmissionParts, 'policy' | 'ownSubject'> {
  readonly accessLog: AccessLog;
  /** The door's name in the log. */
  readonly channel: string;
}

/** What an engine found out on its way to an answer. */
export interface Answering {
  readonly admitted: Admitted;
  readonly response: EngineResponse;
  readonly withheld: readonly WithheldEntry[];
  readonly disclosures: () => Disclosures;
  /** Nothing left: a part of a stream that told of nothing is no entry. */
  readonly isNothing?: boolean | undefined;
}

/** Runs a request; its answer, or the error that stopped it, leaves when its entry in the access log is durable. @throws STORE_UNAVAILABLE when it cannot be written */
export interface Journal {
  (request: EngineRequest, admission: AdmissionRequest, answer: () => Promise<Answering>): Promise<EngineResponse>;
  /** Another receiver of the same answer has an entry of its own. */
  record(request: Pick<EngineRequest, 'signature'>, admission: AdmissionRequest, answering: Answering): Promise<void>;
}

type AnswerRequest = (request: EngineRequest, admission: AdmissionRequest, answer: () => Promise<Answering>) => Promise<EngineResponse>;

export function createJournal({ policy, ownSubject, accessLog, channel }: JournalParts): Journal {
  const stopped = async (request: EngineRequest, admission: AdmissionRequest, error: unknown): Promise<void> => {
    const { principal, schema, operation, fragments, variables } = admission;
    if (principal.audience === 'PUBLIC') return;
    const asked = askedOf(schema, policy, operation, fragments, variables);
    const logged: LoggedRequest = { ...admission, channel, signature: request.signature, asked };
    if (!isLogged(policy, logged)) return;
    const asker = principal.audience === 'SUBJECT' ? await ownSubject(principal).catch(() => undefined) : undefined;
    await accessLog.record(stoppedEntry(policy, logged, asker, codeOf(error)));
  };
  const record: Journal['record'] = async ({ signature }, admission, answering) => {
    const { admitted, isNothing } = answering;
    if (isNothing) return;
    const logged: LoggedRequest = { ...admission, channel, signature, asked: admitted.asked };
    if (isLogged(policy, logged, admitted.caller))
      await accessLog.record(answeredEntry(policy, logged, admitted.caller, outcomeOf(answering)));
  };
  const run: AnswerRequest = async (request, admission, answer) => {
    let answering: Answering;
    try {
      answering = await answer();
    } catch (error) {
      await stopped(request, admission, error);
      throw error;
    }
    const { response } = answering;
    await record(request, admission, answering);
    return response;
  };
  return Object.assign(run, { record });
}

function outcomeOf({ response: { data, errors = [] }, withheld, disclosures }: Answering): Outcome {
  const faults = errors.filter(({ extensions }) => extensions.code !== 'UNAUTHORIZED_FIELD_OR_TYPE');
  const [fault] = faults;
  const isAnswered = data !== null && (fault === undefined || Object.values(data).some((value) => value !== null));
  const { disclosed, granted } = disclosures();
  return {
    granted,
    masked: withheld.flatMap(({ effect, coordinate }) => (effect === 'MASKED' ? [coordinate] : [])),
    denied: withheld.flatMap(({ effect, coordinate }) => (effect === 'DENIED' ? [coordinate] : [])),
    disclosed,
    signals: withheld.some(({ reason }) => reason === 'GRANT_FIELD') ? ['OVER_REQUEST'] : [],
    error: fault && codeIn(fault),
    isAnswered,
  };
}

function codeOf(error: unknown): ErrorCode {
  return error instanceof HubError ? error.code : 'INTERNAL_SERVER_ERROR';
}

function codeIn({ originalError, extensions: { code } }: GraphQLError): ErrorCode {
  if (originalError instanceof HubError) return originalError.code;
  return typeof code === 'string' && isErrorCode(code) ? code : 'INTERNAL_SERVER_ERROR';
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code);
}
