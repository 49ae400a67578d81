import {
  buildASTSchema,
  type ConstDirectiveNode,
  type DirectiveNode,
  type DocumentNode,
  type GraphQLDirective,
  isNonNullType,
  Kind,
  parse,
  valueFromAST,
  visit,
} from 'graphql';

export interface DirectiveFault {
  readonly node: ConstDirectiveNode | DirectiveNode;
  readonly message: string;
}

/** Faults of the hub's own directives as they are used: names that do not exist, places where they may not stand, arguments that are missing, unknown or of another type. */
export function directiveFaults(document: DocumentNode, headerSdl: string): readonly DirectiveFault[] {
  const known = new Map(
    buildASTSchema(parse(headerSdl), { assumeValidSDL: true })
      .getDirectives()
      .map((directive) => [directive.name, directive]),
  );
  const faults: DirectiveFault[] = [];
  const look = (places: { readonly directives?: readonly (ConstDirectiveNode | DirectiveNode)[] | undefined }, location: string) => {
    const seen = new Set<string>();
    for (const node of places.directives ?? []) {
      const { value: name } = node.name;
      if (seen.has(name)) faults.push({ node, message: `@${name} stands twice` });
      seen.add(name);
      const directive = known.get(name);
      if (!directive) faults.push({ node, message: `there is no directive @${name}` });
      else if (!directive.locations.some((place) => place === location)) faults.push({ node, message: `@${name} may not stand here` });
      else faults.push(...argumentFaults(node, directive));
    }
  };
  visit(document, {
    ObjectTypeDefinition: (node) => look(node, 'OBJECT'),
    FieldDefinition: (node) => look(node, 'FIELD_DEFINITION'),
    EnumTypeDefinition: (node) => look(node, 'ENUM'),
    EnumValueDefinition: (node) => look(node, 'ENUM_VALUE'),
    InputValueDefinition: (node) => look(node, 'ARGUMENT_DEFINITION'),
  });
  return faults;
}

function argumentFaults(node: ConstDirectiveNode | DirectiveNode, { name, args }: GraphQLDirective): readonly DirectiveFault[] {
  const given = new Map((node.arguments ?? []).map((argument) => [argument.name.value, argument.value]));
  const unknown = [...given.keys()]
    .filter((key) => !args.some((argument) => argument.name === key))
    .map((key) => ({ node, message: `@${name} has no argument ${key}` }));
  const wrong = args.flatMap((argument) => {
    const value = given.get(argument.name);
    if (value === undefined)
      return isNonNullType(argument.type) && argument.defaultValue === undefined
        ? [{ node, message: `@${name} needs ${argument.name}` }]
        : [];
    const isNull = value.kind === Kind.NULL;
    return !isNull && valueFromAST(value, argument.type) !== undefined
      ? []
      : [{ node, message: `@${name}(${argument.name}:) is no ${String(argument.type)}` }];
  });
  return [...unknown, ...wrong];
}
