import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { type Hub, openHub } from '../../cli/open-hub.ts';
import type { RecordType } from '../../schema/catalogue.ts';
import type { Document } from '../../store/port.ts';
import type { Origin, RowOutcome } from '../../subgraphs/kit/record-engine/rows.ts';

export interface TemporaryHub extends Hub {
  readonly dataDir: string;
  /** The day that the clock shows. */
  setToday(today: string): void;
  typeOf(code: string): RecordType;
  /** Rows by item names, numbered from 1, as the operator's import takes them. */
  submit(code: string, rows: readonly Readonly<Record<string, unknown>>[], origin?: Partial<Origin>): Promise<readonly RowOutcome[]>;
  recordOf(code: string, id: string | undefined): Promise<Document>;
}

/** Store, keys and engine in a temporary folder, on a day of its own; `close` removes the folder. */
export async function openTemporaryHub(today = '2026-11-24'): Promise<TemporaryHub> {
  const dataDir = await temporaryData();
  let now = noonOf(today);
  const hub = await openHub({ dataDir, clock: { now: () => now }, env: {} });
  const typeOf = (code: string) => {
    const type = hub.catalogue.types.find((candidate) => candidate.code === code);
    if (!type) throw new Error(`there is no type ${code}`);
    return type;
  };
  return {
    ...hub,
    dataDir,
    typeOf,
    setToday: (day) => {
      now = noonOf(day);
    },
    submit: (code, rows, origin = {}) =>
      hub.engine.submit(
        typeOf(code),
        rows.map((values, index) => ({ row: index + 1, values })),
        { actor: 'test', mode: 'MANUAL', viaToken: false, ...origin },
      ),
    async recordOf(code, id) {
      const [document] = await hub.store.read((tx) => tx.get(typeOf(code).collection, [id ?? '']));
      if (!document) throw new Error('there is no such record');
      return document;
    },
    async close() {
      await hub.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** A folder in which a hub was opened once: to make all tables takes a second. */
export async function temporaryData(): Promise<string> {
  emptyHub ??= readEmptyHub();
  const folder = await mkdtemp(join(tmpdir(), 'hub-'));
  for (const [path, bytes] of await emptyHub) {
    await mkdir(dirname(join(folder, path)), { recursive: true, mode: 0o700 });
    await writeFile(join(folder, path), bytes, { mode: 0o600 });
  }
  return folder;
}

let emptyHub: Promise<ReadonlyMap<string, Buffer>> | undefined;
async function readEmptyHub(): Promise<ReadonlyMap<string, Buffer>> {
  const folder = await mkdtemp(join(tmpdir(), 'hub-'));
  try {
    await (await openHub({ dataDir: folder, env: {} })).close();
    const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
    const paths = files.map(({ parentPath, name }) => join(parentPath, name));
    return new Map(await Promise.all(paths.map(async (path) => [relative(folder, path), await readFile(path)] as const)));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function noonOf(day: string): Date {
  return new Date(`${day}T12:00:00+08:00`);
}
