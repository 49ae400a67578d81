import type { Principal } from '../../auth/principal.ts';
import type { Json } from '../../schema/json.ts';

/** Where webhooks are kept; implemented where they are delivered. What is not of those that are meant is not there. */
export interface WebhookBook {
  /** @throws BAD_USER_INPUT for an address that the operator does not let webhooks reach */
  checkAddress(url: string): void;
  /** @throws BAD_USER_INPUT, LIMIT_EXCEEDED */
  register(
    registration: {
      readonly owner: string;
      readonly url: string;
      readonly where: Json;
      readonly cursor: string;
      readonly principal: Principal;
      readonly purpose: string | undefined;
      readonly matter: string | undefined;
    },
    actor: string,
  ): Promise<RegisteredWebhook>;
  /** @throws NOT_FOUND */
  rotate(id: string, whose: Whose, actor: string): Promise<RegisteredWebhook>;
  /** @throws NOT_FOUND, INVALID_TRANSITION */
  replay(id: string, whose: Whose, options: { readonly cursor: string; readonly actor: string }): Promise<RegisteredWebhook>;
  /** @throws NOT_FOUND */
  remove(id: string, whose: Whose, actor: string): Promise<RegisteredWebhook>;
  list(whose: Whose): Promise<readonly RegisteredWebhook[]>;
}

/** One owner's webhooks, or all. */
export type Whose = { readonly owner: string } | 'all';

export interface RegisteredWebhook {
  readonly id: string;
  readonly url: string;
  readonly where: Json;
  readonly dead: number;
  readonly deadLetters: readonly { readonly replayFrom: string | null }[];
  /** Once, when the key is new. */
  readonly signingKey?: string;
}
