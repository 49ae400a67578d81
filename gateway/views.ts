import { GraphQLObjectType, GraphQLSchema } from 'graphql';
import type { Policy } from '../auth/policy.ts';
import type { Audience } from '../auth/principal.ts';

/** One schema for each audience, for introspection alone: without the root fields that the audience can never use. */
export function createViews(schema: GraphQLSchema, policy: Policy): (audience: Audience) => GraphQLSchema {
  const views = new Map<Audience, GraphQLSchema>();
  return (audience) => {
    const known = views.get(audience);
    if (known) return known;
    const config = schema.toConfig();
    const root = (type: GraphQLObjectType | null | undefined) => {
      if (!type) return undefined;
      const fields = Object.fromEntries(
        Object.entries(type.toConfig().fields).filter(([name]) => policy.allow.get(`${type.name}.${name}`)?.includes(audience)),
      );
      return Object.keys(fields).length === 0 ? undefined : new GraphQLObjectType({ ...type.toConfig(), fields });
    };
    const view = new GraphQLSchema({
      ...config,
      query: root(config.query) ?? config.query,
      mutation: root(config.mutation),
      subscription: root(config.subscription),
      types: config.types.filter((type) => policy.typesByName.has(type.name)),
    });
    views.set(audience, view);
    return view;
  };
}
