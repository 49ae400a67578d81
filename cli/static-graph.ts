import { compilePolicy, type Policy } from '../auth/policy.ts';
import { type Composed, composeSubgraphs } from '../gateway/compose.ts';
import type { Catalogue } from '../schema/catalogue.ts';
import { readCatalogue } from '../schema/read-catalogue.ts';
import { expand } from '../subgraphs/kit/expand.ts';
import { readCatalogueFiles } from './catalogue-files.ts';
import { isFeedPublic } from './feed-settings.ts';
import { subgraphExtras } from './graph.ts';
import { readRegions } from './region-settings.ts';

export interface StaticGraph {
  readonly catalogue: Catalogue;
  readonly policy: Policy;
  readonly composed: Composed;
}

/** What is permitted, without composing anything. @throws CatalogueError, CommandFault, PolicyError */
export function policyFromFiles(env: NodeJS.ProcessEnv): Pick<StaticGraph, 'catalogue' | 'policy'> {
  return readSubgraphs(env);
}

/** The graph as its files say it is, without a store. @throws CatalogueError, CommandFault, PolicyError, CompositionFault with every fault */
export function composeFromFiles(env: NodeJS.ProcessEnv): StaticGraph {
  const { subgraphs, catalogue, policy } = readSubgraphs(env);
  return { catalogue, policy, composed: composeSubgraphs(subgraphs, catalogue) };
}

function readSubgraphs(env: NodeJS.ProcessEnv) {
  const files = readCatalogueFiles(env);
  const catalogue = readCatalogue(files, readRegions(env));
  const extras = subgraphExtras(catalogue, { isFeedPublic: isFeedPublic(env) });
  const names = [...new Set([...files.map(({ subgraph }) => subgraph), ...Object.keys(extras)])];
  const subgraphs = names.map((name) => ({
    name,
    typeDefs: expand(
      name,
      files.filter(({ subgraph }) => subgraph === name),
      catalogue,
      extras[name],
    ),
  }));
  return { catalogue, subgraphs, policy: compilePolicy(subgraphs, catalogue) };
}
