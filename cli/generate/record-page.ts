import type { Catalogue, Item, RecordType } from '../../schema/catalogue.ts';

/** One record type as a page for the department that submits it: columns, formats, what is required, who sees what. */
export function recordPage(type: RecordType, catalogue: Catalogue): string {
  const enums = new Set(type.items.flatMap((item) => enumsOf(item)));
  return [
    `# ${type.label} · ${type.name}`,
    '',
    `本页由 \`npm run generate\` 从 \`subgraphs/\` 中的目录文件生成，请勿手改。`,
    '',
    `信息类型代码 \`${type.code}\`；查询入口 \`${type.field}\`${type.submit ? `；报送 \`submit${type.name}\`` : '；不接受接口报送，由运营单位导入'}。`,
    `同一来源单位内，${type.identity.map((name) => (name === 'subject' ? '信用主体' : (type.items.find((item) => item.name === name)?.label ?? name))).join('＋')} 相同的视为同一条记录。`,
    '',
    '| 标签 | 字段 | 交换代码 | 列标题 | 格式 | 必填 | 披露等级 |',
    '|---|---|---|---|---|---|---|',
    ...type.items.filter(({ input }) => input).map((item) => row(item, '')),
    '',
    ...[...enums].flatMap((name) => enumSection(name, catalogue)),
  ].join('\n');
}

function row(item: Item, prefix: string): string {
  const required = item.required ? '是' : item.requiredWhen.map(({ field, values }) => `${field} 为 ${values.join('/')} 时`).join('；');
  const format = [
    item.list ? `${item.type} 列表` : item.type,
    item.max !== undefined && `≤${item.max} 字`,
    item.min !== undefined && `≥${item.min}`,
    item.split && `以 ${item.split} 分隔`,
    item.encrypted && '加密存储',
  ]
    .filter(Boolean)
    .join('，');
  const own = `| ${item.label} | \`${prefix}${item.name}\` | ${item.code ?? ''} | ${item.headings.join('、')} | ${format} | ${required} | ${item.disclosure.class} |`;
  return [own, ...item.fields.filter(({ input }) => input).map((inner) => row(inner, `${prefix}${item.name}.`))].join('\n');
}

function enumsOf(item: Item): readonly string[] {
  return item.shape === 'enum' && item.input ? [item.type] : item.fields.flatMap(enumsOf);
}

function enumSection(name: string, catalogue: Catalogue): readonly string[] {
  return [
    `## ${name}`,
    '',
    '| 值 | 含义 | 代码 | 文件中的写法 |',
    '|---|---|---|---|',
    ...(catalogue.enums.get(name) ?? []).map(
      (value) => `| \`${value.name}\` | ${value.label} | ${value.code ?? ''} | ${value.labels.join('、')} |`,
    ),
    '',
  ];
}
