import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CatalogueError, type Fault } from '../schema/fault.ts';
import type { CatalogueFile } from '../schema/read-catalogue.ts';

const SUBGRAPHS = fileURLToPath(new URL('../subgraphs', import.meta.url));
/** Subgraphs whose types stand in the folder of their name. */
const FOLDERS = ['subjects', 'records', 'lists', 'commitments', 'repairs', 'access'] as const;
/** Names that no department's file may have. */
const OWN_SUBGRAPHS: readonly string[] = [...FOLDERS, 'changes', 'kit', 'departments'];

/**
 * Every SDL file of the graph. Each department file is a subgraph of its own, named by the file; `HUB_DEPARTMENTS` names a further folder of them.
 * @throws CatalogueError where the name of such a file may not be
 */
export function readCatalogueFiles(env: Readonly<Record<string, string | undefined>> = process.env): readonly CatalogueFile[] {
  const own = FOLDERS.flatMap((subgraph) =>
    sdlFiles(join(SUBGRAPHS, subgraph)).map((file) => read(subgraph, file, `subgraphs/${subgraph}/${basename(file)}`)),
  );
  const departments = [join(SUBGRAPHS, 'departments'), ...(env.HUB_DEPARTMENTS ? [env.HUB_DEPARTMENTS] : [])].flatMap(sdlFiles);
  const faults = departments.flatMap((file, index) => nameFaults(file, departments.slice(0, index)));
  if (faults.length > 0) throw new CatalogueError(faults);
  return [...own, ...departments.map((file) => read(basename(file, '.graphql'), file, `departments/${basename(file)}`))];
}

/** Under the name of another subgraph, a department's file would be taken for a part of it. */
function nameFaults(file: string, before: readonly string[]): readonly Fault[] {
  const name = basename(file, '.graphql');
  const at = (message: string): Fault[] => [{ path: `departments/${basename(file)}`, line: 1, column: 1, message }];
  if (!/^[a-z][a-z0-9-]*$/.test(name)) return at('the name of the file begins with a small letter, and small letters, digits and - follow');
  if (OWN_SUBGRAPHS.includes(name)) return at(`${name} is a subgraph of the hub's own`);
  return before.some((other) => basename(other) === basename(file)) ? at(`there are two files of the name ${basename(file)}`) : [];
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
