import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compileDisclosure } from '../../auth/disclose.ts';
import { type Effect, entitlements, listedRows, narrow, type TypeAccess, visibleRows } from '../../auth/entitlements.ts';
import type { RecordType } from '../../schema/catalogue.ts';
import { compileFilter } from '../../schema/filter.ts';
import { GATE_COLUMNS, type Gate } from '../../schema/gate.ts';
import { type Cell, type OracleCaller, type OracleRow, oracleFor } from './oracle.ts';
import { TODAY, TYPE_NAMES, TYPES, typeNamed, WORLD } from './probe-catalogue.ts';
import { PROBE_FIELDS } from './probe-type.ts';
import { anyCaller, anyRow, CALLERS, CORE_ROWS, emptied, OPEN_GATE, OWN, PAST, paramsOf, profileOf, SPREAD_ROWS } from './state-space.ts';

const named = Object.entries(CALLERS);
const SEED = 20_261_124;
/** What the engine decides for one caller about rows of one type. */
function engineFor(caller: OracleCaller, type: RecordType) {
  const access: TypeAccess = entitlements(profileOf(caller), type, TODAY);
  const params = paramsOf(caller);
  const disclose = compileDisclosure(access);
  const isListed = compileFilter(listedRows(access));
  const isVisible = compileFilter(visibleRows(access));
  const stored = ({ key, gate, state = null }: OracleRow) => ({ key, gate, columns: { state } });
  return {
    access,
    view: (row: OracleRow) => disclose(stored(row), params),
    isListed: (row: OracleRow) => isListed(stored(row), params),
    isVisible: (row: OracleRow) => isVisible(stored(row), params),
    narrowed(coordinates: readonly string[]) {
      const { rows, refused } = narrow(access, coordinates);
      const holds = compileFilter(rows);
      return { refused, holds: (row: OracleRow) => holds(stored(row), params) };
    },
  };
}

const EFFECTS: Readonly<Record<Cell, Effect | undefined>> = { V: 'VALUE', C: 'CLEAR', M: 'MASK', '–': undefined };

/** Compares engine and oracle over rows; the first differences, told so that they can be read. */
function differences(caller: OracleCaller, typeName: string, rows: Iterable<OracleRow>): readonly string[] {
  const { type, known } = typeNamed(typeName);
  const engine = engineFor(caller, type);
  const oracle = oracleFor(caller, known, WORLD);
  const found: string[] = [];
  const say = (row: OracleRow, text: string) => found.push(`${caller.audience} ${typeName} ${told(row)}: ${text}`);
  for (const row of rows) {
    const view = engine.view(row);
    const seen = oracle.seen(row);
    if (engine.isVisible(row) !== (view !== undefined)) say(row, 'the filter over rows and the view differ');
    if (!view !== !seen) say(row, `is held by ${view?.heldBy ?? 'nothing'}, should be by ${seen?.rules ?? 'nothing'}`);
    else if (view && seen) {
      for (const [coordinate, cell] of seen.cells) {
        const effect = view.effects.get(coordinate);
        if (effect !== EFFECTS[cell]) say(row, `${coordinate} is ${effect} through ${view.heldBy}, should be ${cell}`);
      }
    }
    if (engine.isListed(row) !== (seen?.listed ?? false))
      say(row, `is listed: ${engine.isListed(row)}, should be: ${seen?.listed ?? false}`);
    if (found.length > 3) break;
  }
  return found;
}

/** In what a row is not the usual one. */
function told({ key, state, gate }: OracleRow): string {
  return JSON.stringify({
    key,
    state,
    ...Object.fromEntries(GATE_COLUMNS.flatMap((column) => (gate[column] === OPEN_GATE[column] ? [] : [[column, gate[column]]]))),
  });
}

const anyType = fc.constantFrom('Probe', 'Probe', 'Rating', ...TYPE_NAMES);
const rows = fc.array(anyRow, { minLength: 30, maxLength: 30 });
const runs = (usualRuns: number) => ({ seed: SEED, numRuns: process.env.HUB_TEST_LONG ? usualRuns * 30 : usualRuns });

