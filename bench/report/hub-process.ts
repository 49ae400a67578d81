import { CATALOGUE_RULES, RECORD_RULES, type Rule } from '../../auth/matrix.ts';
import { AUDIENCES } from '../../auth/principal.ts';
import { CLASSES } from '../../schema/catalogue.ts';
import { EVERY } from '../../schema/filter.ts';
import { serveMeasured } from '../measured-process.ts';
import { outsideStore } from './outside-store.ts';

process.env.APOLLO_TELEMETRY_DISABLED = 'true'; // before the first import of @apollo/gateway
const { serve } = await import('../../cli/serve.ts');

/** `hub`, `open table` (disclosure is no work), `gateway name=url,…`, or `subgraph name`. */
const [dataDir = '', part = 'hub', about = ''] = process.argv.slice(2);
if (part === 'open table') openTheTable();
await serveMeasured(async () => {
  const { url } = await serve({
    dataDir,
    env: {
      ...outsideStore(dataDir),
      HUB_RATE_PUBLIC: '1000000',
      HUB_RATE_CLIENT: '1000000',
      HUB_RATE_OBJECT: '100000000',
      HUB_RATE_PERSON: '100000000',
    },
    host: '127.0.0.1',
    port: 0,
    samples: false,
    ...(part === 'gateway' && { gateway: { subgraphs: about } }),
    ...(part === 'subgraph' && { subgraph: about }),
    log: () => undefined,
  });
  return `${url}/graphql`;
});

/** Everything open to everybody, which no setting of the hub can do: one rule takes the place of all others, in this process. */
function openTheTable(): void {
  const everything: Rule = { id: 'E1', audiences: AUDIENCES, rows: () => EVERY, clear: CLASSES, declared: true };
  for (const rules of [RECORD_RULES, CATALOGUE_RULES] as Rule[][]) rules.splice(0, rules.length, everything);
}
