import { parseArgs } from 'node:util';
import { printSchema } from 'graphql';
import type { Command } from './command.ts';
import { errorsPage } from './generate/errors-page.ts';
import { recordPage } from './generate/record-page.ts';
import { POLICY_FILE, SUPERGRAPH_FILE, writeGenerated } from './generated-files.ts';
import { policyDocument } from './policy-document.ts';
import { composeFromFiles, type StaticGraph } from './static-graph.ts';

/** `hub compose [--check]`: supergraph, API schema, policy and the pages that follow from the catalogue. */
export const runCompose: Command = async (argv, io) => {
  const { values } = parseArgs({ args: [...argv], options: { check: { type: 'boolean', default: false } } });
  const graph = composeFromFiles(io.env);
  const different = writeGenerated(generatedFiles(graph), values);
  if (io.json)
    io.stdout(JSON.stringify({ supergraph: graph.composed.hash, policy: graph.policy.hash, hints: graph.composed.hints, different }));
  else {
    for (const hint of graph.composed.hints) io.stderr(hint);
    for (const path of different) io.stdout(values.check ? `与现有文件不符 differs: ${path}` : `已生成 written: ${path}`);
    io.stdout(`超图 supergraph ${graph.composed.hash}，规则 policy ${graph.policy.hash}，提示 hints ${graph.composed.hints.length}`);
  }
  return values.check && different.length > 0 ? 1 : 0;
};

function generatedFiles({ catalogue, policy, composed }: StaticGraph): ReadonlyMap<string, string> {
  return new Map([
    [SUPERGRAPH_FILE, composed.sdl],
    ['schema/generated/api.graphql', `${printSchema(composed.schema)}\n`],
    [POLICY_FILE, `${JSON.stringify({ sources: composed.sources, supergraph: composed.hash, ...policyDocument(policy) }, null, 2)}\n`],
    ['docs/errors.md', errorsPage()],
    ...catalogue.types
      .filter(({ kind }) => kind !== 'subject')
      .map((type): [string, string] => [`docs/records/${type.code}.md`, recordPage(type, catalogue)]),
  ]);
}
