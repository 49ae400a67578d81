import { GraphQLObjectType, GraphQLSchema, isSpecifiedDirective } from 'graphql';
import type { Policy } from '../auth/policy.ts';
import type { Audience } from '../auth/principal.ts';

/** One schema for each audience, for introspection alone: without the root fields that the audience can never use, and without the directives of federation and disclosure. */
export function createViews(schema: GraphQLSchema, policy: Pick<Policy, 'allow' | 'typesByName'>): (audience: Audience) => GraphQLSchema {
  const views = new Map<Audience, GraphQLSchema>();
  return (audience) => {
    const known = views.get(audience);
    if (known) return known;
    const config = schema.toConfig();
    const usable = (type: GraphQLObjectType | null | undefined) => {
      if (!type) return undefined;
      const fields = Object.entries(type.toConfig().fields).filter(([name]) =>
        policy.allow.get(`${type.name}.${name}`)?.includes(audience),
      );
      return new GraphQLObjectType({ ...type.toConfig(), fields: Object.fromEntries(fields) });
    };
    const usableIfAny = (type: GraphQLObjectType | null | undefined) => {
      const root = usable(type);
      return root && Object.keys(root.getFields()).length > 0 ? root : undefined;
    };
    const view = new GraphQLSchema({
      ...config,
      query: usable(config.query),
      mutation: usableIfAny(config.mutation),
      subscription: usableIfAny(config.subscription),
      types: config.types.filter((type) => policy.typesByName.has(type.name)),
      directives: config.directives.filter(isSpecifiedDirective),
      // An audience that may use nothing here is shown a Query without fields, which is no valid schema to run anything else on.
      assumeValid: true,
    });
    views.set(audience, view);
    return view;
  };
}
