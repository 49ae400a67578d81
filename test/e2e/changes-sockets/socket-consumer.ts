import { EventEmitter, once } from 'node:events';
import type { Asking } from '../../support/hub.ts';
import { type Delivery, type LiveStream, overEvents, overSocket } from '../../support/live-stream.ts';
import { PATIENCE } from '../../support/patience.ts';
import { followed, listAnew, type Receiver, type Rows, readPage, recordFields } from '../changes-property/consumer.ts';
import type { DisclosureLedger, Reader, Told } from './disclosure-ledger.ts';
import type { OperatedHub } from './operated-hub.ts';

export interface ConsumerParts {
  readonly reader: Reader;
  readonly receiver: Receiver;
  readonly by: 'WebSocket' | 'server-sent events';
}

/** A cursor with the rows that the consumer had there. */
interface Kept {
  readonly cursor: string;
  readonly rows: Rows;
}

interface Connection {
  readonly stream: LiveStream;
  readonly url: string;
  /** So many writes had been committed before what is delivered was read. */
  behind: number;
  readonly toldAt: Map<string, number>;
  readonly shownMarks: Map<string, number>;
}

interface Change {
  readonly __typename: 'Change';
  readonly cursor: string;
  readonly at: string;
  readonly recordId: string;
  readonly tombstone: boolean;
  readonly record: (Readonly<Record<string, unknown>> & { readonly subject: { readonly id: string } | null }) | null;
}

const TOLD = 'told';
const TOLD_WITHIN_MS = 60_000 * PATIENCE;

/** Follows the feed over a real connection, applies what it is told, and judges whether it may be told that. */
export class SocketConsumer {
  readonly parts: ConsumerParts;
  resyncs = 0;
  readonly #hub: OperatedHub;
  readonly #ledger: DisclosureLedger;
  readonly #events = new EventEmitter();
  readonly #kept: Kept[] = [];
  readonly #told: Told[] = [];
  #now: Kept | undefined;
  #begunAt = '';
  #connection: Connection | undefined;
  #isLost = false;
  #fault: unknown;

  constructor(parts: ConsumerParts, { hub, ledger }: { readonly hub: OperatedHub; readonly ledger: DisclosureLedger }) {
    this.parts = parts;
    this.#hub = hub;
    this.#ledger = ledger;
  }

  get isConnected(): boolean {
    return this.#connection !== undefined;
  }
  /** It was told to list everything anew. */
  get isLost(): boolean {
    return this.#isLost;
  }
  /** So many changes it was told of. */
  get changes(): number {
    return this.#told.length;
  }
  get rows(): Rows {
    return this.#now?.rows ?? new Map();
  }

