import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { besideStore } from './beside-store.ts';
import type { Command } from './command.ts';
import { CommandFault } from './command-fault.ts';
import { type DumpPiece, writeDump } from './dump-file.ts';
import { makeDumpKey, readDumpKey } from './dump-key.ts';
import { recordExport } from './export-entry.ts';
import { type HubTransfer, openHubTransfer } from './hub-transfer.ts';
import { policyFromFiles } from './static-graph.ts';
import { isStoreThere } from './store-place.ts';

const USAGE = 'hub dump --to FILE --key KEYFILE [--with-keys] [--store URL] | hub dump --new-key FILE';

/**
 * `hub dump`: everything that the hub keeps, in one encrypted file, while it goes on serving. The access log tells of it first. Keys are in it only when
 * they are asked for: without them nobody reads sealed values.
 */
export const runDump: Command = async (argv, { dataDir, env, json, stdout }) => {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...argv],
    options: { to: text, key: text, store: text, 'new-key': text, 'with-keys': { type: 'boolean', default: false } },
  });
  const { to, key: keyFile, store, 'new-key': newKey, 'with-keys': withKeys } = values;
  if (newKey !== undefined) {
    if (argv.length > 2) throw new CommandFault(USAGE);
    makeDumpKey(newKey);
    stdout(
      json ? JSON.stringify({ key: newKey }) : `已生成密钥 ${newKey}，请妥善保管 / Made the key ${newKey}: keep it apart from the dump`,
    );
    return 0;
  }
  if (to === undefined || keyFile === undefined) throw new CommandFault(USAGE);
  const key = readDumpKey(keyFile);
  const place = { dataDir, storeUrl: store ?? env.HUB_STORE };
  if (existsSync(to)) throw new CommandFault(`${to} 已存在 / is there already`);
  if (!isStoreThere(place)) throw new CommandFault(`${dataDir} 中没有数据 / holds no data`);
  const { catalogue, policy } = policyFromFiles(env);
  const transfer = await openHubTransfer(place, catalogue, { isTarget: false });
  try {
    await recordExport(place, { operation: `hub dump${withKeys ? ' --with-keys' : ''}`, policy: policy.hash });
    const summary = await writeDump(
      to,
      key,
      dumped(transfer, () => besideStore(dataDir, { withKeys })),
    );
    const { changes, documents, entries, records, logs } = summary;
    if (json) stdout(JSON.stringify({ file: to, keys: withKeys, ...summary }));
    else {
      stdout(
        `已导出 ${documents} 个版本、${changes} 条变更、${entries} 条日志 / Dumped ${documents} versions, ${changes} changes, ${entries} log entries`,
      );
      stdout(`摘要 digests: records ${records}, logs ${logs}`);
      if (!withKeys) stdout('不含密钥；没有 keys/ 就无法读取加密的值 / Without keys: sealed values are read with keys/ alone');
    }
    return 0;
  } finally {
    await transfer.close();
  }
};

/** What stands beside the store comes first: nothing is taken in before its keys are known to fit. */
async function* dumped(transfer: HubTransfer, beside: () => ReturnType<typeof besideStore>): AsyncGenerator<DumpPiece> {
  yield* beside();
  yield* transfer.export();
}
