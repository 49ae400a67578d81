import { parseArgs } from 'node:util';
import type { Command } from './command.ts';
import { CommandFault } from './command-fault.ts';
import { permissionsPage } from './generate/permissions.ts';
import { writeGenerated } from './generated-files.ts';
import { composeFromFiles } from './static-graph.ts';

/** `hub policy matrix [--check]`: writes `docs/permissions.md`. */
export const runPolicy: Command = async (argv, io) => {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: { check: { type: 'boolean', default: false } },
  });
  if (positionals[0] !== 'matrix') throw new CommandFault('hub policy matrix [--check]');
  const { policy } = composeFromFiles(io.env);
  const different = writeGenerated(new Map([['docs/permissions.md', permissionsPage(policy)]]), values);
  if (io.json) io.stdout(JSON.stringify({ policy: policy.hash, different }));
  else
    io.stdout(
      different.length === 0
        ? '权限一览无变化 docs/permissions.md is unchanged'
        : `${values.check ? '与现有文件不符 differs' : '已生成 written'}: ${different.join(', ')}`,
    );
  return values.check && different.length > 0 ? 1 : 0;
};
