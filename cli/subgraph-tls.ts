import type { SubgraphTls } from '../gateway/subgraph-connections.ts';
import { CommandFault } from './command-fault.ts';
import { readCertificates, readCertified } from './pem-files.ts';

/** What a gateway trusts when a subgraph shows its certificate, and what it shows itself; the files are read anew each time. @throws CommandFault naming the variable */
export function readSubgraphTls(env: NodeJS.ProcessEnv): SubgraphTls {
  const { HUB_SUBGRAPH_CA: ca, HUB_SUBGRAPH_CERT: cert, HUB_SUBGRAPH_KEY: key } = env;
  if (Boolean(cert) !== Boolean(key))
    throw new CommandFault('HUB_SUBGRAPH_CERT 与 HUB_SUBGRAPH_KEY 须同时给出 / HUB_SUBGRAPH_CERT and HUB_SUBGRAPH_KEY are needed together');
  return {
    ...(ca && { ca: readCertificates({ variable: 'HUB_SUBGRAPH_CA', file: ca }) }),
    ...(cert &&
      key &&
      readCertified({ cert: { variable: 'HUB_SUBGRAPH_CERT', file: cert }, key: { variable: 'HUB_SUBGRAPH_KEY', file: key } })),
  };
}
