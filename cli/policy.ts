import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import type { Policy } from '../auth/policy.ts';
import { AUDIENCES, type Audience } from '../auth/principal.ts';
import type { Command, CommandIo } from './command.ts';
import { CommandFault } from './command-fault.ts';
import { parametersPage } from './generate/parameters.ts';
import { permissionsPage } from './generate/permissions.ts';
import { writeGenerated } from './generated-files.ts';
import { policyDifference } from './policy-diff.ts';
import { differenceText } from './policy-diff-text.ts';
import { type PolicyDocument, policyDocument, readPolicyDocument } from './policy-document.ts';
import { explainField, explanationText } from './policy-explain.ts';
import { isAudience } from './policy-sentences.ts';
import { composeFromFiles } from './static-graph.ts';

const USAGE = [
  '用法 usage:',
  '  hub policy matrix [--check]',
  '  hub policy explain <Type.field | 中文标签> [--audience A]',
  '  hub policy diff <policy.json | -> [policy.json]',
].join('\n');

/** `hub policy matrix|explain|diff`: the permissions page, who sees a field, and what changed between two policies. */
export const runPolicy: Command = async ([name, ...argv], io) => {
  if (name === 'matrix') return matrix(argv, io);
  if (name === 'explain') return explain(argv, io);
  if (name === 'diff') return diff(argv, io);
  throw new CommandFault(USAGE);
};

/** Writes `docs/permissions.md` and `docs/parameters.md`; with `--check` only says whether they are as they have to be. */
function matrix(argv: readonly string[], io: CommandIo): number {
  const { values } = parseArgs({ args: [...argv], options: { check: { type: 'boolean', default: false } } });
  const { catalogue, policy } = composeFromFiles(io.env);
  const pages = new Map([
    ['docs/permissions.md', permissionsPage(policy)],
    ['docs/parameters.md', parametersPage(catalogue)],
  ]);
  const different = writeGenerated(pages, values);
  if (io.json) io.stdout(JSON.stringify({ policy: policy.hash, different }));
  else
    io.stdout(
      different.length === 0
        ? `权限与参数一览无变化 unchanged: ${[...pages.keys()].join(', ')}`
        : `${values.check ? '与现有文件不符 differs' : '已生成 written'}: ${different.join(', ')}`,
    );
  return values.check && different.length > 0 ? 1 : 0;
}

/** Who sees one field, on what condition, by which rule. */
function explain(argv: readonly string[], io: CommandIo): number {
  const { values, positionals } = parseArgs({ args: [...argv], allowPositionals: true, options: { audience: { type: 'string' } } });
  const [field, ...more] = positionals;
  if (field === undefined || more.length > 0) throw new CommandFault(USAGE);
  const explanation = explainField(composeFromFiles(io.env).policy, field, audienceNamed(values.audience));
  io.stdout(io.json ? JSON.stringify(explanation) : explanationText(explanation));
  return 0;
}

function audienceNamed(name: string | undefined): Audience | undefined {
  if (name === undefined || isAudience(name)) return name;
  throw new CommandFault(`没有受众 ${name}，可选 / there is no audience ${name}; there are ${AUDIENCES.join(', ')}`);
}

/** What opened and what closed since an older policy, field by field. Exit code 1 when something changed. */
async function diff(argv: readonly string[], io: CommandIo): Promise<number> {
  const { positionals } = parseArgs({ args: [...argv], allowPositionals: true, options: {} });
  const [older, newer, ...more] = positionals;
  if (older === undefined || more.length > 0) throw new CommandFault(USAGE);
  const { policy } = composeFromFiles(io.env);
  const difference = policyDifference(
    await readPolicy(older),
    newer === undefined ? presentPolicy(policy) : await readPolicy(newer),
    policy.catalogue.types,
  );
  io.stdout(io.json ? JSON.stringify(difference) : differenceText(difference));
  return difference.changed ? 1 : 0;
}

/** What the files compile to, read as it would be from a file: there what is undefined is missing. */
function presentPolicy(policy: Policy): PolicyDocument {
  return readPolicyDocument(JSON.stringify(policyDocument(policy)), 'policy');
}

async function readPolicy(path: string): Promise<PolicyDocument> {
  if (path === '-') return readPolicyDocument(await text(process.stdin), '-');
  try {
    return readPolicyDocument(readFileSync(path, 'utf8'), path);
  } catch (error) {
    if (error instanceof CommandFault) throw error;
    throw new CommandFault(`读不到文件 ${path} / ${path} cannot be read`, { cause: error });
  }
}
