import type { Policy, PolicyItem } from '../auth/policy.ts';
import { AUDIENCES, type Audience } from '../auth/principal.ts';
import type { Item } from '../schema/catalogue.ts';
import { CommandFault } from './command-fault.ts';
import { RULE_WORDS, type RuleWords } from './generate/policy-words.ts';
import { effectsOfType } from './policy-effects.ts';
import { audienceWords, disclosureWords, effectWords, type OpeningParts, partsOf } from './policy-sentences.ts';

interface Reading extends RuleWords, OpeningParts {}
export interface FieldExplanation {
  readonly coordinate: string;
  readonly label: string;
  readonly type: string;
  readonly typeLabel: string;
  readonly disclosure: Item['disclosure'];
  /** Fields through which alone a value nested in them is reached. */
  readonly within: readonly string[];
  readonly audiences: readonly { readonly audience: Audience; readonly readings: readonly Reading[] }[];
}

/** Who sees a field and on what condition. @throws CommandFault for a field that is unknown, or a label that several fields bear */
export function explainField(policy: Policy, asked: string, audience?: Audience): FieldExplanation {
  const { coordinate, type, item } = fieldNamed(policy, asked);
  const effects = effectsOfType(type).get(coordinate) ?? {};
  return {
    coordinate,
    label: item.label,
    type: type.name,
    typeLabel: type.label,
    disclosure: item.disclosure,
    within: holdersOf(policy, coordinate),
    audiences: (audience ? [audience] : AUDIENCES).map((one) => ({
      audience: one,
      readings: (effects[one] ?? []).map(partsOf).map((parts) => ({ ...parts, ...wordsOf(parts.rule) })),
    })),
  };
}

export function wordsOf(rule: string): RuleWords {
  const words = RULE_WORDS[rule];
  if (!words) throw new Error(`there are no words for the rule ${rule}`);
  return words;
}

/** The explanation as sentences, Chinese first. */
export function explanationText({ coordinate, label, typeLabel, disclosure, within, audiences }: FieldExplanation): string {
  return [
    `${typeLabel}·${label}  ${coordinate}`,
    disclosureWords(disclosure),
    ...(within.length > 0 ? [`须同时能看到 only where this is seen too: ${within.join(', ')}`] : []),
    ...audiences.flatMap(({ audience, readings }) => [
      '',
      readings.length === 0 ? `${audienceWords(audience)}：不可见 does not see it` : `${audienceWords(audience)}：`,
      ...readings.flatMap((reading) => {
        const effect = effectWords(reading);
        return [
          `  ${reading.zh} → ${effect.zh}。依据 ${reading.rule}：${reading.source}`,
          `    ${reading.en} → ${effect.en} (rule ${reading.rule})`,
        ];
      }),
    ]),
  ].join('\n');
}

interface Found extends PolicyItem {
  readonly coordinate: string;
}

/** `Type.field`, the Chinese label of a field, or `类型.字段` in Chinese. */
function fieldNamed(policy: Policy, asked: string): Found {
  const name = plain(asked);
  const fields = [...policy.items].flatMap(([coordinate, entries]) => entries.map((entry): Found => ({ coordinate, ...entry })));
  const exact = fields.find(({ coordinate }) => coordinate === asked.trim());
  if (exact) return exact;
  const labelled = fields.filter(({ type, item }) => [item.label, `${type.label}.${item.label}`].some((label) => plain(label) === name));
  const [only, ...more] = new Map(labelled.map((field) => [field.coordinate, field])).values();
  if (!only) throw new CommandFault(`没有字段“${asked}” / there is no field ${asked}`);
  if (more.length === 0) return only;
  const choices = [only, ...more].map(({ coordinate, type, item }) => `  ${coordinate}  ${type.label}·${item.label}`);
  throw new CommandFault([`“${asked}”对应多个字段，请指明其一 / several fields bear this label; name one of them:`, ...choices].join('\n'));
}

function plain(label: string): string {
  return label.normalize('NFKC').replace(/\s/g, '').replace('·', '.');
}

function holdersOf({ items }: Policy, coordinate: string): readonly string[] {
  const owner = coordinate.slice(0, coordinate.indexOf('.'));
  return [...items].flatMap(([holder, [entry]]) => (entry?.item.type === owner && entry.item.fields.length > 0 ? [holder] : [])).sort();
}
