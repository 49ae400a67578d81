import { shanghaiToday } from '../../schema/calendar-date.ts';
import { normaliseHeading } from '../../schema/headings.ts';
import type { JsonObject } from '../../schema/json.ts';
import type { Clock, Document, Put, Reader, Writer } from '../../store/port.ts';
import type { Sealer } from '../kit/sealer.ts';
import type { SubjectHandle } from '../kit/subject-directory.ts';
import { WORK_ITEMS } from './collections.ts';

/** Something for the work-list; its key is made of its content, so that it stands there once. */
export interface WorkItem {
  readonly key: string;
  readonly body: JsonObject & { readonly kind: 'CODE_CHECK_FAILED' | 'NAME_DIFFERS'; readonly subjectId: string };
}

/** A subject with what a row calls it. */
export interface Called {
  readonly subject: Document;
  readonly name: string;
  readonly kind: SubjectHandle['kind'];
}

/** Code problems and differing names that are not on the work-list yet. */
export async function newWorkItems(
  { sealer, clock }: { readonly sealer: Sealer; readonly clock: Clock },
  tx: Reader,
  called: readonly Called[],
): Promise<readonly WorkItem[]> {
  const openedOn = shanghaiToday(clock.now());
  const items = new Map<string, WorkItem>();
  for (const { subject, name, kind } of called) {
    const isWrongCode = kind === 'organisation' && subject.body.codeStatus === 'CHECK_FAILED';
    const found = [isWrongCode ? codeItem(subject.key, openedOn) : undefined, nameItem(sealer, subject, name, openedOn)];
    for (const item of found) if (item) items.set(item.key, item);
  }
  if (items.size === 0) return [];
  const standing = await tx.get(WORK_ITEMS.name, [...items.keys()]);
  return [...items.values()].filter((_item, index) => !standing[index]);
}

/** Puts them there. */
export async function putWorkItems(tx: Writer, items: readonly WorkItem[]): Promise<void> {
  await tx.putMany(WORK_ITEMS.name, items.map(workItemPut));
}

function codeItem(subjectId: string, openedOn: string): WorkItem {
  return { key: `code.${subjectId}`, body: { kind: 'CODE_CHECK_FAILED', subjectId, openedOn } };
}

/** The number decides who it is; that the name is another one is for a person to judge. */
function nameItem(sealer: Sealer, subject: Document, name: string, openedOn: string): WorkItem | undefined {
  const { name: standing } = subject.body;
  if (!name || typeof standing !== 'string' || normaliseHeading(name) === normaliseHeading(standing)) return undefined;
  const key = `name.${subject.key}.${sealer.digest(`name|${normaliseHeading(name)}`)}`;
  return { key, body: { kind: 'NAME_DIFFERS', subjectId: subject.key, name, openedOn } };
}

function workItemPut({ key, body }: WorkItem): Put {
  return { key, body, expected: 0, columns: { kind: body.kind, subjectId: body.subjectId } };
}
