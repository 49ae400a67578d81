import { LISTENER_LIMITS, type Listener, type ListenerLimits, listen } from './http-listener.ts';
import { answerMetrics } from './request-handler.ts';
import { guardSite } from './site-guard.ts';

const LOOPBACK = '127.0.0.1';

/** Serves `/metrics` on loopback, and nothing else; resolves when it listens. */
export function listenForMetrics(
  port: number,
  print: () => string | Promise<string>,
  limits: ListenerLimits = LISTENER_LIMITS,
): Promise<Listener> {
  const guard = guardSite({ host: LOOPBACK, allowedHosts: [], allowedOrigins: [], isSecure: false });
  return listen({ host: LOOPBACK, port, limits, handle: answerMetrics(print, guard) });
}
