import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CatalogueFile } from '../schema/read-catalogue.ts';

const SUBGRAPHS = fileURLToPath(new URL('../subgraphs', import.meta.url));
/** Subgraphs whose types stand in the folder of their name. */
const FOLDERS = ['subjects', 'records', 'lists', 'commitments', 'repairs', 'access'] as const;

/** Every SDL file of the graph. Each department file is a subgraph of its own, named by the file; `HUB_DEPARTMENTS` names a further folder of them. */
export function readCatalogueFiles(env: Readonly<Record<string, string | undefined>> = process.env): readonly CatalogueFile[] {
  const own = FOLDERS.flatMap((subgraph) =>
    sdlFiles(join(SUBGRAPHS, subgraph)).map((file) => read(subgraph, file, `subgraphs/${subgraph}/${basename(file)}`)),
  );
  const departments = [join(SUBGRAPHS, 'departments'), ...(env.HUB_DEPARTMENTS ? [env.HUB_DEPARTMENTS] : [])].flatMap(sdlFiles);
  return [...own, ...departments.map((file) => read(basename(file, '.graphql'), file, `departments/${basename(file)}`))];
}

function sdlFiles(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.graphql'))
    .sort()
    .map((name) => join(folder, name));
}

function read(subgraph: string, file: string, path: string): CatalogueFile {
  return { subgraph, path, text: readFileSync(file, 'utf8') };
}
