import { DRAFTS, EXCEPTIONS, type Gate, NATURES, SECRECIES, SEVERITIES, STATUSES, STOPPED, SUBJECT_KINDS } from '../../schema/gate.ts';
import type { OracleRow } from './oracle.ts';

/** Who stands in the generated rows; index 0 is whom most callers are concerned with. */
export interface Cast {
  readonly organisations: readonly string[];
  readonly persons: readonly string[];
  readonly sources: readonly string[];
  /** Lists of parties. */
  readonly parties: readonly (readonly string[])[];
}

/** A place in the state space: for each axis which of its values. */
type Point = Readonly<Record<Axis, number>>;

/** The axes of which every combination is a state of its own. */
const CROSSED = {
  subjectKind: SUBJECT_KINDS,
  exception: EXCEPTIONS,
  status: ['PUBLISHED', ...STATUSES.filter((status) => status !== 'PUBLISHED')],
  stopped: [null, ...STOPPED],
  draft: DRAFTS,
  severity: ['GENERAL', ...SEVERITIES.filter((severity) => severity !== 'GENERAL')],
  secrecy: SECRECIES,
  objection: [false, true],
} as const satisfies Partial<Record<keyof Gate, readonly unknown[]>>;

/** What else bears on a row. The first value is the one under which the rest matters. */
const BESIDE = {
  publishedFrom: ['2026-09-01', '2026-11-24', '2026-11-25'],
  publishedUntil: [null, '2026-11-23', '2026-11-24', '2026-11-25'],
  actEnd: ['2026-09-01', '2021-11-23', '2021-11-24', null],
  heldByBlack: [false, true],
  valueOpen: [true, false],
  nature: ['UNTRUSTWORTHY', ...NATURES.filter((nature) => nature !== 'UNTRUSTWORTHY')],
  region: ['411502', '370203', '900100', '910100', '920100', null],
  share: ['ENFORCEMENT', 'BASIC', 'JOINT', 'COMPLAINT', 'REPAIR'],
  section: ['ADMINISTRATIVE', 'TAX'],
} as const satisfies Partial<Record<keyof Gate, readonly unknown[]>>;

type Axis = keyof typeof CROSSED | keyof typeof BESIDE | 'source' | 'whose' | 'parties' | 'state';
const STATES = ['NORMAL', 'SPECIAL'] as const;

export interface Space {
  readonly sizes: Readonly<Record<Axis, number>>;
  readonly rowAt: (point: Point) => Omit<OracleRow, 'key'>;
}

/** The state space over this cast. */
export function spaceOf({ organisations, persons, sources, parties }: Cast): Space {
  const lengths = Object.entries({ ...CROSSED, ...BESIDE }).map(([axis, values]) => [axis, values.length]);
  const own = { source: sources.length, whose: organisations.length, parties: parties.length, state: STATES.length };
  const valuesAt = (axes: Readonly<Record<string, readonly unknown[]>>, point: Point) =>
    Object.fromEntries(Object.entries(axes).map(([axis, values]) => [axis, values[point[axis as Axis]]]));
  return {
    sizes: { ...Object.fromEntries(lengths), ...own } as Space['sizes'],
    rowAt(point) {
      const facts = { ...valuesAt(CROSSED, point), ...valuesAt(BESIDE, point) } as unknown as Omit<
        Gate,
        'subjectId' | 'sourceOrg' | 'parties'
      >;
      const isOfPerson = facts.subjectKind === 'INDIVIDUAL' || facts.subjectKind === 'UNKNOWN';
      const gate: Gate = {
        ...facts,
        subjectId: (isOfPerson ? persons : organisations)[point.whose] ?? null,
        sourceOrg: sources[point.source] ?? null,
        parties: parties[point.parties] ?? [],
      };
      return { gate, state: STATES[point.state] ?? 'NORMAL' };
    },
  };
}

const PERSON_KIND = SUBJECT_KINDS.indexOf('INDIVIDUAL');
/** From which the rows of a covering selection depart: rows that somebody sees, of an organisation and of persons. */
const BASES: readonly Partial<Record<Axis, number>>[] = [
  {},
  { subjectKind: PERSON_KIND, exception: EXCEPTIONS.indexOf('PUBLIC') },
  { subjectKind: PERSON_KIND },
  { status: CROSSED.status.indexOf('NOT_PUBLIC') },
];

/**
 * Every pair of values of every pair of axes. Where one of the two is crossed, the rest is as on a row of an organisation that everybody sees, and a part of
 * these pairs is there again on every other base; pairs of what else bears on a row share rows, as few as cover them.
 */
export function coveringPoints({ sizes }: Space, seed: number): readonly Point[] {
  const draw = drawsFrom(seed);
  const crossed = Object.keys(CROSSED) as Axis[];
  const beside = (Object.keys(sizes) as Axis[]).filter((axis) => !crossed.includes(axis));
  const usual = Object.fromEntries([...crossed, ...beside].map((axis) => [axis, 0])) as Point;
  const found = new Map<string, Point>();
  const add = (point: Point) => found.set(Object.values(point).join(), point);
  for (const [number, base] of BASES.entries())
    for (const [index, one] of crossed.entries())
      for (const other of [...crossed.slice(index + 1), ...beside])
        for (const [value, more] of pairsOf(sizes[one], sizes[other]))
          if (number === 0 || draw() < OF_OTHER_BASES) add({ ...usual, ...base, [one]: value, [other]: more });
  const missing = new Set(
    beside.flatMap((one, index) =>
      beside.slice(index + 1).flatMap((other) => pairsOf(sizes[one], sizes[other]).map((pair) => [one, other, ...pair].join())),
    ),
  );
  while (missing.size > 0) {
    const drawn = Object.fromEntries(beside.map((axis) => [axis, Math.floor(draw() * sizes[axis])])) as Point;
    const covered = beside.flatMap((one, index) => beside.slice(index + 1).map((other) => [one, other, drawn[one], drawn[other]].join()));
    if (covered.some((pair) => missing.has(pair))) add({ ...usual, ...drawn });
    for (const pair of covered) missing.delete(pair);
  }
  return [...found.values()];
}
const OF_OTHER_BASES = 0.1;

/** Every combination of what decides about a row, with other facts drawn for each, mostly the usual ones. */
export function crossedPoints({ sizes }: Space, seed: number): readonly Point[] {
  const draw = drawsFrom(seed);
  const crossed = Object.keys(CROSSED) as Axis[];
  const beside = (Object.keys(sizes) as Axis[]).filter((axis) => !crossed.includes(axis));
  let points: Partial<Record<Axis, number>>[] = [{}];
  for (const axis of crossed) points = points.flatMap((point) => range(sizes[axis]).map((value) => ({ ...point, [axis]: value })));
  return points.map((point) => {
    const drawn = beside.map((axis) => [axis, axis === 'state' || draw() < 0.2 ? Math.floor(draw() * sizes[axis]) : 0]);
    return { ...point, ...Object.fromEntries(drawn) } as Point;
  });
}

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
export function drawsFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function pairsOf(left: number, right: number): readonly (readonly [number, number])[] {
  return range(left).flatMap((one) => range(right).map((other) => [one, other] as const));
}

function range(length: number): readonly number[] {
  return Array.from({ length }, (_, index) => index);
}
