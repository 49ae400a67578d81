import type { Catalogue, Item, RecordType, Role } from '../../schema/catalogue.ts';
import { type ColumnPlan, planColumns, planOf } from '../../subgraphs/kit/record-engine/type-plan.ts';
import { UnusableFile } from './unusable-file.ts';

/** The type with this code or name, in any case. */
export function typeNamed(catalogue: Catalogue, name: string): RecordType | undefined {
  const word = name.toUpperCase();
  return catalogue.types.find(({ kind, code, name: typeName }) => kind !== 'subject' && (code === word || typeName.toUpperCase() === word));
}

/** The record type that a file's headings are of: none of its required columns is missing, and no other fits more of them. @throws UnusableFile */
export function detectType(catalogue: Catalogue, headings: readonly string[], given: readonly Role[]): RecordType {
  const fits = catalogue.types
    .filter(({ kind }) => kind === 'record')
    .map((type) => ({ type, columns: planColumns(planOf(catalogue, type), headings, given) }));
  const whole = fits
    .filter(({ columns }) => columns.missing.length === 0)
    .sort((one, other) => other.columns.items.size - one.columns.items.size);
  const [best, second] = whole;
  if (best && best.columns.items.size > 0 && best.columns.items.size > (second?.columns.items.size ?? 0)) return best.type;
  if (best && second) throw ambiguous(best.type, second.type);
  const nearest = fits.sort((one, other) => share(other.columns) - share(one.columns))[0];
  if (!nearest || nearest.columns.items.size === 0)
    throw new UnusableFile({
      zh: '表头不属于任何信息类型，请用 --type 指明',
      en: 'the headings are those of no record type; name it with --type',
    });
  throw missingColumns(nearest.type, nearest.columns.missing);
}

/** Says which required columns a file lacks. */
export function missingColumns(type: RecordType, missing: readonly Item[]): UnusableFile {
  const zh = missing.map((item) => item.headings[0] ?? item.label).join('、');
  const en = missing.map((item) => (item.code ? `${item.name} (${item.code})` : item.name)).join(', ');
  return new UnusableFile({ zh: `${type.label}缺少必填栏目：${zh}`, en: `${type.name} lacks the required columns ${en}` });
}

function ambiguous(one: RecordType, other: RecordType): UnusableFile {
  return new UnusableFile({
    zh: `表头同时符合${one.label}和${other.label}，请用 --type 指明`,
    en: `the headings fit both ${one.code} and ${other.code}; name the type with --type`,
  });
}

/** How much of what it needs is there. */
function share({ items, missing }: ColumnPlan): number {
  return items.size - missing.length;
}
