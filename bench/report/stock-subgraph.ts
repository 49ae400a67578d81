import { join } from 'node:path';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { collectionsOf } from '../../cli/open-hub.ts';
import { STORE_FILE } from '../../cli/store-place.ts';
import type { RecordType } from '../../schema/catalogue.ts';
import type { Document } from '../../store/port.ts';
import { openSqliteStore } from '../../store/sqlite/open-store.ts';
import { serveMeasured } from '../measured-process.ts';
import { stockTypeDefs } from './stock-graph.ts';

/** A stock Apollo subgraph over the same store: plain resolvers, everything shown to everybody. */
const [name = '', dataDir = ''] = process.argv.slice(2);

await serveMeasured(async () => {
  const { catalogue, typeDefs } = stockTypeDefs();
  const store = await openSqliteStore(join(dataDir, STORE_FILE), {
    collections: collectionsOf(catalogue),
    clock: { now: () => new Date() },
  });
  const types = catalogue.types.filter(({ subgraph, kind }) => subgraph === name && kind === 'record');

  const recordsOf =
    (type: RecordType) =>
    async (subject: { id: string }, { first }: { first: number }) => {
      const where = { op: 'eq', field: 'gate.subjectId', value: subject.id } as const;
      const order = [{ field: 'column.decisionDate', direction: 'DESC' }] as const;
      const documents = await store.read((tx) => tx.find(type.collection, { where, order, limit: first + 1 }));
      return { nodes: documents.slice(0, first).map((document) => recordOf(type, document)) };
    };
  const subject = (_source: unknown, { uscc }: { uscc: string }) =>
    store.read(async (tx) => {
      const [found] = await tx.find('subject', { where: { op: 'eq', field: 'column.uscc', value: uscc }, order: [], limit: 1 });
      return found && { ...found.body, id: found.key, kind: found.gate?.subjectKind };
    });

  const schema = buildSubgraphSchema({
    typeDefs: typeDefs.get(name) ?? [],
    resolvers:
      name === 'subjects' ? { Query: { subject } } : { Subject: Object.fromEntries(types.map((type) => [type.field, recordsOf(type)])) },
  });
  const server = new ApolloServer({ schema });
  return (await startStandaloneServer(server, { listen: { port: 0, host: '127.0.0.1' } })).url;
});

function recordOf(type: RecordType, { key, body, gate }: Document) {
  return { ...body, id: key, recordType: type.code, severity: gate?.severity };
}
