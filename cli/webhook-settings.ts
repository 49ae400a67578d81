import { readWebhookHosts, type WebhookHosts } from '../changes/webhook-hosts.ts';
import { CommandFault } from './command-fault.ts';
import { readCertificates } from './pem-files.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** `HUB_WEBHOOK_HOSTS`: what webhooks may reach, nothing unless told. @throws CommandFault */
export function webhookHostsOf({ HUB_WEBHOOK_HOSTS: text }: Environment): WebhookHosts {
  try {
    return readWebhookHosts(text);
  } catch (error) {
    throw new CommandFault(
      `${error instanceof Error ? error.message : String(error)}: 条目须为 host、host:port、*.suffix:port，可加 +private / an entry is host, host:port or *.suffix:port, and may end in +private`,
    );
  }
}

/** `HUB_WEBHOOK_CA`: whom webhooks trust beside the authorities that everybody trusts. @throws CommandFault */
export function webhookCaOf({ HUB_WEBHOOK_CA: file }: Environment): string | undefined {
  return file ? readCertificates({ variable: 'HUB_WEBHOOK_CA', file }) : undefined;
}
