import type { DocumentNode } from 'graphql';
import { readCatalogueFiles } from '../../cli/catalogue-files.ts';
import { subgraphExtras } from '../../cli/graph.ts';
import { withoutDisclosure } from '../../gateway/compose.ts';
import type { Catalogue } from '../../schema/catalogue.ts';
import { readCatalogue } from '../../schema/read-catalogue.ts';
import { expand } from '../../subgraphs/kit/expand.ts';

/** The subgraphs that the report asks. */
export const REPORT_SUBGRAPHS = ['subjects', 'records', 'lists', 'commitments', 'tax'] as const;

/** The same SDL that the hub serves, without disclosure. */
export function stockTypeDefs(): { readonly catalogue: Catalogue; readonly typeDefs: ReadonlyMap<string, DocumentNode> } {
  const files = readCatalogueFiles({});
  const catalogue = readCatalogue(files);
  const extras = subgraphExtras(catalogue);
  const typeDefs = new Map(
    REPORT_SUBGRAPHS.map((name) => {
      const own = files.filter(({ subgraph }) => subgraph === name);
      return [name, withoutDisclosure(expand(name, own, catalogue, extras[name]))];
    }),
  );
  return { catalogue, typeDefs };
}
