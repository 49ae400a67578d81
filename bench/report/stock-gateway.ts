import { serveMeasured } from '../measured-process.ts';
import { stockTypeDefs } from './stock-graph.ts';

process.env.APOLLO_TELEMETRY_DISABLED = 'true'; // before the first import of @apollo/gateway
const { composeServices } = await import('@apollo/composition');
const { ApolloGateway, RemoteGraphQLDataSource } = await import('@apollo/gateway');
const { ApolloServer } = await import('@apollo/server');
const { startStandaloneServer } = await import('@apollo/server/standalone');

/** A stock Apollo gateway in front of subgraphs, given as `name=url`; it hands on who asks, and for what. */
const urls = new Map(
  process.argv.slice(2).map((argument) => [argument.slice(0, argument.indexOf('=')), argument.slice(argument.indexOf('=') + 1)]),
);

interface Asking {
  readonly headers?: Readonly<Record<string, string | string[] | undefined>>;
}
class HandingOn extends RemoteGraphQLDataSource {
  override willSendRequest({
    request,
    context,
  }: Parameters<NonNullable<InstanceType<typeof RemoteGraphQLDataSource>['willSendRequest']>>[0]) {
    const { headers }: Asking = context;
    for (const name of ['authorization', 'hub-purpose']) {
      const value = headers?.[name];
      if (typeof value === 'string') request.http?.headers.set(name, value);
    }
  }
}

await serveMeasured(async () => {
  const services = [...stockTypeDefs().typeDefs].map(([name, typeDefs]) => ({ name, typeDefs, url: urls.get(name) ?? '' }));
  const { supergraphSdl, errors } = composeServices(services);
  if (!supergraphSdl) throw new Error(errors?.map(({ message }) => message).join('\n'));
  const gateway = new ApolloGateway({ supergraphSdl, buildService: ({ url = '' }) => new HandingOn({ url }) });
  const server = new ApolloServer<Asking>({ gateway });
  const context = async ({ req: { headers } }: { req: { headers: Asking['headers'] } }) => ({ headers });
  return (await startStandaloneServer(server, { listen: { port: 0, host: '127.0.0.1' }, context })).url;
});
