import { serveMeasured } from '../measured-process.ts';
import { stockTypeDefs } from './stock-graph.ts';

process.env.APOLLO_TELEMETRY_DISABLED = 'true'; // before the first import of @apollo/gateway
const { composeServices } = await import('@apollo/composition');
const { ApolloGateway } = await import('@apollo/gateway');
const { ApolloServer } = await import('@apollo/server');
const { startStandaloneServer } = await import('@apollo/server/standalone');

/** A stock Apollo gateway in front of stock subgraphs, given as `name=url`. */
const urls = new Map(
  process.argv.slice(2).map((argument) => [argument.slice(0, argument.indexOf('=')), argument.slice(argument.indexOf('=') + 1)]),
);

await serveMeasured(async () => {
  const services = [...stockTypeDefs().typeDefs].map(([name, typeDefs]) => ({ name, typeDefs, url: urls.get(name) ?? '' }));
  const { supergraphSdl, errors } = composeServices(services);
  if (!supergraphSdl) throw new Error(errors?.map(({ message }) => message).join('\n'));
  const server = new ApolloServer({ gateway: new ApolloGateway({ supergraphSdl }) });
  return (await startStandaloneServer(server, { listen: { port: 0, host: '127.0.0.1' } })).url;
});
