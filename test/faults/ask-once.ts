import { request } from 'node:http';

export interface Asked {
  readonly query: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | undefined;
}

/** What a caller got in place of an answer: the connection was refused or broke, or nothing came in time. */
export type NoAnswer = { readonly broken: string } | { readonly late: true };

export interface Got {
  readonly status: number;
  readonly requestId: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads whatever the hub answers
  readonly body: any;
}

/** A request over a connection of its own, given up after so many milliseconds. */
export function askOnce(url: string, { query, headers = {}, variables = {} }: Asked, patienceMs: number): Promise<Got | NoAnswer> {
  return new Promise((resolve) => {
    const body = JSON.stringify({ query, variables });
    const asking = request(`${url}/graphql`, {
      method: 'POST',
      agent: false,
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers },
    });
    const patience = setTimeout(() => end({ late: true }), patienceMs);
    const end = (result: Got | NoAnswer) => {
      clearTimeout(patience);
      resolve(result);
      asking.destroy();
    };
    asking.on('error', (error) => end({ broken: error.message }));
    asking.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', (error) => end({ broken: error.message }));
      response.on('end', () => {
        if (!response.complete) return end({ broken: 'the answer breaks off' });
        const text = Buffer.concat(chunks).toString('utf8');
        end({ status: response.statusCode ?? 0, requestId: String(response.headers['hub-request-id']), body: parsed(text) });
      });
    });
    asking.end(body);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return { unreadable: text.slice(0, 200) };
  }
}
