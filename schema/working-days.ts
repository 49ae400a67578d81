import published from 'chinese-days/dist/chinese-days.json' with { type: 'json' };
import { dateOfDay, dayOf } from './calendar-date.ts';

/** What the State Council's notice says of one year; its dates may lie in a neighbouring year. */
export interface WorkdayYear {
  readonly year: number;
  /** Days off, those on weekends included or not. */
  readonly holidays: readonly string[];
  /** Saturdays and Sundays on which work is made up (调休上班). */
  readonly makeUpWorkdays: readonly string[];
  readonly source?: string | undefined;
  readonly publishedOn?: string | undefined;
}

/** Years put together for counting; the days are those since 1970-01-01. */
export interface WorkdayCalendar {
  readonly years: ReadonlySet<number>;
  readonly daysOff: ReadonlySet<number>;
  readonly makeUpDays: ReadonlySet<number>;
}

/** The last permitted day (until midnight in China), and whether it was counted through a year that no notice covers yet. */
export interface WorkdayDeadline {
  readonly date: string;
  readonly provisional: boolean;
}

/** The years that the library knows; a later row for the same year takes the place of an earlier one. */
export const PUBLISHED_YEARS: readonly WorkdayYear[] = yearsOf(Object.keys(published.holidays), Object.keys(published.workdays));

/** Puts years together; of two rows for one year the later counts. */
export function workdayCalendar(rows: readonly WorkdayYear[]): WorkdayCalendar {
  const years = new Map(rows.map((row) => [row.year, row]));
  return {
    years: new Set(years.keys()),
    daysOff: new Set([...years.values()].flatMap(({ holidays }) => holidays.map(dayOf))),
    makeUpDays: new Set([...years.values()].flatMap(({ makeUpWorkdays }) => makeUpWorkdays.map(dayOf))),
  };
}

export const PUBLISHED_CALENDAR = workdayCalendar(PUBLISHED_YEARS);

const REMEMBERED = 50_000;
const deadlines = new WeakMap<WorkdayCalendar, Map<string, WorkdayDeadline>>();

/** The n-th working day after `start`, which itself is not counted. In a year without a notice Monday to Friday are working days. @throws RangeError */
export function addWorkdays(start: string, n: number, calendar: WorkdayCalendar = PUBLISHED_CALENDAR): WorkdayDeadline {
  const key = `${start}+${n}`;
  const known = deadlines.get(calendar) ?? new Map<string, WorkdayDeadline>();
  const remembered = known.get(key);
  if (remembered) return remembered;
  const deadline = count(start, n, calendar);
  if (known.size >= REMEMBERED) known.clear();
  deadlines.set(calendar, known.set(key, deadline));
  return deadline;
}

/** True for a working day; see `addWorkdays` for years without a notice. */
export function isWorkday(date: string, calendar: WorkdayCalendar = PUBLISHED_CALENDAR): boolean {
  return isWorking(dayOf(date), calendar);
}

function count(start: string, n: number, calendar: WorkdayCalendar): WorkdayDeadline {
  if (!Number.isSafeInteger(n) || n < 0) throw new RangeError('a number of working days is a whole number from 0');
  const first = dayOf(start) + 1;
  let day = first - 1;
  for (let left = n; left > 0; ) {
    day++;
    if (isWorking(day, calendar)) left--;
  }
  const date = dateOfDay(day);
  return { date, provisional: day >= first && !covers(calendar, yearOf(dateOfDay(first)), yearOf(date)) };
}

function isWorking(day: number, calendar: WorkdayCalendar): boolean {
  if (calendar.makeUpDays.has(day)) return true;
  // 1970-01-01 was a Thursday; 0 is Monday here.
  const weekday = (((day + 3) % 7) + 7) % 7;
  return weekday < 5 && !calendar.daysOff.has(day);
}

function covers(calendar: WorkdayCalendar, from: number, to: number): boolean {
  for (let year = from; year <= to; year++) if (!calendar.years.has(year)) return false;
  return true;
}

function yearsOf(holidays: readonly string[], makeUpWorkdays: readonly string[]): readonly WorkdayYear[] {
  const days = new Set(holidays);
  // A notice may name days of the year before; a year counts as covered only by its own New Year and National Day.
  const years = [...new Set(holidays.map(yearOf))].filter((year) => days.has(`${year}-01-01`) && days.has(`${year}-10-01`)).sort();
  return years.map((year) => ({
    year,
    holidays: holidays.filter((day) => yearOf(day) === year),
    makeUpWorkdays: makeUpWorkdays.filter((day) => yearOf(day) === year),
    source: 'chinese-days',
  }));
}

function yearOf(date: string): number {
  return Number(date.slice(0, 4));
}
