import { readFileSync } from 'node:fs';
import { CommandFault } from './command-fault.ts';

/** Where the subgraphs of a gateway listen, by name. */
export type SubgraphAddresses = ReadonlyMap<string, URL>;

const USAGE = '--subgraphs name=https://host:port,… 或 HUB_SUBGRAPHS=<文件 file>: {"name": "https://host:port"}';

/** From `--subgraphs` or else the file that `HUB_SUBGRAPHS` names, which is read anew each time. @throws CommandFault */
export function readSubgraphAddresses(listed: string | undefined, { HUB_SUBGRAPHS: file }: NodeJS.ProcessEnv): SubgraphAddresses {
  if (listed !== undefined) return addressesOf(listed.split(',').map(pairOf));
  if (!file) throw new CommandFault(`网关须知道各子图的地址 / a gateway needs the addresses of its subgraphs: ${USAGE}`);
  return addressesOf(Object.entries(readObject(file)));
}

/** Checks that every subgraph has an address. @throws CommandFault with the names of those that have none */
export function requireAddresses(addresses: SubgraphAddresses, names: readonly string[]): void {
  const missing = names.filter((name) => !addresses.has(name));
  if (missing.length > 0) throw new CommandFault(`以下子图没有地址 / these subgraphs have no address: ${missing.join(', ')}`);
}

function pairOf(text: string): readonly [string, string] {
  const at = text.indexOf('=');
  return [text.slice(0, Math.max(0, at)).trim(), text.slice(at + 1).trim()];
}

function addressesOf(pairs: readonly (readonly [string, unknown])[]): SubgraphAddresses {
  const addresses = new Map<string, URL>();
  for (const [name, address] of pairs) {
    const url = typeof address === 'string' ? URL.parse(address) : null;
    if (name === '' || addresses.has(name) || !url || !['http:', 'https:'].includes(url.protocol) || url.username !== '')
      throw new CommandFault(`子图地址有误 / this is no address of a subgraph: ${name}=${String(address)}. ${USAGE}`);
    addresses.set(name, url);
  }
  return addresses;
}

function readObject(file: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    throw new CommandFault(`HUB_SUBGRAPHS 指向的文件不是可读的 JSON / the file that HUB_SUBGRAPHS names is no readable JSON: ${file}`);
  }
  throw new CommandFault(`HUB_SUBGRAPHS 的内容有误 / the file that HUB_SUBGRAPHS names has to be an object: ${USAGE}`);
}
