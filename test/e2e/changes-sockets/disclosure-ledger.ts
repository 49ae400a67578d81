import { COMPANY } from '../../support/fixtures.ts';

/** What decides who may see a version of a row, and the number of the write that gave it the text it shows. */
export interface RowState {
  readonly type: 'PENALTY' | 'LIST_ENTRY';
  readonly uscc: string;
  readonly regionCode: string;
  readonly isMinor: boolean;
  readonly isSecret: boolean;
  readonly isDraft: boolean;
  readonly isGone: boolean;
  readonly mark: number;
}

export type Reader = 'district' | 'city' | 'department' | 'source' | 'bank';

const isKept = ({ isGone, isDraft, isSecret }: RowState) => !isGone && !isDraft && !isSecret;
const isPublic = (state: RowState) => isKept(state) && !state.isMinor;
/** Who may read what a version says, transcribed from the decision table: what is public, and what each has beside it. */
const MAY_READ: Readonly<Record<Reader, (state: RowState) => boolean>> = {
  district: (state) => isPublic(state) || (isKept(state) && state.regionCode === '411502'),
  city: isKept,
  department: isPublic,
  source: (state) => state.type === 'PENALTY' || isPublic(state),
  bank: (state) => isPublic(state) || (isKept(state) && state.type === 'PENALTY' && state.uscc === COMPANY),
};
export const READERS = Object.keys(MAY_READ) as readonly Reader[];
export const mayRead = (reader: Reader, state: RowState): boolean => MAY_READ[reader](state);

/** What all may read, and what the source alone may. */
export const openText = (mark: number): string => `明${mark}号`;
export const hiddenText = (mark: number): string => `暗${mark}号`;
export const ID_NUMBER = '411599197710058716';

/** What was delivered. */
export interface Told {
  readonly text: string;
  /** So many writes had been committed before it was read. */
  readonly behind: number;
  /** So many had begun when it came. */
  readonly upTo: number;
}

/** When what was open to whom. Writes are made one after the other and are numbered. */
export class DisclosureLedger {
  /** Milliseconds since 1970 at which each write began. */
  readonly #begun: number[] = [];
  #answered = 0;
  readonly #opened = new Set<string>();
  readonly #closed = new Map<string, number>();
  /** Between which writes the numbers of persons were open to the department. */
  readonly #grants: { readonly from: number; closedBy: number }[] = [];

  /** The number of the write that begins. */
  begin(): number {
    return this.#begun.push(Date.now());
  }

  /** What it may open can be delivered before it is answered. */
  mayOpen(state: RowState): void {
    for (const reader of READERS) if (mayRead(reader, state)) this.#opened.add(`${reader} ${state.mark}`);
  }

  /** It was answered: what it took away may not be delivered by anything that is read from now on. */
  end(before: RowState | undefined, after: RowState | undefined): void {
    this.#answered = this.#begun.length;
    if (!before || !after) return;
    for (const reader of READERS)
      if (before.mark !== after.mark || !mayRead(reader, after)) this.#closed.set(`${reader} ${before.mark}`, this.#answered);
  }

  get isGranted(): boolean {
    return this.#grants.at(-1)?.closedBy === Number.POSITIVE_INFINITY;
  }
  grantOpens(): void {
    this.#grants.push({ from: this.#begun.length, closedBy: Number.POSITIVE_INFINITY });
  }
  grantCloses(): void {
    const last = this.#grants.at(-1);
    if (last) last.closedBy = this.#answered;
  }

  /** Writes that have been answered by now, and those that have begun. */
  get answered(): number {
    return this.#answered;
  }
  get begun(): number {
    return this.#begun.length;
  }
  /** The write of which a change at this moment tells: it and those before it were committed when that change was read. */
  toldBy(moment: number): number {
    return this.#begun.findLastIndex((at) => at < moment) + 1;
  }

  /** Why a reader may not be told this; what a write closed is known when it was answered. */
  faultOf(reader: Reader, { text, behind, upTo }: Told): string | undefined {
    const marks = [...text.matchAll(/明(\d+)号/g)].map(([, mark]) => Number(mark));
    const unopened = marks.find((mark) => !this.#opened.has(`${reader} ${mark}`));
    if (unopened !== undefined) return `${openText(unopened)} was never open`;
    const closed = marks.find((mark) => (this.#closed.get(`${reader} ${mark}`) ?? Number.POSITIVE_INFINITY) <= behind);
    if (closed !== undefined) return `${openText(closed)} was closed by write ${this.#closed.get(`${reader} ${closed}`)}, behind ${behind}`;
    if (reader === 'source') return undefined;
    if (/暗\d+号/.test(text)) return 'a remark is for its source';
    if (!text.includes(ID_NUMBER)) return undefined;
    const isGranted = reader === 'department' && this.#grants.some(({ from, closedBy }) => from <= upTo && closedBy > behind);
    return isGranted ? undefined : 'the number of a person is not granted';
  }
}
