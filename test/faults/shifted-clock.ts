import { readFileSync } from 'node:fs';

// Loaded with --import, before anything of the hub and in each of its threads: the clock of this process differs from the machine's by as many milliseconds
// as stand in the file that FAULT_CLOCK names.
const LOOK_EVERY_MS = 100;
const file = process.env.FAULT_CLOCK ?? '';
const MachineDate = Date;
const machineNow = Date.now.bind(Date);

let shift = 0;
const look = () => {
  shift = Number(readFileSync(file, 'utf8')) || 0;
};
look();
setInterval(look, LOOK_EVERY_MS).unref();

const now = () => machineNow() + shift;
globalThis.Date = new Proxy(MachineDate, {
  construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
  apply: () => new MachineDate(now()).toString(),
  get: (target, name, receiver) => (name === 'now' ? now : Reflect.get(target, name, receiver)),
});
