import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { GraphQLSchema } from 'graphql';
import type { Limits } from '../gateway/door.ts';
import type { TlsMaterial } from '../gateway/http-listener.ts';
import { ManifestFault, type TrustedDocuments, trustDocuments } from '../gateway/trusted-documents.ts';
import { CommandFault } from './command-fault.ts';

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
const TLS_FILES = { cert: 'HUB_TLS_CERT', key: 'HUB_TLS_KEY', clientCa: 'HUB_TLS_CLIENT_CA' } as const;

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
    return documents.load(readFile('HUB_TRUSTED_DOCUMENTS', file), schema);
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

/** `HUB_RATE_PUBLIC` and `HUB_RATE_CLIENT` count requests a second, ten times as many at once; `HUB_RATE_OBJECT`, `HUB_RATE_NUMBER` and `HUB_RATE_PERSON` a minute, twice as many at once. */
function rateLimits(env: NodeJS.ProcessEnv): Partial<Limits> {
  const rate = (variable: string, seconds: number, atOnce: number) => {
    const count = Number(env[variable]);
    return count > 0 ? { perSecond: count / seconds, burst: count * atOnce } : undefined;
  };
  const publicRate = rate('HUB_RATE_PUBLIC', 1, 10);
  const clientRate = rate('HUB_RATE_CLIENT', 1, 10);
  const sameObjectRate = rate('HUB_RATE_OBJECT', 60, 2);
  const numberRate = rate('HUB_RATE_NUMBER', 60, 2);
  const personRate = rate('HUB_RATE_PERSON', 60, 2);
  return {
    ...(publicRate && { publicRate }),
    ...(clientRate && { clientRate }),
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

function readTls(files: { readonly cert: string; readonly key: string; readonly clientCa?: string }): TlsMaterial {
  const cert = readFile(TLS_FILES.cert, files.cert);
  const key = readFile(TLS_FILES.key, files.key);
  const clientCa = files.clientCa === undefined ? undefined : readFile(TLS_FILES.clientCa, files.clientCa);
  if (!isCertificate(cert)) throw notPem(TLS_FILES.cert, files.cert);
  // Taken by itself: a secure context skips what is no certificate, and then trusts nobody.
  if (clientCa !== undefined && !isCertificate(clientCa)) throw notPem(TLS_FILES.clientCa, files.clientCa ?? '');
  if (!fits(cert, key)) {
    throw new CommandFault(
      'HUB_TLS_KEY 不是 HUB_TLS_CERT 的私钥（未加密的 PEM） / HUB_TLS_KEY is not the key of HUB_TLS_CERT (as PEM, not encrypted)',
    );
  }
  return { cert, key, clientCa };
}

function readFile(variable: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw new CommandFault(`${variable} 指向的文件无法读取 / the file that ${variable} names cannot be read: ${file}`);
  }
}

function notPem(variable: string, file: string): CommandFault {
  return new CommandFault(`${variable} 指向的文件不是 PEM 证书 / the file that ${variable} names is no certificate in PEM: ${file}`);
}

function isCertificate(pem: string): boolean {
  return succeeds(() => new X509Certificate(pem));
}

function fits(cert: string, key: string): boolean {
  return succeeds(() => createSecureContext({ cert, key }));
}

function succeeds(attempt: () => unknown): boolean {
  try {
    attempt();
    return true;
  } catch {
    return false;
  }
}
