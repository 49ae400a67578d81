import { randomFillSync } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { WEBHOOK_COLLECTIONS } from '../changes/webhook-documents.ts';
import type { WebhookHosts } from '../changes/webhook-hosts.ts';
import type { Catalogue } from '../schema/catalogue.ts';
import { type CatalogueFile, readCatalogue } from '../schema/read-catalogue.ts';
import type { Clock, CollectionSpec, Store } from '../store/port.ts';
import { RETENTION, type WrittenLog } from '../subgraphs/access/access-log.ts';
import { REVEALS, VOUCHER_USES } from '../subgraphs/access/collections.ts';
import { createWindowClock, WINDOW_TURNS, type WindowClock } from '../subgraphs/changes/window-clock.ts';
import { createEffects, EFFECT_CURSORS, type Effects } from '../subgraphs/kit/effects.ts';
import { openSealer } from '../subgraphs/kit/file-sealer.ts';
import { collectionOf, RECORD_INDEX } from '../subgraphs/kit/record-collection.ts';
import { createRecordEngine, type RecordEngine } from '../subgraphs/kit/record-engine/engine.ts';
import type { TypeRules } from '../subgraphs/kit/record-engine/rows.ts';
import type { EngineParts } from '../subgraphs/kit/record-engine/submit.ts';
import type { Sealer } from '../subgraphs/kit/sealer.ts';
import type { SubjectDirectory } from '../subgraphs/kit/subject-directory.ts';
import { LIST_ENTRY_RULES } from '../subgraphs/lists/rules.ts';
import { RECORD_HOLDS, recordHolding } from '../subgraphs/records/record-holds.ts';
import { SUBJECTS, WORK_ITEMS } from '../subgraphs/subjects/collections.ts';
import { createSubjectDirectory } from '../subgraphs/subjects/directory.ts';
import { subjectNaming } from '../subgraphs/subjects/naming.ts';
import { readCatalogueFiles } from './catalogue-files.ts';
import { CommandFault } from './command-fault.ts';
import { isFeedPublic, windowDaysOf } from './feed-settings.ts';
import { openLogStore } from './log-store.ts';
import { startLogThread } from './log-thread.ts';
import { readRegions } from './region-settings.ts';
import { shipListCatalogue } from './ship-list-catalogue.ts';
import { openStoreAt, type StorePlace } from './store-place.ts';
import { webhookHostsOf } from './webhook-settings.ts';

export interface OpenOptions {
  /** Store, keys and rejected rows stand here. */
  readonly dataDir: string;
  /** `HUB_STORE` unless told. */
  readonly storeUrl?: string | undefined;
  readonly clock?: Clock | undefined;
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Puts nothing into the store by itself. */
  readonly untouched?: boolean | undefined;
}

/** The parts that every command of the hub works with. */
export interface Hub {
  readonly store: Store;
  readonly catalogue: Catalogue;
  readonly sealer: Sealer;
  readonly directory: SubjectDirectory;
  readonly engine: RecordEngine;
  readonly effects: Effects;
  /** Writes down what the date alone changes. */
  readonly windows: WindowClock;
  /** Days for which a cursor of the change feed goes on. */
  readonly windowDays: number;
  /** The public and subjects may follow changes too. */
  readonly isFeedPublic: boolean;
  /** What webhooks may reach. */
  readonly webhookHosts: WebhookHosts;
  readonly accessLog: WrittenLog;
  /** What the access log is kept in. */
  readonly logStore: Store;
  readonly files: readonly CatalogueFile[];
  readonly clock: Clock;
  /** What `engine` is made of, for another one over the same store. */
  readonly parts: EngineParts;
  close(): Promise<void>;
}

const RULES: ReadonlyMap<string, TypeRules> = new Map([['ListEntry', LIST_ENTRY_RULES]]);

