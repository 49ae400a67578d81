import { compileFunction } from 'node:vm';
import ts from 'typescript';
import type { Rule } from '../../auth/matrix.ts';
import { AUDIENCES } from '../../auth/principal.ts';
import { CLASSES } from '../../schema/catalogue.ts';
import { DRAFTS, EXCEPTIONS, SECRECIES, SEVERITIES, SHARES, STATUSES, STOPPED, SUBJECT_KINDS } from '../../schema/gate.ts';

// Deliberate changes to the decision table as it stands in the product, one thing at a time.

/** One rule with one thing changed; `rule` is undefined where it is left out altogether. */
export interface RuleMutant {
  readonly name: string;
  readonly rule: Rule | undefined;
}

/** Every class and audience put into a rule and taken out of it, and every restriction taken off. */
export function mutantsOfRule(rule: Rule): readonly RuleMutant[] {
  const found: RuleMutant[] = [{ name: 'left out', rule: undefined }];
  const change = (name: string, changes: Partial<Rule>) => found.push({ name, rule: { ...rule, ...changes } });
  for (const audience of AUDIENCES) {
    const audiences = toggled(rule.audiences, audience);
    change(`${rule.audiences.includes(audience) ? 'not' : 'also'} for ${audience}`, { audiences });
  }
  for (const name of rule.only ?? []) change(`without ${name}`, { only: toggled(rule.only ?? [], name) });
  // `only` names the fields whatever their class, and what is clear is not masked as well.
  for (const clazz of rule.only ? [] : CLASSES) {
    const isClear = rule.clear.includes(clazz);
    change(`${clazz} ${isClear ? 'not' : 'too'} clear`, { clear: toggled(rule.clear, clazz) });
    if (!isClear) change(`${clazz} ${rule.masked?.includes(clazz) ? 'not' : 'too'} masked`, { masked: toggled(rule.masked ?? [], clazz) });
  }
  if (rule.needsPurpose)
    change(`needs ${rule.needsPurpose === 'ANY' ? 'DUTY' : 'ANY'}`, { needsPurpose: rule.needsPurpose === 'ANY' ? 'DUTY' : 'ANY' });
  for (const mark of [
    'needsPurpose',
    'only',
    'within',
    'declared',
    'datesFollowClass',
    'toParties',
    'toSubject',
    'opensSomething',
    'toAudit',
    'needsReveal',
  ] as const) {
    if (rule[mark] === undefined) continue;
    const { [mark]: _without, ...rest } = rule;
    found.push({ name: `without ${mark}`, rule: rest });
  }
  if (rule.toSubject !== undefined) change('for the others of toSubject', { toSubject: !rule.toSubject });
  for (const mark of ['declared', 'datesFollowClass', 'opensSomething', 'toParties', 'toAudit', 'needsReveal'] as const)
    if (rule[mark] === undefined) change(`with ${mark}`, { [mark]: true });
  return found;
}

function toggled<T>(values: readonly T[], value: T): readonly T[] {
  return values.includes(value) ? values.filter((other) => other !== value) : [...values, value];
}

/** One change of a text; `text` stands in place of what is between `start` and `end`. */
export interface TextMutant {
  readonly name: string;
  readonly text: string;
}

