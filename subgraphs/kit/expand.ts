import { type DefinitionNode, type DocumentNode, Kind, type ObjectTypeDefinitionNode, parse, Source } from 'graphql';
import { BUSINESS_AUDIENCES } from '../../auth/matrix.ts';
import type { Catalogue, Item, RecordType } from '../../schema/catalogue.ts';
import { type CatalogueFile, ENVELOPE_SDL, HEADER_SDL } from '../../schema/read-catalogue.ts';
import { SCALAR_SDL } from '../../schema/scalars.ts';

const FEDERATION = 'https://specs.apollo.dev/federation/v2.9';

/** What a subgraph adds to what its record types give: further types, root fields and the like, as SDL. */
export interface Extra {
  readonly path: string;
  readonly text: string;
  /** It speaks of records though none of its own files holds one. */
  readonly records?: boolean | undefined;
}

/** Makes a whole subgraph schema of a folder's files: header, envelope, keys, connections, filters, inputs, root and Subject fields are joined as syntax-tree definitions. */
export function expand(subgraph: string, files: readonly CatalogueFile[], catalogue: Catalogue, extra?: Extra): DocumentNode {
  const own = catalogue.types.filter((type) => type.subgraph === subgraph);
  const written = files.flatMap(({ path, text }) => parse(new Source(text, path)).definitions);
  const declared = written.map((node) => (node.kind === Kind.OBJECT_TYPE_DEFINITION ? completed(node, own) : node));
  const holdsRecords = own.some(({ kind }) => kind === 'record') || extra?.records === true;
  const generated = [
    linkSdl(),
    HEADER_SDL,
    SCALAR_SDL,
    COMMON_SDL,
    sharedSdl(holdsRecords),
    ...own.map((type) => typeSdl(type)),
    nestedInputSdl(own),
    enumFilterSdl(own),
    rootSdl(own),
  ].join('\n');
  const more = extra ? parse(new Source(extra.text, extra.path)).definitions : [];
  return {
    kind: Kind.DOCUMENT,
    definitions: merged([...parse(new Source(generated, `generated/${subgraph}.graphql`)).definitions, ...declared, ...more]),
  };
}

/** Every record type as a stub: the subgraph `changes` may hand out ids, and every other field is the owner's to answer. */
export function stubsOf(catalogue: Catalogue): string {
  const fields = [
    'recordType: RecordType! @external',
    'subject: Subject @external',
    ...INTERFACE_ITEMS.map((item) => `${item.name}: ${sdlType(item)} @external`),
  ].join(' ');
  const records = catalogue.types.filter(({ kind }) => kind === 'record');
  return [
    `type Subject @key(fields: "id", resolvable: false) { id: ID! }`,
    ...records.map(({ name }) => `type ${name} implements Record @key(fields: "id") { id: ID! ${fields} }`),
  ].join('\n');
}

function completed(node: ObjectTypeDefinitionNode, own: readonly RecordType[]): ObjectTypeDefinitionNode {
  const type = own.find(({ name }) => name === node.name.value);
  if (!type) return node;
  const declared = new Set((node.fields ?? []).map(({ name }) => name.value));
  const items = type.items.filter((item) => item.envelope && !declared.has(item.name));
  const [extension] = parse(
    `type X ${type.kind === 'record' ? 'implements Record ' : ''}@key(fields: "id") { ${keyFields(type)} ${items.map(fieldSdl).join(' ')} }`,
    { noLocation: true },
  ).definitions;
  if (extension?.kind !== Kind.OBJECT_TYPE_DEFINITION) throw new Error('a generated definition is not an object type');
  return {
    ...node,
    interfaces: [...(node.interfaces ?? []), ...(extension.interfaces ?? [])],
    directives: [...(node.directives ?? []), ...(extension.directives ?? [])],
    fields: [...(extension.fields ?? []), ...(node.fields ?? [])],
  };
}

function keyFields(type: RecordType): string {
  if (type.kind === 'subject') return '"主体标识" id: ID! "主体类别" kind: SubjectKind!';
  if (type.kind === 'catalogue') return '"标识" id: ID!';
  return '"记录标识" id: ID! "信息类型" recordType: RecordType! "信用主体" subject: Subject @disclose(class: OPEN, individual: SHARED)';
}

function fieldSdl(item: Item): string {
  const { class: clazz, individual, mask, scrub } = item.disclosure;
  const marks = [`class: ${clazz}`, individual && `individual: ${individual}`, mask && `mask: ${mask}`, scrub && 'scrub: true']
    .filter(Boolean)
    .join(', ');
  return `${JSON.stringify(item.label)} ${item.name}: ${sdlType(item)} @disclose(${marks})`;
}

function sdlType(item: Pick<Item, 'type' | 'list'>): string {
  return item.list ? `[${item.type}!]` : item.type;
}