/** Opens store, keys and engine over the catalogue of all subgraphs. @throws CatalogueError, CommandFault, STORE_UNAVAILABLE */
export async function openHub({
  dataDir,
  clock = SYSTEM_CLOCK,
  env = process.env,
  storeUrl = env.HUB_STORE,
  untouched = false,
}: OpenOptions): Promise<Hub> {
  const files = readCatalogueFiles(env);
  const catalogue = readCatalogue(files, readRegions(env));
  const webhookHosts = webhookHostsOf(env);
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const sealer = openSealer(join(dataDir, 'keys'), { clock });
  const place = { dataDir, storeUrl, layout: layoutDuty(env) };
  const store = await openStoreAt(place, { collections: collectionsOf(catalogue), clock });
  const newId = idMaker();
  const directory = createSubjectDirectory({ store, sealer, clock, newId });
  const parts: EngineParts = { store, catalogue, directory, sealer, clock, newId, rules: RULES };
  const engine = createRecordEngine(parts);
  const handlers = [subjectNaming({ store, catalogue, directory, clock }), recordHolding({ store, catalogue, clock })];
  const effects = createEffects({ store, handlers, clock });
  const windows = createWindowClock({ store, catalogue, clock });
  const logStore = await openLogStore(place, clock);
  const accessLog = startLogThread({ ...place, years: retentionOf(env) }, (problem) => process.emitWarning(`access log: ${problem}`));
  if (!untouched) await shipListCatalogue({ store, catalogue, engine });
  return {
    store,
    catalogue,
    sealer,
    directory,
    engine,
    effects,
    windows,
    windowDays: windowDaysOf(env),
    isFeedPublic: isFeedPublic(env),
    webhookHosts,
    accessLog,
    logStore,
    files,
    clock,
    parts,
    async close() {
      await effects.stop();
      await windows.stop();
      await accessLog.close();
      await logStore.close();
      await store.close();
    },
  };
}

/** Every collection that the hub keeps. */
export function collectionsOf(catalogue: Catalogue): readonly CollectionSpec[] {
  const types = catalogue.types.filter(({ kind }) => kind !== 'subject');
  return [
    SUBJECTS,
    WORK_ITEMS,
    RECORD_INDEX,
    EFFECT_CURSORS,
    RECORD_HOLDS,
    VOUCHER_USES,
    REVEALS,
    WINDOW_TURNS,
    ...WEBHOOK_COLLECTIONS,
    ...types.map(collectionOf),
  ];
}

/** `HUB_MIGRATE=auto`: a database is brought up to date by whoever opens it; otherwise that is left to `hub migrate`. */
function layoutDuty({ HUB_MIGRATE: text }: Readonly<Record<string, string | undefined>>): StorePlace['layout'] {
  if (text === undefined || text === '') return 'require';
  if (text === 'auto') return 'apply';
  throw new CommandFault('HUB_MIGRATE 只能为 auto / is auto or nothing');
}

/** `HUB_ACCESS_LOG_YEARS`: how long entries of the access log have to be kept, 3 to 10 years, 5 unless told. */
function retentionOf({ HUB_ACCESS_LOG_YEARS: text }: Readonly<Record<string, string | undefined>>): number {
  if (text === undefined || text === '') return RETENTION.usual;
  const years = Number(text);
  if (Number.isInteger(years) && years >= RETENTION.least && years <= RETENTION.most) return years;
  throw new CommandFault(
    `HUB_ACCESS_LOG_YEARS 须为 ${RETENTION.least} 至 ${RETENTION.most} 的整数 / is a whole number from ${RETENTION.least} to ${RETENTION.most}`,
  );
}

const SYSTEM_CLOCK: Clock = { now: () => new Date() };

/** Makes ids of 128 random bits: no order, no volume, nothing derived. The bits are drawn for many at a time. */
function idMaker(): () => string {
  const pool = Buffer.alloc(ID_BYTES * 256);
  let next = pool.length;
  return () => {
    if (next === pool.length) {
      randomFillSync(pool);
      next = 0;
    }
    next += ID_BYTES;
    return pool.toString('base64url', next - ID_BYTES, next);
  };
}
const ID_BYTES = 16;
