import { type ASTNode, type ConstDirectiveNode, isTypeExtensionNode, Kind, visit } from 'graphql';
import { PolicyError } from '../auth/policy.ts';
import type { Catalogue } from '../schema/catalogue.ts';
import { directive } from '../schema/directive-values.ts';
import type { Fault } from '../schema/fault.ts';
import { disclosureFaults, interfaceFaults, ownerFaults } from './lint-disclosure.ts';
import { faultIn, type LintedSubgraph, objectTypes, shapeOf } from './linted-subgraph.ts';

/**
 * Refuses what composition lets pass and disclosure cannot bear: references between subgraphs other than record → Subject, Subject → the owner's lists and
 * `record`; lists of references; stubs that are missing or answer more than their id; keys that carry meaning; a second federation link; directives under
 * another name or of a subgraph's own; extensions, interfaces and unions past which the catalogue is not read; and what differs from the catalogue.
 * @throws PolicyError with every fault
 */
export function lintGraph(subgraphs: readonly LintedSubgraph[], catalogue: Catalogue): void {
  const faults = subgraphs.flatMap((subgraph) => [
    ...linkFaults(subgraph),
    ...directiveFaults(subgraph),
    ...keyFaults(subgraph),
    ...definitionFaults(subgraph, catalogue),
    ...referenceFaults(subgraph, catalogue),
    ...requiresFaults(subgraph),
    ...disclosureFaults(subgraph, catalogue),
    ...interfaceFaults(subgraph, catalogue),
  ]);
  const changes = subgraphs.find(({ name }) => name === 'changes');
  if (changes) faults.push(...stubFaults(changes, catalogue));
  faults.push(...ownerFaults(subgraphs, catalogue));
  if (faults.length > 0) throw new PolicyError(faults);
}

function linkFaults(subgraph: LintedSubgraph): readonly Fault[] {
  const links = subgraph.typeDefs.definitions
    .flatMap((node) => (node.kind === Kind.SCHEMA_EXTENSION || node.kind === Kind.SCHEMA_DEFINITION ? (node.directives ?? []) : []))
    .filter((node) => node.name.value === 'link');
  const [first, second] = links;
  const isFederation = String(directive({ directives: links }, 'link')?.url).startsWith('https://specs.apollo.dev/federation/');
  return [
    ...(second ? [faultIn(subgraph, second, 'a second @link is refused')] : []),
    ...(first && !isFederation ? [faultIn(subgraph, first, 'only the federation specification is linked')] : []),
    ...links.filter(isRenaming).map((link) => faultIn(subgraph, link, 'a specification may not be linked under another name')),
  ];
}

/** `as:` renames a specification, and within `import:` one directive of it. */
function isRenaming(link: ConstDirectiveNode): boolean {
  return (link.arguments ?? []).some(
    ({ name, value }) =>
      name.value === 'as' || (name.value === 'import' && value.kind === Kind.LIST && value.values.some(({ kind }) => kind !== Kind.STRING)),
  );
}

/** A directive that the hub does not know may be one that it does, hidden under another name. */
function directiveFaults(subgraph: LintedSubgraph): readonly Fault[] {
  const faults: Fault[] = [];
  const refuse = (node: ASTNode, message: string) => void faults.push(faultIn(subgraph, node.loc ? { loc: node.loc } : undefined, message));
  visit(subgraph.typeDefs, {
    Directive: (node) => {
      if (!KNOWN_DIRECTIVES.has(node.name.value)) refuse(node, `@${node.name.value} is no directive that the hub knows`);
    },
    DirectiveDefinition: (node) => {
      if (!OWN_DIRECTIVES.has(node.name.value)) refuse(node, `@${node.name.value} may not be defined by a subgraph`);
    },
  });
  return faults;
}

export const OWN_DIRECTIVES: ReadonlySet<string> = new Set(['recordType', 'catalogueType', 'item', 'value', 'state', 'disclose', 'allow']);
/** Those that read or take over fields past their gate are known too; `requiresFaults` says of each field why it is refused. */
const READING_DIRECTIVES = ['requires', 'fromContext', 'override', 'provides'].flatMap((name) => [name, `federation__${name}`]);
const KNOWN_DIRECTIVES = new Set([
  ...OWN_DIRECTIVES,
  ...['link', 'key', 'shareable', 'external', 'deprecated', 'specifiedBy', 'oneOf'],
  ...READING_DIRECTIVES,
]);

