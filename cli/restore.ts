import { mkdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Catalogue } from '../schema/catalogue.ts';
import { HubError } from '../schema/errors.ts';
import type { Piece } from '../store/transfer.ts';
import { putBesideStore, refuseOtherKeys } from './beside-store.ts';
import type { Command } from './command.ts';
import { CommandFault } from './command-fault.ts';
import { type BesideStore, type DumpKey, type DumpSummary, readDump, Tally } from './dump-file.ts';
import { readDumpKey } from './dump-key.ts';
import { recordExport } from './export-entry.ts';
import { type HubTransfer, openHubTransfer } from './hub-transfer.ts';
import { collectionsOf } from './open-hub.ts';
import { policyFromFiles } from './static-graph.ts';

const USAGE = 'hub restore --from FILE --key KEYFILE [--store URL]';

/** `hub restore`: puts a dump into an empty store. The file is read to its end before anything is kept, and what was kept is compared with it. */
export const runRestore: Command = async (argv, { dataDir, env, json, stdout, stderr }) => {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ args: [...argv], options: { from: text, key: text, store: text } });
  const { from, key: keyFile, store } = values;
  if (from === undefined || keyFile === undefined) throw new CommandFault(USAGE);
  const key = readDumpKey(keyFile);
  const place = { dataDir, storeUrl: store ?? env.HUB_STORE, layout: 'apply' } as const;
  const { catalogue, policy } = policyFromFiles(env);
  const { summary, beside } = await examined(from, key, catalogue);
  refuseOtherKeys(dataDir, beside);
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const transfer = await openHubTransfer(place, catalogue, { isTarget: true });
  try {
    await begin(transfer);
    putBesideStore(dataDir, beside);
    stderr('正在写入，完成之前请勿启动枢纽 / writing: no hub starts on this store until it is done');
    await transfer.import(() => piecesOf(from, key));
    await compare(transfer, key, summary);
    await transfer.finish();
  } finally {
    await transfer.close();
  }
  await recordExport(place, { operation: 'hub restore', policy: policy.hash });
  const { changes, documents, entries, records, logs } = summary;
  if (json) stdout(JSON.stringify({ file: from, ...summary }));
  else {
    stdout(
      `已恢复 ${documents} 个版本、${changes} 条变更、${entries} 条日志 / Restored ${documents} versions, ${changes} changes, ${entries} log entries`,
    );
    stdout(`摘要 digests: records ${records}, logs ${logs}`);
  }
  return 0;
};

/** Reads the whole dump once. @throws CommandFault when anything is wrong with it, or the catalogue does not declare what it holds */
async function examined(
  from: string,
  key: DumpKey,
  catalogue: Catalogue,
): Promise<{ summary: DumpSummary; beside: readonly BesideStore[] }> {
  const declared = new Map(collectionsOf(catalogue).map(({ name, columns }) => [name, new Set(columns.map((column) => column.name))]));
  const undeclared = new Set<string>();
  const beside: BesideStore[] = [];
  const pieces = readDump(from, key);
  for (let next = await pieces.next(); ; next = await pieces.next()) {
    if (next.done) {
      if (undeclared.size === 0) return { summary: next.value, beside };
      throw new CommandFault(`目录中没有 / the catalogue does not declare: ${[...undeclared].sort().join(', ')}`);
    }
    const piece = next.value;
    if (piece.piece === 'FILE' || piece.piece === 'KEY') beside.push(piece);
    if (piece.piece !== 'DOCUMENT') continue;
    const columns = declared.get(piece.collection);
    if (!columns) undeclared.add(piece.collection);
    else for (const name in piece.columns) if (!columns.has(name)) undeclared.add(`${piece.collection}.${name}`);
  }
}

async function begin(transfer: HubTransfer): Promise<void> {
  try {
    await transfer.begin();
  } catch (error) {
    if (!(error instanceof HubError && error.code === 'CONFLICT')) throw error;
    throw new CommandFault('目标存储不为空，只能恢复到空的存储 / the store is not empty: a dump is restored into an empty one', {
      cause: error,
    });
  }
}

async function* piecesOf(from: string, key: DumpKey): AsyncGenerator<Piece> {
  for await (const piece of readDump(from, key)) if (piece.piece !== 'FILE' && piece.piece !== 'KEY') yield piece;
}

async function compare(transfer: HubTransfer, { suite }: DumpKey, summary: DumpSummary): Promise<void> {
  const tally = new Tally(suite);
  for await (const piece of transfer.export()) tally.add(piece);
  if (JSON.stringify(tally.summary) === JSON.stringify(summary)) return;
  throw new CommandFault('写入的内容与导出文件不符，请重新恢复 / what was written is not what the dump holds: restore again');
}
