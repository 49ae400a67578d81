import { AUDIENCES, type Audience } from '../auth/principal.ts';
import type { FieldDisclosure } from '../schema/catalogue.ts';
import { AUDIENCE_LABELS, CLASS_LABELS, MASK_LABELS, type Words } from './generate/policy-words.ts';
import { type Opening, ROW_KINDS } from './policy-effects.ts';

/** An audience by its name in the API. */
export function isAudience(text: string): text is Audience {
  return AUDIENCES.some((audience) => audience === text);
}

export function audienceWords(audience: string): string {
  return isAudience(audience) ? `${AUDIENCE_LABELS[audience]} ${audience}` : audience;
}

export function classWords(name: string): string {
  return `${CLASS_LABELS[name] ?? ''} ${name}`.trim();
}

/** What stands in `@disclose` of a field, in one line. */
export function disclosureWords({ class: clazz, individual, inState, mask, scrub }: FieldDisclosure): string {
  return [
    `等级 class ${classWords(clazz)}`,
    individual && `自然人的记录 of persons ${classWords(individual)}`,
    ...inState.map((one) => `状态 in state ${one.state} ${classWords(one.class)}`),
    mask && `脱敏 mask ${mask}（${MASK_LABELS[mask]}）`,
    scrub && '文本去标识 scrubbed text',
  ]
    .filter(Boolean)
    .join('；');
}

const KINDS: Readonly<Record<(typeof ROW_KINDS)[number], Words>> = {
  ORGANISATION: { zh: '法人和非法人组织的', en: 'of organisations' },
  PUBLIC_PERSON: { zh: '依法公示的自然人的', en: 'of persons published by law' },
  CLOSED_PERSON: { zh: '其他自然人的', en: 'of other persons' },
  SECRET: { zh: '有保密标记的', en: 'marked secret' },
};
const EFFECTS: readonly (readonly [cell: string, words: Words])[] = [
  ['V', { zh: '明文', en: 'clear' }],
  ['M', { zh: '脱敏', en: 'masked' }],
  ['-', { zh: '不可见', en: 'not seen' }],
];

export interface OpeningParts {
  readonly rule: string;
  /** For the kinds of rows in their order: V, M, - or . */
  readonly cells: string;
  /** The same for states in which the field has a class of its own. */
  readonly states: readonly { readonly state: string; readonly cells: string }[];
}

export function partsOf(opening: Opening): OpeningParts {
  const [rule = '', cells = '', ...inStates] = opening.split(' ');
  const states = inStates.map((one) => {
    const [state = '', cellsThere = ''] = one.split('=');
    return { state, cells: cellsThere };
  });
  return { rule, cells, states };
}

/** `明文 clear`, with the kinds and the states of rows where they differ. */
export function effectWords({ cells, states }: Pick<OpeningParts, 'cells' | 'states'>): Words {
  const usual = cellWords(cells);
  const others = states.filter((one) => one.cells !== cells).map(({ state, cells: there }) => ({ state, ...cellWords(there) }));
  return {
    zh: [usual.zh, ...others.map(({ state, zh }) => `状态为 ${state} 时${zh}`)].join('；'),
    en: [usual.en, ...others.map(({ state, en }) => `in state ${state} ${en}`)].join('; '),
  };
}

function cellWords(cells: string): Words {
  const held = ROW_KINDS.flatMap((kind, index) =>
    cells[index] === undefined || cells[index] === '.' ? [] : [{ kind, cell: cells[index] }],
  );
  const told = EFFECTS.flatMap(([cell, words]) => {
    const kinds = held.flatMap((row) => (row.cell === cell ? [KINDS[row.kind]] : []));
    if (kinds.length === 0) return [];
    if (kinds.length === held.length) return [words];
    return [
      {
        zh: `${words.zh}（${kinds.map(({ zh }) => zh).join('、')}）`,
        en: `${words.en} (${kinds.map(({ en }) => en).join(', ')})`,
      },
    ];
  });
  return { zh: told.map(({ zh }) => zh).join('，'), en: told.map(({ en }) => en).join(', ') };
}
