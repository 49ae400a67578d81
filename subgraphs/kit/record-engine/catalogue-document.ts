import type { Json, JsonObject } from '../../../schema/json.ts';
import type { Document } from '../../../store/port.ts';
import type { Sealer } from '../sealer.ts';
import { contentColumns, contentHash, plainValues } from './content.ts';
import { catalogueGate } from './gate.ts';
import { catalogueIdentityOf } from './identity.ts';
import { catalogueBody } from './record-body.ts';
import type { Values } from './rows.ts';
import type { TypePlan } from './type-plan.ts';
import type { RecordPut } from './write-records.ts';

/** The next version of a catalogue document. What the hub's own services put into the version before stays where the values do not name it. */
export function cataloguePut(
  plan: TypePlan,
  sealer: Sealer,
  values: Values,
  standing: Pick<Document, 'key' | 'version'> & { readonly body?: JsonObject | undefined },
): RecordPut {
  const body = catalogueBody(plan, sealer, values, { hash: contentHash(plan, sealer, values), present: standing.body });
  return {
    key: standing.key,
    body,
    expected: standing.version,
    gate: catalogueGate(plan, { ...(standing.body && computedValues(plan, sealer, standing.body)), ...values }),
    columns: { ...contentColumns(plan, sealer, values, body), identity: catalogueIdentityOf(plan.type, sealer, values) },
  };
}

/** Values that no row can give. */
function computedValues(plan: TypePlan, sealer: Sealer, body: JsonObject): Values {
  const given = new Set(plan.inputs.map(({ name }) => name));
  const entries = Object.entries(plainValues(plan, sealer, body)).filter((entry): entry is [string, Json] => !given.has(entry[0]));
  return Object.fromEntries(entries);
}