describe('the decision table', () => {
  it.each(named)('shows to %s every row of the core of the state space as the page says', (_who, caller) => {
    expect(differences(caller, 'Probe', CORE_ROWS)).toEqual([]);
  });

  it('is followed by the engine for any caller, with any grants and vouchers, over any rows of any type', () => {
    const rules = new Map<string, number>();
    fc.assert(
      fc.property(anyCaller, anyType, rows, (caller, typeName, some) => {
        expect(differences(caller, typeName, some)).toEqual([]);
        const oracle = oracleFor(caller, typeNamed(typeName).known, WORLD);
        for (const row of some) for (const rule of oracle.seen(row)?.rules ?? []) rules.set(rule, (rules.get(rule) ?? 0) + 1);
      }),
      runs(3000),
    );
    // The samples are of no use where they hardly meet a rule.
    const met = ['E1', 'E2', 'E3', 'E4', 'E5', 'E6', 'E7', 'E8', 'E9', 'E10', 'E11', 'E12', 'E13', 'E14', 'E15', 'E17', 'E18', 'E20'];
    expect(met.filter((rule) => (rules.get(rule) ?? 0) < 50)).toEqual([]);
  });

  it.each(GATE_COLUMNS)('opens through no rule whose condition reads %s a row in which it is empty', (column) => {
    const bases: readonly Partial<Gate>[] = [
      {},
      { subjectKind: 'INDIVIDUAL', exception: 'PUBLIC' },
      { subjectKind: 'INDIVIDUAL' },
      { subjectKind: 'INDIVIDUAL', exception: 'PAYMENT' },
      { status: 'NOT_PUBLIC' },
      { stopped: 'EXPIRED' },
      { stopped: 'WITHDRAWN' },
      { draft: 'AFTER_NOTICE', status: 'COLLECTED' },
      { secrecy: 'TRADE_SECRET' },
      { parties: ['case-1', 'party-1', OWN] },
      { region: '920100', share: 'EVALUATION', section: 'TAX' },
    ];
    const some = bases.map((base, index): OracleRow => {
      return { key: `row-${index}`, gate: { ...OPEN_GATE, ...base, [column]: emptied(column) }, state: 'NORMAL' };
    });
    for (const [, caller] of named) for (const typeName of TYPE_NAMES) expect(differences(caller, typeName, some)).toEqual([]);
  });

  it('lists by a filter or an order the rows of those rules that give each field clear, and refuses one that no rule gives', () => {
    const names = [...PROBE_FIELDS.map(({ name }) => name), 'decisionDate', 'sourceDeptName'];
    fc.assert(
      fc.property(
        anyCaller,
        fc.constantFrom('Probe', 'Probe', 'Archive', 'Rating', 'CaseFile'),
        fc.subarray(names, { minLength: 1, maxLength: 2 }),
        rows,
        (caller, typeName, asked, some) => {
          const { type, known } = typeNamed(typeName);
          const { refused, holds } = engineFor(caller, type).narrowed(asked.map((name) => `${typeName}.${name}`));
          const oracle = oracleFor(caller, known, WORLD);
          const wrong = some.flatMap((row) => [
            ...(holds(row) === oracle.isListedBy(row, asked) ? [] : [`${told(row)} is listed: ${holds(row)}`]),
            ...refused.flatMap((coordinate) =>
              oracle.isListedBy(row, [coordinate.slice(typeName.length + 1)]) ? [`${told(row)} gives ${coordinate}, which is refused`] : [],
            ),
          ]);
          expect(wrong).toEqual([]);
        },
      ),
      runs(2500),
    );
  });

  // Who speaks for an unknown subject has a rule like any other subject, and no row.
  it.each(named.filter(([who]) => who !== 'a subject that is not known here'))(
    'refuses to %s a filter or an order by a field exactly when no row gives it clear',
    (_who, caller) => {
      const { type, known } = typeNamed('Probe');
      const { narrowed } = engineFor(caller, type);
      const oracle = oracleFor(caller, known, WORLD);
      for (const { name } of PROBE_FIELDS) {
        const isGiven = SPREAD_ROWS.some((row) => oracle.isListedBy(row, [name]) || oracle.seen(row)?.cells.get(`Probe.${name}`) === 'V');
        expect([name, narrowed([`Probe.${name}`]).refused.length > 0]).toEqual([name, !isGiven]);
      }
    },
  );
});

const RANK: Readonly<Record<Effect, number>> = { VALUE: 3, CLEAR: 2, MASK: 1 };

/** What the greater caller sees less of than the lesser one. */
function lost(lesser: OracleCaller, greater: OracleCaller, typeName: string, some: Iterable<OracleRow>): readonly string[] {
  const { type } = typeNamed(typeName);
  const [less, more] = [engineFor(lesser, type), engineFor(greater, type)];
  const found: string[] = [];
  for (const row of some) {
    const [before, after] = [less.view(row), more.view(row)];
    if (before && !after) found.push(`${told(row)} is lost`);
    if (less.isListed(row) && !more.isListed(row)) found.push(`${told(row)} is no longer listed`);
    for (const [coordinate, effect] of before?.effects ?? [])
      if (RANK[effect] > (RANK[after?.effects.get(coordinate) ?? 'MASK'] ?? 0) || (after && !after.effects.has(coordinate)))
        found.push(`${coordinate} of ${told(row)} was ${effect}, is ${after?.effects.get(coordinate)}`);
  }
  return found;
}

