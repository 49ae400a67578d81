import { CommandFault } from './command-fault.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const WINDOW_DAYS = 30;

/** `HUB_CHANGES_DAYS`: for how many days a cursor of the change feed goes on, 30 unless told. @throws CommandFault */
export function windowDaysOf({ HUB_CHANGES_DAYS: text }: Environment): number {
  if (text === undefined || text === '') return WINDOW_DAYS;
  const days = Number(text);
  if (Number.isInteger(days) && days >= 1 && days <= 3650) return days;
  throw new CommandFault('HUB_CHANGES_DAYS 须为 1 至 3650 的整数 / is a whole number from 1 to 3650');
}

/** `HUB_PUBLIC_FEED`: whether the public and subjects may follow changes of what they see anyway; off unless told. @throws CommandFault */
export function isFeedPublic({ HUB_PUBLIC_FEED: text }: Environment): boolean {
  return isOn('HUB_PUBLIC_FEED', text);
}

/** `HUB_CHANGES_CUT`: whether the change log is cut each day behind the days for which cursors go on; off unless told. @throws CommandFault */
export function cutsChangeLog({ HUB_CHANGES_CUT: text }: Environment): boolean {
  return isOn('HUB_CHANGES_CUT', text);
}

function isOn(name: string, text: string | undefined): boolean {
  if (text === undefined || text === '' || text === 'off') return false;
  if (text === 'on') return true;
  throw new CommandFault(`${name} 只能为 on 或 off / is on or off`);
}