function typeSdl(type: RecordType): string {
  const { name, label } = type;
  const orders = orderedItems(type);
  const filters = type.items.filter(({ filter }) => filter);
  const parts = [
    `"${label}·分页" type ${name}Connection { "条目" nodes: [${name}!]! "带游标的条目" edges: [${name}Edge!]! "分页信息" pageInfo: PageInfo! "本人可见的总数，仅在查询时计算" totalCount: Int }`,
    `type ${name}Edge { cursor: Cursor! node: ${name}! }`,
  ];
  if (type.kind === 'subject') return parts.join('\n');
  const own = filters.map((item) => `${JSON.stringify(item.label)} ${item.name}: ${filterType(item)}`).join(' ');
  parts.push(
    `"${label}·筛选条件：各项同时成立" input ${name}Filter { ${own} and: [${name}Filter!] or: [${name}Filter!] not: ${name}Filter }`,
  );
  if (orders.length > 0) {
    parts.push(`enum ${name}OrderField { ${orders.map((item) => `${JSON.stringify(item.label)} ${orderName(item)}`).join(' ')} }`);
    parts.push(`"${label}·排序" input ${name}Order { field: ${name}OrderField! direction: OrderDirection! }`);
  }
  if (type.submit) {
    parts.push(
      `"${label}·报送" input ${name}Input { ${type.items
        .filter(({ input }) => input)
        .map(inputFieldSdl)
        .join(' ')} }`,
    );
  }
  return parts.join('\n');
}

function nestedInputSdl(types: readonly RecordType[]): string {
  const nested = new Map(
    types.filter(({ submit }) => submit).flatMap(({ items }) => nestedInputs(items).map((item) => [item.type, item] as const)),
  );
  return [...nested.values()]
    .map(
      (item) =>
        `input ${item.type}Input { ${item.fields
          .filter(({ input }) => input)
          .map(inputFieldSdl)
          .join(' ')} }`,
    )
    .join('\n');
}

function nestedInputs(items: readonly Item[]): readonly Item[] {
  const found = new Map<string, Item>();
  const walk = (list: readonly Item[]) => {
    for (const item of list) {
      if (item.shape !== 'object' || !item.input) continue;
      found.set(item.type, item);
      walk(item.fields);
    }
  };
  walk(items);
  return [...found.values()];
}

/** Values that a row may get wrong are taken as text, so that each row is judged by itself and one bad row does not refuse the rest. */
function inputFieldSdl(item: Item): string {
  const lenient = ['UnifiedSocialCreditCode', 'RegionCode', 'IndustryCode', 'Date', 'DateTime', 'CitizenIdNumber'];
  const type = item.shape === 'object' ? `${item.type}Input` : lenient.includes(item.type) ? 'String' : item.type;
  return `${JSON.stringify(item.label)} ${item.name}: ${item.list ? `[${type}!]` : type}`;
}

function filterType(item: Item): string {
  if (item.shape === 'enum') return `${item.type}Filter`;
  const byType: Readonly<Record<string, string>> = {
    Date: 'DateFilter',
    DateTime: 'DateTimeFilter',
    Int: 'IntFilter',
    CnyWan: 'CnyWanFilter',
    Decimal: 'DecimalFilter',
    Boolean: 'BooleanFilter',
  };
  return byType[item.type] ?? 'TextFilter';
}

function enumFilterSdl(types: readonly RecordType[]): string {
  const names = new Set(
    types.flatMap(({ items }) => items.filter(({ filter, shape }) => filter && shape === 'enum').map(({ type }) => type)),
  );
  return [...names].map((name) => `input ${name}Filter { eq: ${name} in: [${name}!] }`).join('\n');
}

/** Items by which a list can be ordered. */
export function orderedItems(type: RecordType): readonly Item[] {
  return type.items.filter(({ order, name }) => order || (type.kind === 'record' && name === 'decisionDate'));
}

/** `fineAmountWan` → `FINE_AMOUNT_WAN`. */
export function orderName(item: Item): string {
  return item.name.replace(/([A-Z])/g, '_$1').toUpperCase();
}

function rootSdl(types: readonly RecordType[]): string {
  const listed = types.filter(({ kind }) => kind !== 'subject');
  if (listed.length === 0) return '';
  const allow = ({ audit }: RecordType) => `@allow(audiences: [${[...BUSINESS_AUDIENCES, ...(audit ? ['AUDITOR'] : [])].join(', ')}])`;
  const args = (type: RecordType) =>
    `(where: ${type.name}Filter${orderedItems(type).length > 0 ? `, orderBy: [${type.name}Order!]` : ''}, first: Int = 20, after: Cursor)`;
  const connection = (type: RecordType) => `"${type.label}" ${type.field}${args(type)}: ${type.name}Connection`;
  const parts = [`type Query { ${listed.map((type) => `${connection(type)} ${allow(type)}`).join(' ')} }`];
  const records = listed.filter(({ kind }) => kind === 'record');
  const ofSubjects = listed.filter(({ kind, about }) => kind === 'record' || about !== undefined);
  if (ofSubjects.length > 0) parts.push(`"信用主体" type Subject @key(fields: "id") { id: ID! ${ofSubjects.map(connection).join(' ')} }`);
  const submitted = records.filter(({ submit }) => submit);
  if (submitted.length > 0) {
    parts.push(
      `type Mutation { ${submitted.map(({ name, label }) => `"报送${label}：逐行校验" submit${name}(records: [${name}Input!]!): Submission @allow(audiences: [AGENCY])`).join(' ')} }`,
    );
  }
  return parts.join('\n');
}

