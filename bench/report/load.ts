import { Agent, request } from 'node:http';

/** What a caller sends beside the operation; clients take turns. */
export type Client = { readonly headers: Readonly<Record<string, string>>; readonly localAddress?: string | undefined };

export interface Load {
  readonly url: string;
  readonly query: string;
  readonly variables: (index: number) => Readonly<Record<string, unknown>>;
  readonly clients: readonly Client[];
  readonly requests: number;
  readonly concurrency: number;
  /** Told of every answer. */
  readonly onAnswer?: ((body: string, index: number) => void) | undefined;
}

/** Sends the requests, so many at once, over connections that stay open; answers the seconds it took. @throws for any status but 200 */
export async function runLoad({ url, query, variables, clients, requests, concurrency, onAnswer }: Load): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency * clients.length });
  const started = performance.now();
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < requests; index = next++) {
      const client = clients[index % clients.length];
      if (!client) throw new Error('nobody asks');
      const body = await post(agent, url, JSON.stringify({ query, variables: variables(index) }), client);
      onAnswer?.(body, index);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  agent.destroy();
  return (performance.now() - started) / 1000;
}

function post(agent: Agent, url: string, body: string, { headers, localAddress }: Client): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      {
        method: 'POST',
        agent,
        ...(localAddress ? { localAddress } : {}),
        headers: {
          'content-type': 'application/json',
          accept: 'application/graphql-response+json',
          'content-length': Buffer.byteLength(body),
          ...headers,
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          if (response.statusCode === 200) resolve(text);
          else reject(new Error(`${response.statusCode}: ${text.slice(0, 500)}`));
        });
        response.on('error', reject);
      },
    );
    sent.setTimeout(30_000, () => sent.destroy(new Error('no answer within 30 seconds')));
    sent.on('error', reject);
    sent.end(body);
  });
}
