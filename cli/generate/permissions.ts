import { CATALOGUE_RULES, RECORD_RULES, type Rule, SUBJECT_HANDLE_RULE } from '../../auth/matrix.ts';
import type { Policy } from '../../auth/policy.ts';
import { AUDIENCES } from '../../auth/principal.ts';
import { CLASSES, type Item, type RecordType } from '../../schema/catalogue.ts';
import { AUDIENCE_LABELS, CLASS_LABELS } from './policy-words.ts';

/** The permissions of the whole graph as a page for officials: rules, root fields, and every field with its class. A change of a permission is a visible difference of this page. */
export function permissionsPage(policy: Policy): string {
  const { catalogue } = policy;
  return [
    '# 权限一览',
    '',
    '本页由 `npm run generate` 从数据目录与决策表生成，请勿手改。V＝明文，M＝脱敏，–＝不可见；行的条件见《披露规则》。',
    '',
    '## 披露规则（信用记录与信用主体）',
    '',
    ruleTable([...RECORD_RULES, SUBJECT_HANDLE_RULE]),
    '',
    '## 披露规则（目录类文档）',
    '',
    ruleTable(CATALOGUE_RULES),
    '',
    '## 查询与操作入口',
    '',
    `| 入口 | ${AUDIENCES.map((audience) => AUDIENCE_LABELS[audience]).join(' | ')} |`,
    `|---|${AUDIENCES.map(() => '---').join('|')}|`,
    ...[...policy.allow]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(
        ([field, audiences]) => `| \`${field}\` | ${AUDIENCES.map((audience) => (audiences.includes(audience) ? '●' : '–')).join(' | ')} |`,
      ),
    '',
    ...[...catalogue.types].sort((a, b) => (a.name < b.name ? -1 : 1)).flatMap(typeSection),
  ].join('\n');
}

function ruleTable(rules: readonly Rule[]): string {
  return [
    `| 规则 | 受众 | ${CLASSES.map((name) => `${name}<br>${CLASS_LABELS[name]}`).join(' | ')} | 备注 |`,
    `|---|---|${CLASSES.map(() => '---').join('|')}|---|`,
    ...rules.map((rule) => {
      const cells = CLASSES.map((name) => (rule.clear.includes(name) ? 'V' : rule.masked?.includes(name) ? 'M' : '–'));
      return `| ${rule.id} | ${rule.audiences.map((audience) => AUDIENCE_LABELS[audience]).join('、')} | ${cells.join(' | ')} | ${remarks(rule)} |`;
    }),
  ].join('\n');
}

function remarks(rule: Rule): string {
  return [
    rule.needsPurpose && (rule.needsPurpose === 'DUTY' ? '须声明履职用途' : '须声明用途'),
    rule.within === 'grant' && '限授权书所列字段',
    rule.within === 'voucher' && '限授权凭证范围',
    rule.declared && '按声明等级，不受个人与保密规则影响',
    rule.toParties && '限有当事单位的文档',
    rule.toSubject && '限关于信用主体的文档',
    rule.toAudit && '限记载访问与授权情况的文档',
    rule.needsReveal && '限写明理由后揭示的一条记录',
    rule.opensSomething && '限有可见字段的文档类型',
    rule.only && `仅 ${rule.only.join('、')}`,
  ]
    .filter(Boolean)
    .join('；');
}

function typeSection(type: RecordType): readonly string[] {
  return [
    `## ${type.label} \`${type.name}\``,
    '',
    `代码 \`${type.code}\`，查询 \`${type.field}\`，版块 ${type.section}，共享类别 ${type.share}，性质 ${type.nature}${type.sourceOnly ? '，来源部门专有' : ''}${type.publishable ? '' : '，不公示'}。`,
    '',
    '| 字段 | 标签 | 等级 | 个人 | 随状态 | 脱敏 | 可筛选 |',
    '|---|---|---|---|---|---|---|',
    ...rowsOf(type.name, type.items),
    '',
  ];
}

function rowsOf(owner: string, items: readonly Item[]): readonly string[] {
  return items.flatMap((item) => {
    const { class: clazz, individual, inState, mask, scrub } = item.disclosure;
    const states = inState.map(({ state, class: inThis }) => `${state}: ${inThis}`).join('<br>');
    return [
      `| \`${owner}.${item.name}\` | ${item.label} | ${clazz} | ${individual ?? ''} | ${states} | ${mask ?? (scrub ? '去标识' : '')} | ${item.filter ? '是' : ''} |`,
      ...rowsOf(item.type, item.fields),
    ];
  });
}
