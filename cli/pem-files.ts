import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { CommandFault } from './command-fault.ts';

/** A file, and the variable that names it. */
export interface NamedFile {
  readonly variable: string;
  readonly file: string;
}

/** @throws CommandFault naming the variable */
export function readNamedFile({ variable, file }: NamedFile): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw new CommandFault(`${variable} 指向的文件无法读取 / the file that ${variable} names cannot be read: ${file}`);
  }
}

/** @throws CommandFault naming the variable where the file holds no certificate: a secure context skips what is none, and then trusts nobody */
export function readCertificates(named: NamedFile): string {
  const pem = readNamedFile(named);
  if (succeeds(() => new X509Certificate(pem))) return pem;
  const { variable, file } = named;
  throw new CommandFault(`${variable} 指向的文件不是 PEM 证书 / the file that ${variable} names is no certificate in PEM: ${file}`);
}

/** @throws CommandFault naming the variables where one is no certificate, or the other not its key */
export function readCertified(files: { readonly cert: NamedFile; readonly key: NamedFile }): {
  readonly cert: string;
  readonly key: string;
} {
  const cert = readCertificates(files.cert);
  const key = readNamedFile(files.key);
  if (succeeds(() => createSecureContext({ cert, key }))) return { cert, key };
  const [ofKey, ofCert] = [files.key.variable, files.cert.variable];
  throw new CommandFault(`${ofKey} 不是 ${ofCert} 的私钥（未加密的 PEM） / ${ofKey} is not the key of ${ofCert} (as PEM, not encrypted)`);
}

function succeeds(attempt: () => unknown): boolean {
  try {
    attempt();
    return true;
  } catch {
    return false;
  }
}