/** Codes and numbers in a key would stand in every plan, and be asked for where they are closed. */
function keyFaults(subgraph: LintedSubgraph): readonly Fault[] {
  return objectTypes(subgraph.typeDefs).flatMap((node) =>
    (node.directives ?? [])
      .filter((used) => used.name.value === 'key' && directive({ directives: [used] }, 'key')?.fields !== 'id')
      .map(() => faultIn(subgraph, node, `the key of ${node.name.value} has to be its id and nothing else`)),
  );
}

/** The catalogue and the lists of who may ask are read from whole object types; what stands elsewhere would be passed over. */
function definitionFaults(subgraph: LintedSubgraph, { types }: Catalogue): readonly Fault[] {
  const shared = new Set(types.map(({ name }) => name));
  return subgraph.typeDefs.definitions.flatMap((node) => {
    const at = (message: string) => [faultIn(subgraph, node, message)];
    if ((node.kind === Kind.SCHEMA_DEFINITION || node.kind === Kind.SCHEMA_EXTENSION) && node.operationTypes?.length)
      return at('the root types may not go by another name');
    if (node.kind === Kind.INTERFACE_TYPE_DEFINITION) {
      if (node.name.value !== 'Record') return at(`${node.name.value}: Record is the only interface`);
      const marked = node.fields?.filter((field) => directive(field, 'disclose')) ?? [];
      return marked.map((field) => faultIn(subgraph, field, `Record.${field.name.value}: the type of the row decides, not the interface`));
    }
    if (node.kind === Kind.UNION_TYPE_DEFINITION) {
      const member = node.types?.find(({ name }) => shared.has(name.value));
      return member ? at(`${node.name.value} holds ${member.name.value}; what is shared is handed out as a Record`) : [];
    }
    return isTypeExtensionNode(node) ? at(`${node.name.value} is extended; a subgraph defines its types as a whole`) : [];
  });
}

function referenceFaults(subgraph: LintedSubgraph, catalogue: Catalogue): readonly Fault[] {
  const { name, typeDefs } = subgraph;
  const owned = new Set(catalogue.types.filter(({ subgraph }) => subgraph === name).map((type) => type.name));
  const foreign = new Set(catalogue.types.filter(({ subgraph, kind }) => subgraph !== name && kind !== 'subject').map((type) => type.name));
  const owner = catalogue.types.find(({ kind }) => kind === 'subject')?.subgraph;
  return objectTypes(typeDefs).flatMap((node) =>
    (node.fields ?? []).flatMap((field) => {
      const { named, list, nullable } = shapeOf(field.type);
      const at = (message: string) => [faultIn(subgraph, field, `${node.name.value}.${field.name.value} ${message}`)];
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

/** They read other fields past the gate of the one they feed, however many steps away. */
function requiresFaults(subgraph: LintedSubgraph): readonly Fault[] {
  return objectTypes(subgraph.typeDefs).flatMap((node) =>
    (node.fields ?? []).flatMap((field) => {
      const used = [...(field.directives ?? []), ...(field.arguments ?? []).flatMap((argument) => argument.directives ?? [])].map(
        (found) => found.name.value,
      );
      return used.some((found) => READING_DIRECTIVES.includes(found))
        ? [faultIn(subgraph, field, `${node.name.value}.${field.name.value} may not read or take over fields of other subgraphs`)]
        : [];
    }),
  );
}

function stubFaults(changes: LintedSubgraph, { types }: Catalogue): readonly Fault[] {
  const stubs = new Set(objectTypes(changes.typeDefs).map((node) => node.name.value));
  return types
    .filter(({ kind, name }) => kind === 'record' && !stubs.has(name))
    .map(({ name }) => faultIn(changes, undefined, `${name} has no stub in the subgraph changes`));
}
