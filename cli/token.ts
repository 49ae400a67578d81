import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { type DevelopmentClaims, LONGEST_DEVELOPMENT_TOKEN_SECONDS, signDevelopmentToken } from '../auth/dev-key.ts';
import { type Clock, isTokenAudience, isUscc, TOKEN_AUDIENCES } from '../auth/issuers.ts';
import type { Audience } from '../auth/principal.ts';
import { hasRequiredClaims, REQUIRED_CLAIMS } from '../auth/token.ts';
import { type Environment, isIssuerConfigured } from '../auth/token-settings.ts';
import { HubError } from '../schema/errors.ts';

export interface TokenCommandIo {
  readonly dataDir: string;
  readonly env: Environment;
  readonly stdout: (line: string) => void;
  readonly json: boolean;
  readonly clock?: Clock | undefined;
}

const FLAGS = {
  audience: { type: 'string' },
  dept: { type: 'string' },
  org: { type: 'string' },
  region: { type: 'string' },
  level: { type: 'string' },
  subject: { type: 'string' },
  'subject-name': { type: 'string' },
  'auth-level': { type: 'string' },
  staff: { type: 'string' },
  nature: { type: 'string' },
  client: { type: 'string' },
  qualification: { type: 'string' },
  cert: { type: 'string' },
  case: { type: 'string' },
  party: { type: 'string' },
  ttl: { type: 'string', default: '1h' },
} as const;
type Flags = ReturnType<typeof readFlags>;
type SubjectClaims = Pick<DevelopmentClaims, 'subjectId' | 'subjectUscc' | 'subjectIdNumber' | 'subjectName'>;

const FLAG_OF: Readonly<Record<string, string>> = {
  orgUscc: '--org or --dept',
  clientId: '--client',
  caseId: '--case',
  partyId: '--party',
  subjectId: '--subject with an id',
  subjectUscc: 'with a code',
  subjectIdNumber: 'with an identity number',
  subjectName: '--subject-name',
};
const SECONDS_PER_UNIT: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };
/** GB 11643: region, date of birth, sequence, check character; or the older form with 15 digits. */
const IDENTITY_NUMBER = /^\d{6}((18|19|20)\d\d(0[1-9]|1[0-2])([0-2]\d|3[01])\d{3}[\dX]|\d\d(0[1-9]|1[0-2])([0-2]\d|3[01])\d{3})$/i;

/**
 * `hub token`: prints a token that this hub's own development key signs.
 * @throws FORBIDDEN when an issuer is configured, BAD_USER_INPUT for flags that make no valid token
 */
export function runToken(argv: readonly string[], { dataDir, env, stdout, json, clock = systemClock }: TokenCommandIo): void {
  if (isIssuerConfigured(env))
    throw new HubError('FORBIDDEN', 'an issuer is configured, so this hub does not accept tokens of its development key');
  const flags = readFlags(argv);
  const claims = readClaims(flags);
  const ttl = readTtl(flags.ttl);
  const now = clock.now();
  const token = signDevelopmentToken(dataDir, claims, ttl, { now: () => now });
  const expiresAt = new Date((Math.floor(now.getTime() / 1000) + ttl) * 1000).toISOString();
  stdout(json ? JSON.stringify({ token, audience: claims.audience, expiresAt }) : token);
}

const systemClock: Clock = { now: () => new Date() };

function readFlags(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: FLAGS, allowPositionals: false }).values;
  } catch (error) {
    throw new HubError('BAD_USER_INPUT', error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function readClaims(flags: Flags): DevelopmentClaims {
  const { audience } = flags;
  const empty = Object.entries(flags).find(([, value]) => value === '');
  if (empty) throw new HubError('BAD_USER_INPUT', `--${empty[0]} needs a value`);
  if (!isTokenAudience(audience))
    throw new HubError('BAD_USER_INPUT', `--audience has to be one of ${TOKEN_AUDIENCES.join(', ')}; PUBLIC needs no token`);
  const claims = {
    orgUscc: flags.org ?? flags.dept,
    deptCode: flags.dept,
    orgNature: flags.nature,
    level: flags.level,
    regionCode: flags.region,
    staffId: flags.staff,
    clientId: flags.client,
    qualificationNo: flags.qualification,
    certSerial: flags.cert,
    authLevel: readAuthLevel(flags['auth-level']),
    caseId: flags.case,
    partyId: flags.party,
    ...readSubject(flags.subject, flags['subject-name']),
  };
  if (!hasRequiredClaims(audience, claims)) throw new HubError('BAD_USER_INPUT', `${audience} needs ${flagsNeeded(audience)}`);
  return { audience, sub: holderOf(claims), ...claims };
}

function readSubject(subject: string | undefined, subjectName: string | undefined): SubjectClaims {
  const identified = subject !== undefined && IDENTITY_NUMBER.test(subject);
  if (identified !== (subjectName !== undefined))
    throw new HubError('BAD_USER_INPUT', 'an identity number as --subject and --subject-name belong together');
  if (subject === undefined) return {};
  if (identified) return { subjectIdNumber: subject.toUpperCase(), subjectName };
  const code = subject.toUpperCase();
  return isUscc(code) ? { subjectUscc: code } : { subjectId: subject };
}

function readAuthLevel(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,2}$/.test(text)) throw new HubError('BAD_USER_INPUT', '--auth-level has to be a number');
  return Number(text);
}

function readTtl(text: string): number {
  const [, amount, unit = 's'] = /^(\d{1,6})([smh])?$/.exec(text) ?? [];
  const seconds = Number(amount) * (SECONDS_PER_UNIT[unit] ?? Number.NaN);
  if (seconds >= 1 && seconds <= LONGEST_DEVELOPMENT_TOKEN_SECONDS) return seconds;
  throw new HubError('BAD_USER_INPUT', '--ttl has to be a time like 90, 3600s, 30m or 1h, of one hour at most');
}

function flagsNeeded(audience: Audience): string {
  return REQUIRED_CLAIMS[audience].map((group) => group.map((claim) => FLAG_OF[claim] ?? claim).join(' and ')).join(', or ');
}

/** `sub` goes into logs, so whoever is known by an identity number alone is called by a random name. */
function holderOf({
  staffId,
  clientId,
  deptCode,
  orgUscc,
  subjectId,
  subjectUscc,
  partyId,
}: Omit<DevelopmentClaims, 'audience' | 'sub'>): string {
  const holder = staffId ?? clientId ?? deptCode ?? orgUscc ?? subjectId ?? subjectUscc ?? partyId;
  return holder === undefined || IDENTITY_NUMBER.test(holder) ? randomUUID() : holder;
}
