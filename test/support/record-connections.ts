import childProcess from 'node:child_process';
import dgram from 'node:dgram';
import dns from 'node:dns';
import { appendFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';
import tls from 'node:tls';

/** Preloaded into a process: everything by which it could reach another host is written, one JSON text a line, to the file that the environment names. */
const file = process.env.RECORD_CONNECTIONS ?? '';
const note = (way: string, to: unknown) => appendFileSync(file, `${JSON.stringify([way, to])}\n`);

function record(owner: object, name: string, read: (args: readonly unknown[]) => unknown): void {
  const original: unknown = Reflect.get(owner, name);
  if (typeof original !== 'function') throw new Error(`there is no ${name} to be recorded`);
  Reflect.set(owner, name, function recorded(this: unknown, ...args: unknown[]) {
    note(name, read(args));
    return Reflect.apply(original, this, args);
  });
}

/** The options of a connection in any of the forms that node:net takes. */
function target([first, second]: readonly unknown[]): unknown {
  const options = Array.isArray(first) ? first[0] : first;
  if (typeof options === 'object' && options !== null) {
    const { host, port, path } = options as { host?: unknown; port?: unknown; path?: unknown };
    return host ?? path ?? (port === undefined ? 'unknown' : 'localhost');
  }
  return typeof second === 'string' ? second : 'localhost';
}

record(net.Socket.prototype, 'connect', target);
record(tls, 'connect', target);
for (const name of ['connect', 'send'])
  record(dgram.Socket.prototype, name, (args) => args.find((arg) => typeof arg === 'string') ?? 'unknown');
for (const name of ['lookup', 'resolve', 'resolve4', 'resolve6', 'resolveAny', 'resolveTxt', 'resolveSrv']) {
  record(dns, name, ([host]) => host);
  record(dns.promises, name, ([host]) => host);
}
for (const name of ['spawn', 'fork', 'exec', 'execFile', 'spawnSync', 'execSync', 'execFileSync'])
  record(childProcess, name, ([program]) => program);
syncBuiltinESMExports();
note('recording', null);
