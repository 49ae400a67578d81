import type { AccessBook } from '../auth/access-book.ts';
import type { Explainer, RevealBook } from '../auth/ports.ts';
import type { Catalogue } from '../schema/catalogue.ts';
import type { CatalogueFile } from '../schema/read-catalogue.ts';
import type { Store } from '../store/port.ts';
import { EXTRA as ACCESS_EXTRA } from '../subgraphs/access/extra.ts';
import type { GrantService } from '../subgraphs/access/grants.ts';
import { accessResolvers } from '../subgraphs/access/resolvers.ts';
import type { VoucherService } from '../subgraphs/access/vouchers.ts';
import { changesResolvers, extraOf, type FeedAudiences } from '../subgraphs/changes/resolvers.ts';
import type { WebhookBook } from '../subgraphs/changes/webhook-port.ts';
import { defineSubgraph, type Resolvers, type Subgraph, type SubgraphDefinition } from '../subgraphs/kit/define-subgraph.ts';
import type { Extra } from '../subgraphs/kit/expand.ts';
import type { RecordOwner } from '../subgraphs/kit/record-owner.ts';
import type { Sealer } from '../subgraphs/kit/sealer.ts';
import type { SubmitMutation } from '../subgraphs/kit/submit-mutation.ts';
import { EXTRA as LISTS_EXTRA, listResolvers } from '../subgraphs/lists/resolvers.ts';
import { EXTRA as SUBJECTS_EXTRA, subjectResolvers } from '../subgraphs/subjects/resolvers.ts';

export interface GraphParts {
  readonly files: readonly CatalogueFile[];
  readonly catalogue: Catalogue;
  readonly store: Store;
  readonly sealer: Sealer;
  readonly access: AccessBook;
  readonly owner: RecordOwner;
  readonly submit: SubmitMutation;
  readonly explainer: Explainer;
  readonly grants: GrantService;
  readonly vouchers: VoucherService;
  readonly reveals: RevealBook;
  readonly webhooks: WebhookBook;
  /** Of the policy that is compiled of these subgraphs. */
  readonly policyHash: () => string;
  /** Days for which a cursor of the change feed goes on. */
  readonly windowDays: number;
  /** The public and subjects may follow changes too. */
  readonly isFeedPublic: boolean;
  /** What the access log is kept in. */
  readonly logStore: Store;
}

/** What subgraphs add to what follows from their files. */
export function subgraphExtras(
  catalogue: Catalogue,
  feed: FeedAudiences = { isFeedPublic: false },
): Readonly<Record<string, Extra | undefined>> {
  return { subjects: SUBJECTS_EXTRA, lists: LISTS_EXTRA, access: ACCESS_EXTRA, changes: extraOf(catalogue, feed) };
}

/** Definitions of every subgraph of this hub: those with folders, and one for each department file. */
function subgraphDefinitions(parts: GraphParts): readonly SubgraphDefinition[] {
  const { files, catalogue, sealer } = parts;
  const extras = subgraphExtras(catalogue, parts);
  const resolvers: Readonly<Record<string, Resolvers>> = {
    subjects: subjectResolvers(catalogue, sealer),
    lists: listResolvers(catalogue, sealer),
    access: accessResolvers(parts),
    changes: changesResolvers(parts),
  };
  const names = [...new Set([...files.map(({ subgraph }) => subgraph), ...Object.keys(resolvers)])];
  return names.map((name) => ({
    name,
    files: files.filter(({ subgraph }) => subgraph === name),
    extra: extras[name],
    resolvers: resolvers[name],
  }));
}

/** Builds the named subgraphs, all of them when none is named. */
export function openSubgraphs(parts: GraphParts, only?: readonly string[]): readonly Subgraph[] {
  return subgraphDefinitions(parts)
    .filter(({ name }) => !only || only.includes(name))
    .map((definition) => defineSubgraph(definition, parts));
}
