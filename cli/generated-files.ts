import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CommandFault } from './command-fault.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));

export const SUPERGRAPH_FILE = 'schema/generated/supergraph.graphql';
export const POLICY_FILE = 'schema/generated/policy.json';

/** The supergraph that comes with the hub and the hash of what it was composed from, so that a start need not compose it again. */
export function shippedSupergraph(): { readonly sdl: string; readonly sources: string } | undefined {
  if (!existsSync(join(ROOT, SUPERGRAPH_FILE)) || !existsSync(join(ROOT, POLICY_FILE))) return undefined;
  const policy: unknown = JSON.parse(readFileSync(join(ROOT, POLICY_FILE), 'utf8'));
  const sources = typeof policy === 'object' && policy !== null && 'sources' in policy ? policy.sources : undefined;
  return typeof sources === 'string' ? { sdl: readFileSync(join(ROOT, SUPERGRAPH_FILE), 'utf8'), sources } : undefined;
}

/** A supergraph with its policy, as `hub compose` leaves them in a folder. */
export interface SupergraphFiles {
  readonly sdl: string;
  /** Hashes that stand in `policy.json`: of what it was composed from, of the supergraph itself, of the policy. */
  readonly sources: string;
  readonly supergraph: string;
  readonly policy: string;
}

/** Names of the two files that `readSupergraphFiles` reads. */
export const SUPERGRAPH_FILES = [basename(SUPERGRAPH_FILE), basename(POLICY_FILE)] as const;

/** @throws CommandFault */
export function readSupergraphFiles(folder: string): SupergraphFiles {
  const [sdl, text] = SUPERGRAPH_FILES.map((name) => readText(join(folder, name)));
  const { sources, supergraph, hash } = readObject(text ?? '');
  if (typeof sources !== 'string' || typeof supergraph !== 'string' || typeof hash !== 'string')
    throw new CommandFault(`${folder} 中的 policy.json 不是 hub compose 的产物 / policy.json was not made by hub compose`);
  return { sdl: sdl ?? '', sources, supergraph, policy: hash };
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw new CommandFault(`文件无法读取 / the file cannot be read: ${file}`);
  }
}

function readObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

/** Writes generated files, or only says which of them differ from what stands there. */
export function writeGenerated(files: ReadonlyMap<string, string>, { check }: { readonly check: boolean }): readonly string[] {
  const different = [...files].filter(([path, text]) => !existsSync(join(ROOT, path)) || readFileSync(join(ROOT, path), 'utf8') !== text);
  if (check) return different.map(([path]) => path);
  for (const [path, text] of different) {
    mkdirSync(dirname(join(ROOT, path)), { recursive: true });
    writeFileSync(join(ROOT, path), text);
  }
  return different.map(([path]) => path);
}
