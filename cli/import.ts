import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import type { RecordType } from '../schema/catalogue.ts';
import { HubError } from '../schema/errors.ts';
import { isWellFormedUscc, normaliseCode } from '../schema/uscc.ts';
import type { Clock } from '../store/port.ts';
import { ENCODINGS, type Encoding } from './import/detect-encoding.ts';
import { typeNamed } from './import/find-type.ts';
import { type ImportSettings, importFile } from './import/import-file.ts';
import { openRehearsal } from './import/rehearsal.ts';
import { exitCodeOf, type FileReport, importReport, reportText, unusableReport } from './import/report.ts';
import { UnusableFile } from './import/unusable-file.ts';
import { type Hub, openHub } from './open-hub.ts';

export interface ImportIo {
  readonly stdout: (line: string) => void;
  /** Takes text as it is; progress and log. */
  readonly stderr: (text: string) => void;
  readonly isTerminal?: boolean | undefined;
  readonly clock?: Clock | undefined;
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

const USAGE = 'hub import <file…> [--type T] [--source USCC] [--encoding utf8|gb18030] [--dry-run] [--data DIR] [--json] [--store URL]';
const FLAGS = {
  type: { type: 'string' },
  source: { type: 'string' },
  encoding: { type: 'string' },
  'dry-run': { type: 'boolean', default: false },
  data: { type: 'string', default: './data' },
  json: { type: 'boolean', default: false },
  store: { type: 'string' },
} as const;

/** `hub import`: brings files into the store. Answers 0 when every row was taken, 1 when some were rejected, 2 when something was unusable. */
export async function runImport(argv: readonly string[], io: ImportIo): Promise<0 | 1 | 2> {
  try {
    const { values: flags, positionals: files } = readArguments(argv);
    if (files.length === 0) throw new HubError('BAD_USER_INPUT', USAGE);
    const isDryRun = flags['dry-run'];
    const dataDir = flags.data;
    const encoding = readEncoding(flags.encoding);
    const source = readSource(flags.source);
    const options = { dataDir, storeUrl: flags.store, clock: io.clock, env: io.env };
    const hub = isDryRun ? await openRehearsal(options) : await openHub(options);
    try {
      const type = readType(hub, flags.type);
      const report = importReport(
        await importAll(hub, files, { dataDir, type, source, encoding, isDryRun, onProgress: progressOn(io) }, io),
      );
      if (!isDryRun) await hub.effects.settle();
      io.stdout(flags.json ? JSON.stringify(report) : reportText(report, isDryRun));
      return exitCodeOf(report);
    } finally {
      await hub.close();
    }
  } catch (error) {
    if (!isExplained(error)) throw error;
    io.stderr(`${error.message}\n`);
    return 2;
  }
}

/** One file that cannot be read does not stop the others. */
async function importAll(
  hub: Hub,
  files: readonly string[],
  settings: Omit<ImportSettings, 'rejectedFolder'> & { readonly dataDir: string },
  { stderr, isTerminal }: ImportIo,
): Promise<readonly FileReport[]> {
  const reports: FileReport[] = [];
  for (const [index, file] of files.entries()) {
    const isNamedTwice = files.slice(0, index).some((earlier) => basename(earlier) === basename(file));
    const rejectedFolder = join(settings.dataDir, 'rejected', isNamedTwice ? String(index + 1) : '');
    try {
      reports.push(await importFile(hub, file, { ...settings, rejectedFolder }));
    } catch (error) {
      if (!(error instanceof UnusableFile)) throw error;
      const sentence = `${error.zh} / ${error.message}`;
      stderr(`${file}: ${sentence}\n`);
      reports.push(unusableReport(file, sentence));
    }
    if (isTerminal) stderr('\n');
  }
  return reports;
}

/** On a terminal one line that is written over, elsewhere a line now and then. */
function progressOn({ stderr, isTerminal = false }: ImportIo): ImportSettings['onProgress'] {
  const rowsALine = 20_000;
  let next = rowsALine;
  return (file, rows) => {
    if (rows < next - rowsALine) next = rowsALine;
    if (isTerminal) stderr(`\r${file}: ${rows} 行 / rows `);
    else if (rows >= next) {
      stderr(`${file}: ${rows} 行 / rows\n`);
      next += rowsALine;
    }
  };
}

function readType({ catalogue }: Hub, name: string | undefined): RecordType | undefined {
  if (name === undefined) return undefined;
  const type = typeNamed(catalogue, name);
  if (type) return type;
  const known = catalogue.types.filter(({ kind }) => kind !== 'subject').map(({ code }) => code);
  throw new HubError('BAD_USER_INPUT', `没有该信息类型 / --type is one of ${known.join(', ')}`);
}

function readEncoding(name: string | undefined): Encoding | undefined {
  const encoding = ENCODINGS.find((known) => known === name);
  if (name !== undefined && !encoding) throw new HubError('BAD_USER_INPUT', `--encoding: ${ENCODINGS.join(' | ')}`);
  return encoding;
}

function readSource(code: string | undefined): string | undefined {
  const source = code === undefined ? undefined : normaliseCode(code);
  if (source !== undefined && !isWellFormedUscc(source))
    throw new HubError('BAD_USER_INPUT', '--source 须为统一社会信用代码 / has to be a unified social credit code');
  return source;
}

function readArguments(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: FLAGS, allowPositionals: true });
  } catch (error) {
    throw new HubError('BAD_USER_INPUT', `${error instanceof Error ? error.message : String(error)}\n${USAGE}`, { cause: error });
  }
}

/** What the person at the terminal can do something about. */
function isExplained(error: unknown): error is HubError {
  return error instanceof HubError && (error.code === 'BAD_USER_INPUT' || error.code === 'STORE_UNAVAILABLE');
}
