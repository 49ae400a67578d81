import { serveMeasured } from '../measured-process.ts';

process.env.APOLLO_TELEMETRY_DISABLED = 'true'; // before the first import of @apollo/gateway
const { serve } = await import('../../cli/serve.ts');

const [dataDir = ''] = process.argv.slice(2);
await serveMeasured(async () => {
  const { url } = await serve({
    dataDir,
    env: { HUB_RATE_PUBLIC: '1000000', HUB_RATE_CLIENT: '1000000' },
    host: '127.0.0.1',
    port: 0,
    samples: false,
    log: () => undefined,
  });
  return `${url}/graphql`;
});
