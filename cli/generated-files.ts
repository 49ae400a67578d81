import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../', import.meta.url));

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
