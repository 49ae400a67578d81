import { type Plain, type PlainMap, readPlainYaml } from './plain-yaml.ts';

/** A service of compose.yaml that runs the hub. */
export interface HubService {
  readonly name: string;
  /** Of `hub`. */
  readonly command: readonly string[];
}

/** The services that run the hub, each behind those that it depends on. @throws Error for services that depend on each other */
export function hubServices(compose: string): readonly HubService[] {
  const services = entriesOf(entriesOf(readPlainYaml(compose)[0]).services);
  const ordered: HubService[] = [];
  const visit = (name: string, above: readonly string[]) => {
    if (above.includes(name)) throw new Error(`${[...above, name].join(' → ')} depend on each other`);
    if (ordered.some((service) => service.name === name)) return;
    const { image, command, depends_on } = entriesOf(services[name]);
    for (const other of Object.keys(entriesOf(depends_on))) visit(other, [...above, name]);
    if (image === 'credit-hub' && Array.isArray(command)) ordered.push({ name, command: command.map(String) });
  };
  for (const name of Object.keys(services)) visit(name, []);
  return ordered;
}

/** The entries of a map; none of anything else. */
export function entriesOf(value: Plain | undefined): PlainMap {
  return isMap(value) ? value : {};
}

function isMap(value: Plain | undefined): value is PlainMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