/** Every condition of a conjunction or disjunction left out, every word of a list of words taken out and every other put in. */
export function mutantsOfText(text: string): readonly TextMutant[] {
  const source = ts.createSourceFile('mutated.ts', text, ts.ScriptTarget.Latest, true);
  const found: TextMutant[] = [];
  const names = new Map<string, number>();
  const change = (node: ts.Node, what: string, replacement: string) => {
    const name = `${placeOf(node)}: ${what}`;
    const number = (names.get(name) ?? 0) + 1;
    names.set(name, number);
    found.push({
      name: number === 1 ? name : `${name} (${number})`,
      text: `${text.slice(0, node.getStart())}${replacement}${text.slice(node.getEnd())}`,
    });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) mutateCall(node, node.expression.text, change);
    if (ts.isBinaryExpression(node)) mutateOperands(node, change);
    if (
      ts.isArrowFunction(node) &&
      ts.isPropertyAssignment(node.parent) &&
      node.parent.name.getText() === 'rows' &&
      ts.isIdentifier(node.body) &&
      node.body.text !== 'EVERY'
    )
      change(node.body, `without ${node.body.text}`, 'EVERY');
    if (ts.isPropertyAssignment(node) && node.name.getText() === 'op') mutateComparison(node.initializer, change);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

type Change = (node: ts.Node, what: string, replacement: string) => void;

function mutateCall(call: ts.CallExpression, callee: string, change: Change): void {
  if (callee === 'allOf' || callee === 'anyOf')
    for (const part of call.arguments)
      if (!ts.isSpreadElement(part)) change(part, `without ${short(part)}`, callee === 'allOf' ? 'EVERY' : 'NONE');
  if (callee === 'present' && call.arguments.length > 1)
    for (const part of call.arguments)
      change(part, `${short(call)} without ${short(part)}`, call.arguments.find((other) => other !== part)?.getText() ?? '');
  if (callee === 'not') change(call, `${short(call)} turned round`, call.arguments[0]?.getText() ?? '');
  const [column, list] = call.arguments;
  if (callee === 'among' && column && ts.isStringLiteral(column) && list && ts.isArrayLiteralExpression(list)) {
    const stated = list.elements.map((element) => element.getText().slice(1, -1));
    for (const word of WORDS[column.text] ?? []) {
      const words = toggled(stated, word).map((other) => `'${other}'`);
      change(list, `${column.text} ${stated.includes(word) ? 'not' : 'too'} ${word}`, `[${words.join(', ')}]`);
    }
  }
}

const WORDS: Readonly<Record<string, readonly string[]>> = {
  subjectKind: SUBJECT_KINDS,
  exception: EXCEPTIONS,
  status: STATUSES,
  stopped: STOPPED,
  draft: DRAFTS,
  severity: SEVERITIES,
  secrecy: SECRECIES,
  share: SHARES,
};

function mutateOperands(node: ts.BinaryExpression, change: Change): void {
  const neutral = node.operatorToken.kind === ts.SyntaxKind.AmpersandAmpersandToken ? 'true' : 'false';
  if (node.operatorToken.kind !== ts.SyntaxKind.AmpersandAmpersandToken && node.operatorToken.kind !== ts.SyntaxKind.BarBarToken) return;
  for (const side of [node.left, node.right]) change(side, `without ${short(side)}`, neutral);
}

function mutateComparison(operator: ts.Expression, change: Change): void {
  const others: Readonly<Record<string, string>> = { "'lt'": "'lte'", "'lte'": "'lt'", "'gt'": "'gte'", "'gte'": "'gt'" };
  const other = others[operator.getText()];
  if (other) change(operator, `${operator.getText()} as ${other}`, other);
}

/** The declaration or property in which a place stands. */
function placeOf(node: ts.Node): string {
  for (let at = node.parent; !ts.isSourceFile(at); at = at.parent) {
    if (ts.isPropertyAssignment(at) && at.name.getText() === 'rows') return `rows of ${idBeside(at)}`;
    if (
      (ts.isPropertyAssignment(at) || ts.isVariableDeclaration(at) || ts.isFunctionDeclaration(at)) &&
      at.name &&
      !['op', 'value', 'field'].includes(at.name.getText())
    )
      return at.name.getText();
  }
  return 'module';
}

function idBeside({ parent }: ts.PropertyAssignment): string {
  const beside = parent.properties.find((property) => ts.isPropertyAssignment(property) && property.name.getText() === 'id');
  return beside && ts.isPropertyAssignment(beside) ? beside.initializer.getText() : '';
}

function short(node: ts.Node): string {
  return node.getText().replaceAll(/\s+/g, ' ').slice(0, 90);
}

/** Runs a module's text; what it imports is handed in by the end of its path. */
export function runModule(text: string, imports: Readonly<Record<string, object>>): object {
  const options = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2023 };
  const { outputText } = ts.transpileModule(text, { compilerOptions: options });
  const exported = {};
  const load = (path: string) => {
    const found = Object.entries(imports).find(([end]) => path.endsWith(end))?.[1];
    if (!found) throw new Error(`${path} was not handed in`);
    return found;
  };
  compileFunction(outputText, ['exports', 'require'])(exported, load);
  return exported;
}
