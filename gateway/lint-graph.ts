import { type DocumentNode, Kind, type ObjectTypeDefinitionNode, type TypeNode } from 'graphql';
import { PolicyError } from '../auth/policy.ts';
import type { Catalogue } from '../schema/catalogue.ts';
import type { Fault } from '../schema/fault.ts';

interface LintedSubgraph {
  readonly name: string;
  readonly typeDefs: DocumentNode;
}

/**
 * Refuses what composition lets pass and disclosure cannot bear: references between subgraphs other than record → Subject, Subject → the owner's lists and
 * `record`; lists of references; stubs that are missing or answer more than their id; a second federation link; directives under another name.
 * @throws PolicyError with every fault
 */
export function lintGraph(subgraphs: readonly LintedSubgraph[], catalogue: Catalogue): void {
  const faults = subgraphs.flatMap((subgraph) => [
    ...linkFaults(subgraph),
    ...referenceFaults(subgraph, catalogue),
    ...requiresFaults(subgraph),
  ]);
  const changes = subgraphs.find(({ name }) => name === 'changes');
  if (changes) faults.push(...stubFaults(changes, catalogue));
  if (faults.length > 0) throw new PolicyError(faults);
}

function linkFaults({ name, typeDefs }: LintedSubgraph): readonly Fault[] {
  const links = typeDefs.definitions
    .flatMap((node) => (node.kind === Kind.SCHEMA_EXTENSION || node.kind === Kind.SCHEMA_DEFINITION ? (node.directives ?? []) : []))
    .filter((node) => node.name.value === 'link');
  const renamed = links.flatMap((link) => link.arguments ?? []).some((argument) => argument.name.value === 'as');
  return [
    ...(links.length > 1 ? [faultOf(name, links[1], 'a second @link is refused')] : []),
    ...(renamed ? [faultOf(name, links[0], 'a specification may not be linked under another name')] : []),
  ];
}

function referenceFaults({ name, typeDefs }: LintedSubgraph, catalogue: Catalogue): readonly Fault[] {
  const owned = new Set(catalogue.types.filter(({ subgraph }) => subgraph === name).map((type) => type.name));
  const foreign = new Set(catalogue.types.filter(({ subgraph, kind }) => subgraph !== name && kind !== 'subject').map((type) => type.name));
  const owner = catalogue.types.find(({ kind }) => kind === 'subject')?.subgraph;
  return objectTypes(typeDefs).flatMap((node) =>
    (node.fields ?? []).flatMap((field) => {
      const { named, list, nullable } = shapeOf(field.type);
      const at = (message: string) => [faultOf(name, field, `${node.name.value}.${field.name.value} ${message}`)];
      if (foreign.has(named)) return at(`refers to ${named} of another subgraph; only an id may`);
      if (named === 'Record' && !(name === 'changes' && !list))
        return at('refers to a record; only the subgraph changes may, one at a time');
      if (named !== 'Subject' || name === owner) return [];
      const isRecordReference = field.name.value === 'subject' && (owned.has(node.name.value) || name === 'changes');
      if (!isRecordReference) return at('refers to a subject; only a record may, by its field subject');
      return list || !nullable ? at('has to be a single nullable reference') : [];
    }),
  );
}

/** `@requires` and `@fromContext` read other fields past the gate of the one they feed. */
function requiresFaults({ name, typeDefs }: LintedSubgraph): readonly Fault[] {
  return objectTypes(typeDefs).flatMap((node) =>
    (node.fields ?? []).flatMap((field) => {
      const used = [...(field.directives ?? []), ...(field.arguments ?? []).flatMap((argument) => argument.directives ?? [])].map(
        (found) => found.name.value,
      );
      return used.some((found) =>
        ['requires', 'federation__requires', 'fromContext', 'federation__fromContext', 'override', 'federation__override'].includes(found),
      )
        ? [faultOf(name, field, `${node.name.value}.${field.name.value} may not read or take over fields of other subgraphs`)]
        : [];
    }),
  );
}

function stubFaults({ name, typeDefs }: LintedSubgraph, catalogue: Catalogue): readonly Fault[] {
  const stubs = new Map(objectTypes(typeDefs).map((node) => [node.name.value, node]));
  return catalogue.types
    .filter(({ kind }) => kind === 'record')
    .flatMap((type) => {
      const stub = stubs.get(type.name);
      if (!stub) return [{ path: name, line: 1, column: 1, message: `${type.name} has no stub in the subgraph changes` }];
      const answered = (stub.fields ?? []).filter(
        (field) => field.name.value !== 'id' && !field.directives?.some((found) => found.name.value === 'external'),
      );
      return answered.map((field) =>
        faultOf(name, field, `the stub ${type.name} answers ${field.name.value}, which is the owner's to answer`),
      );
    });
}

function objectTypes({ definitions }: DocumentNode): readonly ObjectTypeDefinitionNode[] {
  return definitions.filter((node) => node.kind === Kind.OBJECT_TYPE_DEFINITION);
}

function shapeOf(type: TypeNode): { readonly named: string; readonly list: boolean; readonly nullable: boolean } {
  if (type.kind === Kind.NON_NULL_TYPE) return { ...shapeOf(type.type), nullable: false };
  if (type.kind === Kind.LIST_TYPE) return { ...shapeOf(type.type), list: true, nullable: true };
  return { named: type.name.value, list: false, nullable: true };
}

function faultOf(subgraph: string, node: { readonly loc?: ObjectTypeDefinitionNode['loc'] } | undefined, message: string): Fault {
  const token = node?.loc?.startToken;
  return { path: node?.loc?.source.name ?? subgraph, line: token?.line ?? 1, column: token?.column ?? 1, message };
}
