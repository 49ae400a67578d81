import { type AccessBook, createAccessBook } from '../auth/access-book.ts';
import { createStatementVerifier } from '../auth/access-statement.ts';
import type { AdmissionParts } from '../auth/admission.ts';
import { whoMaySee } from '../auth/explain.ts';
import type { KeySource } from '../auth/issuers.ts';
import { compilePolicy, type Policy } from '../auth/policy.ts';
import type { Explainer } from '../auth/ports.ts';
import type { Principal } from '../auth/principal.ts';
import type { RegistryMode } from '../auth/registry.ts';
import { createWebhookBook } from '../changes/webhook-book.ts';
import { type Composed, composeSubgraphs } from '../gateway/compose.ts';
import type { Engine } from '../gateway/engine.ts';
import { createTextExplainer } from '../gateway/explain-text.ts';
import { createFederatedEngine } from '../gateway/federated-engine.ts';
import { createStatementEndpoint } from '../gateway/statement-endpoint.ts';
import { createSubgraphEngine } from '../gateway/subgraph-engine.ts';
import type { TrustedDocuments } from '../gateway/trusted-documents.ts';
import { REVEALS, VOUCHER_USES } from '../subgraphs/access/collections.ts';
import { createGrantBook } from '../subgraphs/access/grant-book.ts';
import { createGrantService } from '../subgraphs/access/grants.ts';
import { createOnceBook } from '../subgraphs/access/once-book.ts';
import { createRegistryBook } from '../subgraphs/access/registry-book.ts';
import { createRevealBook } from '../subgraphs/access/reveal-book.ts';
import { createVoucherBook } from '../subgraphs/access/voucher-book.ts';
import { createVoucherService } from '../subgraphs/access/vouchers.ts';
import { type ChangeWatch, watchChanges } from '../subgraphs/changes/watch-changes.ts';
import type { Subgraph } from '../subgraphs/kit/define-subgraph.ts';
import { EFFECT_CURSORS } from '../subgraphs/kit/effects.ts';
import { RECORD_INDEX } from '../subgraphs/kit/record-collection.ts';
import { createRecordOwner } from '../subgraphs/kit/record-owner.ts';
import { createSubmitMutation } from '../subgraphs/kit/submit-mutation.ts';
import { RECORD_HOLDS } from '../subgraphs/records/record-holds.ts';
import { SUBJECTS, WORK_ITEMS } from '../subgraphs/subjects/collections.ts';
import { CommandFault } from './command-fault.ts';
import { shippedSupergraph } from './generated-files.ts';
import { openSubgraphs } from './graph.ts';
import { localCall } from './local-call.ts';
import type { Hub } from './open-hub.ts';

export interface Graph {
  readonly subgraphs: readonly Subgraph[];
  readonly policy: Policy;
  readonly admission: AdmissionParts;
  /** Made when it is first asked for: a subgraph that stands alone rarely needs it. */
  readonly composed: () => Composed;
}

/** The subgraphs of a hub with their policy, ready to be put behind a door. */
export function openGraph(hub: Hub, registryMode: RegistryMode, trusted?: TrustedDocuments): Graph {
  const access: AccessBook = createAccessBook();
  const settle = () => hub.effects.settle();
  const owner = createRecordOwner({ store: hub.store, catalogue: hub.catalogue, access, engine: hub.engine, settle });
  let whole: Composed | undefined;
  const composed = () => {
    whole ??= composeSubgraphs(subgraphs, hub.catalogue, shippedSupergraph());
    return whole;
  };
  let explainText: ReturnType<typeof createTextExplainer> | undefined;
  const explainer: Explainer = {
    explain: (caller, query, variables) => {
      explainText ??= createTextExplainer(composed().schema, policy, access, trusted);
      return explainText(caller, query, variables);
    },
    whoMaySee: (today, coordinate) => whoMaySee(policy, access, today, coordinate),
  };
  const services = { ...hub, access, newId: hub.parts.newId };
  const reveals = createRevealBook(services);
  const subgraphs: readonly Subgraph[] = openSubgraphs({
    ...hub,
    access,
    owner,
    explainer,
    grants: createGrantService(services),
    vouchers: createVoucherService(services),
    reveals,
    webhooks: createWebhookBook({ ...hub, newId: hub.parts.newId }),
    policyHash: () => policy.hash,
    submit: createSubmitMutation(hub.engine, settle),
  });
  const policy: Policy = compilePolicy(subgraphs, hub.catalogue);
  const admission = {
    policy,
    access,
    grants: createGrantBook(hub.store),
    vouchers: createVoucherBook(hub),
    reveals,
    registryMode,
    registryFor: createRegistryBook(hub.store),
    ownSubject: (principal: Principal) => ownSubject(hub, principal),
  };
  return { subgraphs, policy, admission, composed };
}

/** The federated graph: every subgraph in this process. */
export function federate(graph: Graph, hub: Hub, report: (error: unknown) => string): Engine {
  const calls = new Map(graph.subgraphs.map((subgraph) => [subgraph.name, localCall(subgraph, report)]));
  return createFederatedEngine({
    ...graph.admission,
    composed: graph.composed(),
    subgraphs: calls,
    clock: hub.clock,
    accessLog: hub.accessLog,
  });
}

/** Wakes the subscriptions of this process, which reads the change log itself. */
export function watchHub({ admission: { access } }: Graph, { store, catalogue, clock }: Hub): ChangeWatch {
  return watchChanges({ store, catalogue, access, clock, unrelated: UNRELATED });
}
/** What the hub writes for itself. */
const UNRELATED: ReadonlySet<string> = new Set(
  [SUBJECTS, WORK_ITEMS, RECORD_INDEX, RECORD_HOLDS, EFFECT_CURSORS, VOUCHER_USES, REVEALS].map(({ name }) => name),
);

/** One subgraph on its own. @throws CommandFault for a name that is no subgraph */
export function standAlone(graph: Graph, hub: Hub, name: string): Engine {
  const subgraph = subgraphNamed(graph, name);
  return createSubgraphEngine({ ...graph.admission, subgraph, clock: hub.clock, accessLog: hub.accessLog });
}

/** What a subgraph answers the gateways whose keys these are. @throws CommandFault for a name that is no subgraph */
export function answerStatements(
  graph: Graph,
  hub: Hub,
  name: string,
  { keys, report }: { keys: KeySource; report: (error: unknown) => string },
) {
  const { store, clock } = hub;
  const verify = createStatementVerifier({ subgraph: name, keys, policy: graph.policy.hash, once: createOnceBook(store), clock });
  return createStatementEndpoint({ ...graph.admission, subgraph: subgraphNamed(graph, name), verify, report });
}

function subgraphNamed({ subgraphs }: Graph, name: string): Subgraph {
  const subgraph = subgraphs.find((candidate) => candidate.name === name);
  if (!subgraph)
    throw new CommandFault(`没有子图 ${name} / there is no subgraph ${name}; there are ${subgraphs.map((known) => known.name).join(', ')}`);
  return subgraph;
}

/** The subject that a token speaks for; an unknown one has no rows. */
async function ownSubject(
  { directory }: Hub,
  { subjectId, subjectUscc, subjectIdNumber, subjectName }: Principal,
): Promise<string | undefined> {
  if (subjectId) return subjectId;
  if (subjectUscc) return (await directory.find({ kind: 'organisation', uscc: subjectUscc, name: '' }))?.id;
  if (!subjectIdNumber || !subjectName) return undefined;
  return (await directory.find({ kind: 'person', idType: '身份证', idNumber: subjectIdNumber, name: subjectName }))?.id;
}
