import { developmentIssuer } from './dev-key.ts';
import { checkIssuerEntry, type IssuerEntry, type IssuerOptions, type Issuers, openIssuers, readIssuerFile } from './issuers.ts';
import { REGISTRY_MODES, type RegistryMode } from './registry.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface TokenSettings {
  /** None: tokens are signed with the hub's own development key. */
  readonly issuers: readonly IssuerEntry[];
  readonly registry: RegistryMode;
}

const SHORT_FORM = ['HUB_JWKS', 'HUB_ISSUER', 'HUB_AUDIENCES'] as const;

/**
 * Whom the environment trusts to issue tokens: the file HUB_ISSUERS, or for one issuer HUB_JWKS (a file or https address) with HUB_ISSUER and HUB_AUDIENCES
 * (comma separated). HUB_REGISTRY is `required` unless it says otherwise, `optional` with the development key.
 * @throws Error naming the variable
 */
export function readTokenSettings(env: Environment): TokenSettings {
  const issuers = readIssuers(env);
  const stated = env.HUB_REGISTRY || (issuers.length > 0 ? 'required' : 'optional');
  const registry = REGISTRY_MODES.find((mode) => mode === stated);
  if (!registry) throw new Error(`HUB_REGISTRY has to be one of ${REGISTRY_MODES.join(', ')}`);
  return { issuers, registry };
}

/** The environment names an issuer, well or badly; the development key is then out of use. */
export function isIssuerConfigured(env: Environment): boolean {
  return ['HUB_ISSUERS', ...SHORT_FORM].some((name) => env[name]);
}

/** Opens the configured issuers, or the development key when there are none. */
export function openTokenIssuers({ issuers }: TokenSettings, dataDir: string, options: IssuerOptions): Issuers {
  if (issuers.length > 0) return openIssuers(issuers, options);
  const own = developmentIssuer(dataDir);
  return new Map([[own.iss, own]]);
}

/** To be asked before a hub without a configured issuer starts. @throws Error when it listens beyond this host or keeps its data in another store */
export function assertDevelopmentKeyAllowed({ loopback, embedded }: { readonly loopback: boolean; readonly embedded: boolean }): void {
  if (loopback && embedded) return;
  const where = loopback ? 'with another store than the embedded one' : 'on an address other than loopback';
  throw new Error(
    `a hub ${where} does not accept tokens of its own development key: configure an issuer (HUB_ISSUERS, or HUB_JWKS with HUB_ISSUER and HUB_AUDIENCES)`,
  );
}

function readIssuers(env: Environment): readonly IssuerEntry[] {
  if (!isIssuerConfigured(env)) return [];
  const [jwks, iss, audiences] = SHORT_FORM.map((name) => env[name]);
  if (env.HUB_ISSUERS && !jwks && !iss && !audiences) return readIssuerFile(env.HUB_ISSUERS);
  if (env.HUB_ISSUERS) throw new Error(`HUB_ISSUERS excludes ${SHORT_FORM.join(', ')}`);
  if (!jwks || !iss || !audiences) throw new Error(`${SHORT_FORM.join(', ')} are needed together`);
  const entry = { jwks, iss, audiences: audiences.split(',').map((audience) => audience.trim()) };
  return [checkIssuerEntry(entry, process.cwd(), SHORT_FORM.join(', '))];
}