  /** Throws what was wrong with how it was told anything. */
  check(): void {
    if (this.#fault) throw this.#fault;
  }

  /** Throws when it was told what was not open to it at that time; every write has been answered. */
  checkDisclosure(): void {
    for (const told of this.#told) {
      const fault = this.#ledger.faultOf(this.parts.reader, told);
      if (fault) throw this.#wrong(`${fault}: ${told.text}`);
    }
  }

  /** Nothing may be written meanwhile: a row that came behind the cursor, was listed, and was gone before the next reading would be told by nobody. */
  async begin(): Promise<void> {
    this.disconnect();
    const { endCursor } = await readPage(this.#hub, this.parts.receiver, null, 1);
    this.#begunAt = endCursor;
    this.#keep({ cursor: endCursor, rows: await this.listing() });
    this.#isLost = false;
    this.#connect(endCursor);
  }

  /** Every row that a fresh query gives it. */
  listing(): Promise<Rows> {
    return listAnew(this.#hub, this.parts.receiver);
  }

  disconnect(): void {
    this.#connection?.stream.close();
    this.#connection = undefined;
  }

  /** From where it was, or from an older place with the rows of that place. */
  comeBack(older?: number): void {
    const place = older === undefined ? this.#now : this.#kept[older % this.#kept.length];
    if (!place) throw new Error('it has never begun');
    this.disconnect();
    this.#now = place;
    this.#isLost = false;
    this.#connect(place.cursor, this.#begunAt);
  }

  /** Until it has this row, or is told to list everything anew. @throws when nothing comes for too long */
  async untilTold(id: string): Promise<void> {
    const signal = AbortSignal.timeout(TOLD_WITHIN_MS);
    while (!this.rows.has(id) && !this.#isLost) {
      this.check();
      if (!this.isConnected) this.comeBack();
      await once(this.#events, TOLD, { signal }).catch((cause) => {
        throw new Error(`${this.parts.receiver.name} was never told of ${id}`, { cause });
      });
    }
    this.check();
  }

  #connect(cursor: string, begunAt?: string): void {
    const { receiver, by } = this.parts;
    const where = followed(receiver);
    const params = headersOf(receiver.asks());
    const { url } = this.#hub;
    const stream =
      by === 'WebSocket'
        ? overSocket(url, textFor(receiver), { params, variables: { after: cursor, where } })
        : // What reads events asks again as it asked at first, and says beside it how far it came.
          overEvents(url, textFor(receiver), {
            params: { ...params, ...(begunAt && { 'Last-Event-ID': cursor }) },
            variables: { after: begunAt ?? cursor, where },
          });
    const connection = { stream, url, behind: this.#ledger.answered, toldAt: new Map(), shownMarks: new Map() };
    this.#connection = connection;
    void this.#follow(connection);
  }

  async #follow(connection: Connection): Promise<void> {
    try {
      while (this.#connection === connection) {
        const message = await connection.stream.next().catch((end: unknown) => ({ end }));
        if (this.#connection !== connection) return;
        if ('end' in message) this.#cut(connection, message.end);
        else this.#take(connection, message);
        this.#events.emit(TOLD);
      }
    } catch (fault) {
      this.#fault ??= fault;
      this.disconnect();
      this.#events.emit(TOLD);
    }
  }

  /** Only the death of the hub may end a stream. */
  #cut({ url }: Connection, end: unknown): void {
    this.disconnect();
    if (this.#hub.isAlive && this.#hub.url === url) throw this.#wrong(`the stream was ended: ${JSON.stringify(end)} ${end}`);
  }

  #take(connection: Connection, message: Delivery): void {
    if (message.errors) throw this.#wrong(JSON.stringify(message.errors));
    const delivery = message.data.changes;
    if (delivery.__typename === 'Change') {
      this.#judge(connection, delivery, JSON.stringify(message));
      this.#apply(delivery);
      return;
    }
    this.disconnect();
    if (delivery.__typename !== 'Resync') return;
    this.resyncs++;
    this.#isLost = true;
  }

  #judge(connection: Connection, { at, recordId, record }: Change, text: string): void {
    const moment = Date.parse(at);
    connection.behind = Math.max(connection.behind, this.#ledger.toldBy(moment));
    this.#told.push({ text, behind: connection.behind, upTo: this.#ledger.begun });

    const subject = subjectOf(record) ?? subjectOf(this.rows.get(recordId));
    if (subject !== undefined) {
      if ((connection.toldAt.get(subject) ?? 0) > moment) throw this.#wrong(`out of the order of its subject: ${text}`);
      connection.toldAt.set(subject, moment);
    }
    const mark = Number(/明(\d+)号/.exec(text)?.[1] ?? 0);
    if (mark === 0) return;
    if ((connection.shownMarks.get(recordId) ?? 0) > mark) throw this.#wrong(`an older version behind a newer one: ${text}`);
    connection.shownMarks.set(recordId, mark);
  }

  #apply({ cursor, recordId, tombstone, record }: Change): void {
    const rows = new Map(this.rows);
    // A record is looked up behind its change: a row that was closed in between is told of without it, and as gone next.
    if (tombstone || !record) rows.delete(recordId);
    else rows.set(recordId, record);
    this.#keep({ cursor, rows });
  }

  #keep(place: Kept): void {
    this.#now = place;
    this.#kept.push(place);
  }

  #wrong(what: string): Error {
    return new Error(`${this.parts.receiver.name}, by ${this.parts.by}: ${what}`);
  }
}

function subjectOf(row: Readonly<Record<string, unknown>> | null | undefined): string | undefined {
  const subject = row?.subject;
  return typeof subject === 'object' && subject !== null && 'id' in subject ? String(subject.id) : undefined;
}

const textFor = (receiver: Receiver) => `subscription ($after: Cursor, $where: ChangeFilter) { changes(after: $after, where: $where) {
  __typename ... on Change { cursor at recordId tombstone record { ${recordFields(receiver)} } } ... on Resync { reason } } }`;

const headersOf = ({ token, purpose, headers }: Asking) => ({
  ...(token && { Authorization: `Bearer ${token}` }),
  ...(purpose && { 'Hub-Purpose': purpose }),
  ...headers,
});
