import { RULE_WORDS } from './generate/policy-words.ts';
import type { AudienceChange, FieldChange, PolicyDifference, RootChange, RuleChange } from './policy-diff.ts';
import type { Opening } from './policy-effects.ts';
import { audienceWords, disclosureWords, effectWords, partsOf } from './policy-sentences.ts';

/** A difference of policies for an official to read; whatever opened comes first and is marked with an exclamation mark. */
export function differenceText(difference: PolicyDifference): string {
  const { changed, opened, closed, other, roots, rules, olderTellsEffects } = difference;
  if (!changed) return '权限无变化 nothing changed';
  const openedRoots = roots.filter((root) => root.opened.length > 0);
  const otherRoots = roots.filter((root) => root.opened.length === 0);
  return [
    `开放 opened ${opened.length + openedRoots.length}，收紧 closed ${closed.length + otherRoots.length}，其他 other ${other.length}，规则 rules ${rules.length}`,
    ...(olderTellsEffects
      ? []
      : ['旧文件未载明各受众所见，按现行决策表推算 the older file does not tell what its table gave: the present table stands in']),
    ...section('开放 OPENED', [...opened.map((field) => fieldText(field, '! ')), ...openedRoots.map((root) => rootText(root, '! '))]),
    ...section('收紧 CLOSED', [...closed.map((field) => fieldText(field)), ...otherRoots.map((root) => rootText(root))]),
    ...section(
      '其他 OTHER',
      other.map((field) => fieldText(field)),
    ),
    ...section('规则 RULES', rules.map(ruleText)),
  ].join('\n');
}

function section(title: string, texts: readonly string[]): readonly string[] {
  return texts.length > 0 ? ['', `${title}（${texts.length}）`, ...texts] : [];
}

const KINDS = { NEW: '新增 new', GONE: '取消 gone', CHANGED: '变更 changed' } as const;

function fieldText({ coordinate, label, kind, before, after, audiences }: FieldChange, mark = '  '): string {
  const [was, is] = [before && disclosureWords(before), after && disclosureWords(after)];
  const declaration = was === is ? was : [was, is].filter(Boolean).join('  →  ');
  return [`${mark}${KINDS[kind]} ${coordinate} ${label}`.trimEnd(), `    ${declaration ?? ''}`, ...audiences.map(audienceText)].join('\n');
}

function audienceText({ audience, opened, closed, before, after }: AudienceChange): string {
  const direction = opened && closed ? '有放有收 both' : opened ? '开放 opened' : '收紧 closed';
  return `    ${direction} ${audienceWords(audience)}：${openingsText(before)}  →  ${openingsText(after)}`;
}

function openingsText(openings: readonly Opening[]): string {
  if (openings.length === 0) return '不可见 not seen';
  const told = openings.map(partsOf).map((parts) => {
    const { zh, en } = effectWords(parts);
    return `${RULE_WORDS[parts.rule]?.zh ?? ''} ${zh} ${en} [${parts.rule}]`.trim();
  });
  return told.join('；');
}

function rootText({ field, opened, closed }: RootChange, mark = '  '): string {
  return [
    `${mark}入口 root field ${field}`,
    ...opened.map((audience) => `    开放 opened ${audienceWords(audience)}`),
    ...closed.map((audience) => `    收紧 closed ${audienceWords(audience)}`),
  ].join('\n');
}

const TABLES = { RECORDS: '信用记录 records', CATALOGUE: '目录类文档 catalogue documents' } as const;

function ruleText({ rule, of, kind, settings }: RuleChange): string {
  const lines = settings.map(({ name, before, after }) =>
    name === 'rows' ? '    所及的行有变 it holds other rows' : `    ${name}：${valueText(before)}  →  ${valueText(after)}`,
  );
  return [`  ${KINDS[kind]} ${rule}（${TABLES[of]}）`, ...lines].join('\n');
}

function valueText(value: unknown): string {
  if (value === undefined) return '–';
  return Array.isArray(value) ? value.join('、') : String(value);
}
