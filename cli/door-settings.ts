import type { GraphQLSchema } from 'graphql';
import type { Limits } from '../gateway/door.ts';
import type { TlsMaterial } from '../gateway/http-listener.ts';
import { ManifestFault, type TrustedDocuments, trustDocuments } from '../gateway/trusted-documents.ts';
import { CommandFault } from './command-fault.ts';
import { readCertificates, readCertified, readNamedFile } from './pem-files.ts';

/** What the environment says of the door. */
export interface DoorSettings {
  readonly allowedHosts: readonly string[] | undefined;
  readonly allowedOrigins: readonly string[] | undefined;
  readonly limits: Partial<Limits>;
  /** Undefined where nothing is said. */
  readonly ide: boolean | undefined;
  /** Reads the files anew each time. @throws CommandFault naming the variable */
  readonly tls: (() => TlsMaterial) | undefined;
  readonly trusted: { readonly documents: TrustedDocuments; readonly file: string } | undefined;
}

const TRUST_MODES = ['optional', 'required'] as const;

/** @throws CommandFault naming the variable that is wrong */
export function readDoorSettings(env: NodeJS.ProcessEnv): DoorSettings {
  return {
    allowedHosts: listed(env.HUB_ALLOWED_HOSTS),
    allowedOrigins: listed(env.HUB_ALLOWED_ORIGINS),
    limits: rateLimits(env),
    ide: env.HUB_IDE ? env.HUB_IDE === 'on' : undefined,
    tls: tlsSettings(env),
    trusted: trustSettings(env),
  };
}

/** Trusts what the file lists from now on, and counts it. @throws CommandFault with every fault of the file */
export function loadTrusted({ documents, file }: NonNullable<DoorSettings['trusted']>, schema: GraphQLSchema): number {
  try {
    return documents.load(readNamedFile({ variable: 'HUB_TRUSTED_DOCUMENTS', file }), schema);
  } catch (error) {
    if (!(error instanceof ManifestFault)) throw error;
    const faults = error.faults.map((fault) => `  ${fault}`);
    throw new CommandFault(
      [`可信文档清单 HUB_TRUSTED_DOCUMENTS 有误 / the manifest of trusted documents ${file} is not usable:`, ...faults].join('\n'),
    );
  }
}

function listed(text: string | undefined): readonly string[] | undefined {
  return text
    ?.split(',')
    .map((entry) => entry.trim())
    .filter(Boolean);
}

/** `HUB_RATE_PUBLIC` and `HUB_RATE_CLIENT` count requests a second and `HUB_RATE_OBJECTS` what they ask for by id or code, ten times as many at once; `HUB_RATE_OBJECT`, `HUB_RATE_NUMBER` and `HUB_RATE_PERSON` a minute, twice as many at once. */
function rateLimits(env: NodeJS.ProcessEnv): Partial<Limits> {
  const rate = (variable: string, seconds: number, atOnce: number) => {
    const count = Number(env[variable]);
    return count > 0 ? { perSecond: count / seconds, burst: count * atOnce } : undefined;
  };
  const publicRate = rate('HUB_RATE_PUBLIC', 1, 10);
  const clientRate = rate('HUB_RATE_CLIENT', 1, 10);
  const objectRate = rate('HUB_RATE_OBJECTS', 1, 10);
  const sameObjectRate = rate('HUB_RATE_OBJECT', 60, 2);
  const numberRate = rate('HUB_RATE_NUMBER', 60, 2);
  const personRate = rate('HUB_RATE_PERSON', 60, 2);
  return {
    ...(publicRate && { publicRate }),
    ...(clientRate && { clientRate }),
    ...(objectRate && { objectRate }),
    ...(sameObjectRate && { sameObjectRate }),
    ...(numberRate && { numberRate }),
    ...(personRate && { personRate }),
  };
}

function trustSettings(env: NodeJS.ProcessEnv): DoorSettings['trusted'] {
  const { HUB_TRUSTED_DOCUMENTS: file, HUB_TRUSTED_DOCUMENTS_MODE: stated } = env;
  const mode = TRUST_MODES.find((known) => known === (stated || 'optional'));
  if (!mode) {
    const modes = TRUST_MODES.join(', ');
    throw new CommandFault(`HUB_TRUSTED_DOCUMENTS_MODE 须为 ${modes} 之一 / HUB_TRUSTED_DOCUMENTS_MODE has to be one of ${modes}`);
  }
  if (file) return { documents: trustDocuments({ required: mode === 'required' }), file };
  if (mode === 'optional') return undefined;
  throw new CommandFault('要求可信文档时须给出 HUB_TRUSTED_DOCUMENTS / HUB_TRUSTED_DOCUMENTS has to name the documents that are required');
}

function tlsSettings(env: NodeJS.ProcessEnv): DoorSettings['tls'] {
  const { HUB_TLS_CERT: cert, HUB_TLS_KEY: key, HUB_TLS_CLIENT_CA: clientCa } = env;
  if (!cert && !key && !clientCa) return undefined;
  if (!cert || !key) throw new CommandFault('HUB_TLS_CERT 与 HUB_TLS_KEY 须同时给出 / HUB_TLS_CERT and HUB_TLS_KEY are needed together');
  return () => readTls({ cert, key, ...(clientCa ? { clientCa } : {}) });
}

function readTls({ cert, key, clientCa }: { readonly cert: string; readonly key: string; readonly clientCa?: string }): TlsMaterial {
  const trusted = clientCa === undefined ? undefined : readCertificates({ variable: 'HUB_TLS_CLIENT_CA', file: clientCa });
  const own = readCertified({ cert: { variable: 'HUB_TLS_CERT', file: cert }, key: { variable: 'HUB_TLS_KEY', file: key } });
  return { ...own, clientCa: trusted };
}