function linkSdl(): string {
  return `extend schema @link(url: "${FEDERATION}", import: ["@key", "@shareable", "@external"])`;
}

const COMMON_SDL = `
type PageInfo @shareable { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: Cursor endCursor: Cursor }
enum OrderDirection { "升序" ASC "降序" DESC }
"主体类别" enum SubjectKind { "企业" ENTERPRISE "非企业法人" NON_ENTERPRISE_ORG "个人" INDIVIDUAL "待核" UNKNOWN }
input TextFilter { eq: String in: [String!] startsWith: String }
input DateFilter { eq: Date gt: Date gte: Date lt: Date lte: Date }
input DateTimeFilter { eq: DateTime gt: DateTime gte: DateTime lt: DateTime lte: DateTime }
input IntFilter { eq: Int gt: Int gte: Int lt: Int lte: Int }
input CnyWanFilter { eq: CnyWan gt: CnyWan gte: CnyWan lt: CnyWan lte: CnyWan }
input DecimalFilter { eq: Decimal gt: Decimal gte: Decimal lt: Decimal lte: Decimal }
input BooleanFilter { eq: Boolean }
"报送结果：四个数互不重叠" type Submission @shareable { accepted: Int! updated: Int! unchanged: Int! rejected: Int! reasons: [SubmissionReason!]! notices: [SubmissionReason!]! }
type SubmissionReason @shareable { row: Int! column: String code: String! message: String! }
`;

/** The envelope's value types and enums, and the interface that every record implements: the same text in every subgraph. */
function sharedSdl(withRecords: boolean): string {
  const definitions = parse(ENVELOPE_SDL);
  const shared = definitions.definitions.filter(
    (node) => !(node.kind === Kind.OBJECT_TYPE_DEFINITION && node.name.value === 'RecordEnvelope'),
  );
  const texts = shared.map((node) => {
    const text = node.loc ? node.loc.source.body.slice(node.loc.start, node.loc.end) : '';
    return node.kind === Kind.OBJECT_TYPE_DEFINITION ? text.replace(/^(("[^"]*"\s*)?type\s+\w+)/, '$1 @shareable') : text;
  });
  const fields = INTERFACE_ITEMS.map((item) => `${JSON.stringify(item.label)} ${item.name}: ${sdlType(item)}`).join(' ');
  if (!withRecords) return texts.join('\n');
  return [
    ...texts,
    `"信用记录" interface Record { "记录标识" id: ID! "信息类型" recordType: RecordType! "信用主体" subject: Subject ${fields} }`,
  ].join('\n');
}

/** Joins definitions of one object type (Query, Mutation, Subject), which the schema builder takes only once. */
function merged(definitions: readonly DefinitionNode[]): readonly DefinitionNode[] {
  const byName = new Map<string, DefinitionNode>();
  const rest: DefinitionNode[] = [];
  for (const node of definitions) {
    if (node.kind !== Kind.OBJECT_TYPE_DEFINITION) {
      rest.push(node);
      continue;
    }
    const known = byName.get(node.name.value);
    if (known?.kind !== Kind.OBJECT_TYPE_DEFINITION) {
      byName.set(node.name.value, node);
      continue;
    }
    const names = new Set((known.fields ?? []).map(({ name }) => name.value));
    byName.set(node.name.value, {
      ...known,
      directives: [...(known.directives ?? []), ...(node.directives ?? []).filter(({ name }) => name.value !== 'key')],
      fields: [...(known.fields ?? []), ...(node.fields ?? []).filter(({ name }) => !names.has(name.value))],
    });
  }
  return [...rest, ...byName.values()];
}

type InterfaceItem = Pick<Item, 'name' | 'label' | 'type' | 'list'>;
const INTERFACE_ITEMS: readonly InterfaceItem[] = readInterfaceItems();
function readInterfaceItems(): readonly InterfaceItem[] {
  const envelope = parse(ENVELOPE_SDL).definitions.find(
    (node) => node.kind === Kind.OBJECT_TYPE_DEFINITION && node.name.value === 'RecordEnvelope',
  );
  if (envelope?.kind !== Kind.OBJECT_TYPE_DEFINITION) throw new Error('the record envelope is missing');
  return (envelope.fields ?? []).flatMap((field) => {
    const list = field.type.kind === Kind.LIST_TYPE;
    const named = field.type.kind === Kind.LIST_TYPE && field.type.type.kind === Kind.NON_NULL_TYPE ? field.type.type.type : field.type;
    if (named.kind !== Kind.NAMED_TYPE || named.name.value === 'EvidenceRef') return [];
    return [{ name: field.name.value, label: field.description?.value ?? '', type: named.name.value, list }];
  });
}
