import type { VoucherFault } from '../../auth/ports.ts';
import { isActive, type RegistryEntry } from '../../auth/registry.ts';
import { shanghaiToday } from '../../schema/calendar-date.ts';
import type { Json, JsonObject } from '../../schema/json.ts';
import type { Document, Reader } from '../../store/port.ts';
import { canonical, plainValues } from '../kit/record-engine/content.ts';
import type { Values } from '../kit/record-engine/rows.ts';
import type { TypePlan } from '../kit/record-engine/type-plan.ts';
import type { RecordPut } from '../kit/record-engine/write-records.ts';
import type { Sealer } from '../kit/sealer.ts';
import { VOUCHER_USES } from './collections.ts';
import { serviceBodyOf } from './registry-book.ts';
import { stringIn } from './stored-values.ts';

const SIGNATURE = '$signature';
/** A draft that nobody signs lapses after so many days (domain reference 3.9.6). */
export const SIGN_WITHIN_DAYS = 30;
const DAY_MS = 86_400_000;

export type VoucherStatus = 'ACTIVE' | Exclude<VoucherFault, 'NOT_YET_VALID' | 'OTHER_PURPOSE'>;
const STATUSES: readonly VoucherStatus[] = [
  'PENDING',
  'ACTIVE',
  'REFUSED',
  'LAPSED',
  'EXHAUSTED',
  'EXPIRED',
  'REVOKED',
  'SUSPENDED',
  'VOID',
];

/** On what a voucher's status depends besides its content. */
export interface VoucherFacts {
  readonly values: Values;
  /** The hub wrote it exactly so. */
  readonly intact: boolean;
  readonly used: number;
  readonly body: RegistryEntry | undefined;
}

/** Reads a voucher with everything that its status depends on. */
export async function voucherFacts(tx: Reader, plan: TypePlan, sealer: Sealer, document: Document): Promise<VoucherFacts> {
  const values = plainValues(plan, sealer, document.body);
  const [counter] = await tx.get(VOUCHER_USES.name, [document.key]);
  const grantee = stringIn(values.granteeUscc);
  return {
    values,
    intact: document.body[SIGNATURE] === signatureOf(sealer, document.key, values),
    used: usesIn(counter),
    body: grantee === undefined ? undefined : await serviceBodyOf(tx, grantee),
  };
}

export function usesIn(counter: Document | undefined): number {
  return typeof counter?.body.used === 'number' ? counter.body.used : 0;
}

/** The status now: by signature, clock, count and registry, never by a timer. */
export function voucherStatus({ values, intact, used, body }: VoucherFacts, now: Date): VoucherStatus {
  if (values.revokedAt !== undefined) return 'REVOKED';
  if (!intact) return 'VOID';
  const stated = STATUSES.find((status) => status === values.status) ?? 'VOID';
  const isOver = now.getTime() > timeOf(values.validTo);
  if (stated === 'PENDING') return isOver || now.getTime() > timeOf(values.draftedAt) + SIGN_WITHIN_DAYS * DAY_MS ? 'LAPSED' : 'PENDING';
  if (stated !== 'ACTIVE') return stated;
  if (isOver) return 'EXPIRED';
  if (used >= Number(values.maxUses)) return 'EXHAUSTED';
  return isQualified(body, now) ? 'ACTIVE' : 'SUSPENDED';
}

/** The body stands in the registry, is active there, and its qualification runs. */
export function isQualified(body: RegistryEntry | undefined, now: Date): boolean {
  return body !== undefined && isActive(body, shanghaiToday(now));
}

/** The voucher as it is stored: with the hub's signature over everything it says. */
export function signed(plan: TypePlan, sealer: Sealer, put: RecordPut, marks: JsonObject = {}): RecordPut {
  const signature = signatureOf(sealer, put.key, plainValues(plan, sealer, put.body));
  return { ...put, body: { ...put.body, ...marks, [SIGNATURE]: signature } };
}

function signatureOf(sealer: Sealer, id: string, values: Values): string {
  return sealer.digest(`voucher|${id}|${JSON.stringify(canonical(values))}`);
}

/** Milliseconds; a time that is missing has passed. */
export function timeOf(value: Json | undefined): number {
  return typeof value === 'string' ? Date.parse(value) : Number.NEGATIVE_INFINITY;
}
