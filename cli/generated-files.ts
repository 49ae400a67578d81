import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

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