/** Takes one right away from a caller. */
const lesserOf: fc.Arbitrary<(caller: OracleCaller) => OracleCaller> = fc.constantFrom(
  (caller) => ({ ...caller, purpose: undefined }),
  (caller) => ({ ...caller, purpose: caller.audience === 'AGENCY' && caller.purpose !== undefined ? 'RECORD_MANAGEMENT' : caller.purpose }),
  (caller) => ({ ...caller, grants: caller.grants?.slice(1) }),
  (caller) => ({ ...caller, grants: caller.grants?.map((one) => ({ ...one, fields: one.fields.slice(0, 3) })) }),
  (caller) => ({ ...caller, grants: caller.grants?.map((one) => ({ ...one, validTo: PAST })) }),
  (caller) => ({ ...caller, voucher: undefined }),
  (caller) => ({ ...caller, voucher: caller.voucher && { ...caller.voucher, sections: caller.voucher.sections.slice(1) } }),
  (caller) => ({
    ...caller,
    voucher: caller.voucher && { ...caller.voucher, fieldsExcluded: PROBE_FIELDS.map(({ name }) => `Probe.${name}`) },
  }),
  (caller) => ({ ...caller, authLevel: 1 }),
  (caller) => ({ ...caller, revealed: undefined }),
  (caller) => ({ ...caller, ownSources: caller.ownSources?.slice(0, 1) }),
  (caller) => ({ ...caller, regionCode: undefined }),
  (caller) => ({ ...caller, subjectId: undefined }),
);

describe('whatever the rights of a caller', () => {
  it('decides every row, and speaks of fields of its type alone', () => {
    fc.assert(
      fc.property(anyCaller, anyType, rows, (caller, typeName, some) => {
        const { type } = typeNamed(typeName);
        const { view, access } = engineFor(caller, type);
        expect(some.flatMap((row) => [...(view(row)?.effects.keys() ?? [])].filter((coordinate) => !access.best.has(coordinate)))).toEqual(
          [],
        );
      }),
      runs(500),
    );
  });

  it('shows nothing less to a caller with more rights', () => {
    fc.assert(
      fc.property(anyCaller, lesserOf, anyType, rows, (caller, lesser, typeName, some) => {
        expect(lost(lesser(caller), caller, typeName, some)).toEqual([]);
      }),
      runs(1500),
    );
  });

  it('shows to everybody but the system administrator and the auditor what the public sees', () => {
    const business = anyCaller.filter(({ audience }) => audience !== 'SYSTEM_ADMIN' && audience !== 'AUDITOR');
    fc.assert(
      fc.property(business, anyType, rows, (caller, typeName, some) => {
        expect(lost({ audience: 'PUBLIC' }, caller, typeName, some)).toEqual([]);
      }),
      runs(1000),
    );
  });

  it('shows nothing to the system administrator, and to the auditor nothing but documents that tell how access was given', () => {
    for (const audience of ['SYSTEM_ADMIN', 'AUDITOR'] as const)
      for (const typeName of TYPE_NAMES.filter((name) => audience === 'SYSTEM_ADMIN' || !TYPES[name]?.audit))
        expect(engineFor({ audience }, typeNamed(typeName).type).access.entitlements).toEqual([]);
  });

  it('shows no individual to the public outside the exceptions, and in no list at all', () => {
    const { view, isListed } = engineFor({ audience: 'PUBLIC' }, typeNamed('Probe').type);
    const individuals = CORE_ROWS.filter(({ gate }) => gate.subjectKind === 'INDIVIDUAL' || gate.subjectKind === 'UNKNOWN');
    const shown = individuals.filter(view);
    expect(new Set(shown.map(({ gate }) => `${gate.subjectKind} ${gate.exception}`))).toEqual(new Set(['INDIVIDUAL PUBLIC']));
    expect(individuals.filter(isListed)).toEqual([]);
  });

  it('shows a repaired, shielded, misattributed or withdrawn record to nobody but its subject, its source and the operator', () => {
    const gone = rows.map((some) =>
      some.map((row, index): OracleRow => {
        const stopped = (['REPAIRED', 'SHIELDED', 'WRONG_IDENTITY', 'WITHDRAWN'] as const)[index % 4] ?? 'WITHDRAWN';
        return { ...row, gate: { ...row.gate, stopped } };
      }),
    );
    fc.assert(
      fc.property(anyCaller, fc.constantFrom('Probe', 'Archive', 'Rating'), gone, (caller, typeName, some) => {
        const { view } = engineFor(caller, typeNamed(typeName).type);
        const isOwn = ({ gate }: OracleRow) =>
          caller.audience === 'OPERATOR' ||
          (caller.audience === 'SUBJECT' && gate.subjectId === caller.subjectId && gate.stopped !== 'WRONG_IDENTITY') ||
          (caller.audience === 'AGENCY' && caller.ownSources?.includes(gate.sourceOrg ?? '') === true);
        expect(some.filter((row) => view(row) && !isOwn(row))).toEqual([]);
      }),
      runs(1000),
    );
  });
});
