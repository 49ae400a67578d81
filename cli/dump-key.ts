import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { SUITES } from '../schema/intl-suite.ts';
import { createKeyFile, readKeyFile } from '../subgraphs/kit/key-file.ts';
import { CommandFault } from './command-fault.ts';
import type { DumpKey } from './dump-file.ts';

const [suite] = SUITES;

/** Makes a file (mode 600) with a key under which dumps are encrypted. @throws CommandFault when it is there already */
export function makeDumpKey(path: string): void {
  if (existsSync(path)) throw new CommandFault(`${path} 已存在 / is there already`);
  createKeyFile(path, `${randomBytes(suite.secretBytes).toString('base64')}\n`);
}

/** The key in a file. @throws CommandFault when there is none, or it is no key */
export function readDumpKey(path: string): DumpKey {
  const text = readKeyFile(path);
  if (text === undefined)
    throw new CommandFault(`没有密钥文件 ${path}，可用 hub dump --new-key 生成 / there is no key file; hub dump --new-key makes one`);
  const secret = Buffer.from(text.trim(), 'base64');
  if (secret.length !== suite.secretBytes || secret.toString('base64') !== text.trim())
    throw new CommandFault(`${path} 须为 ${suite.secretBytes} 字节的 base64 / holds ${suite.secretBytes} bytes as base64`);
  return { suite, secret };
}
