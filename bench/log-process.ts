import { serveMeasured } from './measured-process.ts';

process.env.APOLLO_TELEMETRY_DISABLED = 'true'; // before the first import of @apollo/gateway
const [
  { openTokenIssuers, readTokenSettings },
  { completeFrom },
  { createTokenVerifier },
  { federate, openGraph },
  { openHub },
  { openDoor },
] = await Promise.all([
  import('../auth/token-settings.ts'),
  import('../auth/registry.ts'),
  import('../auth/token.ts'),
  import('../cli/open-graph.ts'),
  import('../cli/open-hub.ts'),
  import('../gateway/door.ts'),
]);

/** A hub as `hub serve` starts it; told so, one whose access log is written nowhere, which no setting of the hub can do. */
const UNLIMITED = { perSecond: 1_000_000, burst: 10_000_000 };
const [dataDir = '', logging = 'with'] = process.argv.slice(2);
await serveMeasured(async () => {
  const opened = await openHub({ dataDir, env: {} });
  const nowhere = { record: async () => {}, close: async () => {} };
  const hub = logging === 'without' ? { ...opened, accessLog: nowhere } : opened;
  const graph = openGraph(hub, 'optional');
  const issuers = openTokenIssuers(readTokenSettings({}), dataDir, { clock: hub.clock, report: () => undefined });
  const verifyToken = createTokenVerifier({ issuers, clock: hub.clock });
  const { port } = await openDoor({
    engine: federate(graph, hub, String),
    verify: async (authorization) => {
      const principal = await verifyToken(authorization);
      return completeFrom(graph.admission.registryFor, principal);
    },
    host: '127.0.0.1',
    port: 0,
    limits: { clientRate: UNLIMITED, sameObjectRate: UNLIMITED, objectRate: UNLIMITED },
    ready: async () => true,
    ide: false,
    log: () => undefined,
    clock: hub.clock,
  });
  return `http://127.0.0.1:${port}/graphql`;
});
