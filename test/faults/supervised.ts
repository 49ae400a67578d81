import { type ServedHub, serveHub } from '../support/command.ts';

/** A process that is started again, at the same port, whenever it was killed: what systemd or Kubernetes does. */
export interface Supervised {
  readonly url: string;
  readonly port: number;
  served(): ServedHub;
  /** Kills it with SIGKILL; resolves when another one listens in its place. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

export async function supervise(args: readonly string[], options: Parameters<typeof serveHub>[1]): Promise<Supervised> {
  let served = await serveHub(args, options);
  const { url } = served;
  const { port } = new URL(url);
  return {
    url,
    port: Number(port),
    served: () => served,
    async kill() {
      await served.stop('SIGKILL');
      served = await serveHub([...args, '--port', port], options);
    },
    stop: async () => void (await served.stop('SIGKILL')),
  };
}
