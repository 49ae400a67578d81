import type { Catalogue, PublicForIndividuals } from '../../schema/catalogue.ts';
import { REGION_SETTINGS, type RegionProfile, type RegionSetting } from '../../schema/region-profiles.ts';
import { DEADLINES, PARAMETERS, type Parameter, type Place } from './parameter-table.ts';

const GROUNDS: Readonly<Record<PublicForIndividuals, string>> = {
  NO: '不公示',
  YES: '公示',
  BY_LAW: '依法公示',
  WITH_CONSENT: '经同意公示',
  NEVER: '一律不公示',
};

/** Every policy parameter as a page for officials and operators: what it is, what it is unless told, and where it is set. */
export function parametersPage({ regions, types }: Catalogue): string {
  const { fallback } = regions;
  const settings = Object.entries(REGION_SETTINGS).flatMap(([name, setting]) => (isSetting(name) ? [{ name, ...setting }] : []));
  return [
    '# 政策参数 · Policy parameters',
    '',
    '本页由 `npm run generate` 从代码生成，请勿手改。“尚无”指系统还没有这一部分，参数没有可设之处。',
    '',
    '## 参数一览 · Parameters',
    '',
    '| 参数 | Parameter | 默认 | 设置方式 | 依据（领域参考） |',
    '|---|---|---|---|---|',
    ...PARAMETERS.map(
      (parameter) =>
        `| ${parameter.name.zh} | ${parameter.name.en} | ${usualOf(parameter, fallback)} | ${parameter.places.map(placeText).join('；') || '见下表'} | ${parameter.source} |`,
    ),
    '',
    '## 地区参数 · Region profiles',
    '',
    '按记录所属行政区划取值（职责授权按被申请部门的区划），以最精确的区划前缀为准，下级未设的取上级，再取默认。`HUB_REGION_PROFILES` 指向一个 JSON 文件，启动时读入，合并在下列各值之上；文件有误时一次列出全部错误，不启动：',
    '',
    '```json',
    '{ "fallback": { "maxDisclosureYears": 3 },',
    '  "regions": [ { "prefix": "37", "publishMinor": true }, { "prefix": "4115", "name": "信阳", "publishWithin": 5 } ] }',
    '```',
    '',
    '公示与披露类参数即时适用于已有记录；`simpleProcedure`、`individualsPublic`、`publishWithin`、`grantReplyWithin` 在写入时适用，不改变已有记录；`publishMinor` 关闭即时生效，开启只及于此后写入的记录。',
    '',
    `| 参数 | 含义 | 可取值 | 默认 | ${regions.regions.map(({ name, prefix }) => `${name} ${prefix}`).join(' | ')} | 依据 |`,
    `|---|---|---|---|${regions.regions.map(() => '---').join('|')}|---|`,
    ...settings.map(
      ({ name, label, source, values }) =>
        `| \`${name}\` | ${label} | ${valuesText(values)} | ${fallback[name]} | ${regions.regions.map(({ profile }) => profile[name]).join(' | ')} | ${source} |`,
    ),
    '',
    '## 时限 · Deadlines',
    '',
    '| 代码 | 时限 | Deadline | 默认 | 设置方式 |',
    '|---|---|---|---|---|',
    ...DEADLINES.map(({ code, name, usual, place }) => `| ${code} | ${name.zh} | ${name.en} | ${usual} | ${placeText(place)} |`),
    '',
    '## 各类信息的公示开关 · Publicity by record type',
    '',
    '名单条目是否公示个人，以名单目录所载为准。',
    '',
    '| 信息类型 | 代码 | 公示 | 个人信息 | 仅来源部门 | 公示的取值条件 |',
    '|---|---|---|---|---|---|',
    ...types
      .filter(({ kind }) => kind === 'record')
      .toSorted((left, right) => (left.code < right.code ? -1 : 1))
      .map(
        (type) =>
          `| ${type.label} | \`${type.code}\` | ${yesNo(type.publishable)} | ${GROUNDS[type.publicForIndividuals]} | ${yesNo(type.sourceOnly)} | ${type.openWhen.map(({ field, values }) => `\`${field}\`: ${values.join(', ')}`).join('；')} |`,
      ),
    '',
  ].join('\n');
}

function usualOf({ usual, places }: Parameter, fallback: RegionProfile): string {
  const [place] = places;
  return place?.kind === 'REGION' && isSetting(place.setting) ? String(fallback[place.setting]) : usual;
}

function placeText(place: Place): string {
  switch (place.kind) {
    case 'REGION':
      return `地区参数 \`${place.setting}\``;
    case 'ENVIRONMENT':
      return `环境变量 \`${place.variable}\``;
    case 'DOCUMENT':
      return `目录文档 \`${place.type}\`（\`hub import\`）`;
    case 'SDL':
      return `SDL \`${place.directive}\``;
    case 'FIXED':
      return `固定于 \`${place.file}\``;
    case 'ABSENT':
      return `尚无（${place.part.zh} ${place.part.en}）`;
  }
}

function isSetting(name: string): name is keyof RegionProfile {
  return Object.hasOwn(REGION_SETTINGS, name);
}

function valuesText(values: RegionSetting['values']): string {
  if (values === 'BOOLEAN') return 'true、false';
  return 'least' in values ? `${values.least}–${values.most}` : values.join('、');
}

function yesNo(claim: boolean): string {
  return claim ? '是' : '否';
}
