import type { Principal } from '../../auth/principal.ts';
import type { Registry, RegistryEntry } from '../../auth/registry.ts';
import { EVERY, type FieldName, type Filter } from '../../schema/filter.ts';
import type { Json, JsonObject } from '../../schema/json.ts';
import type { Query, Reader, Store } from '../../store/port.ts';

/** Reads from the store what the registry says of one principal: its department, body, client and staff entry, and whom it succeeded. */
export function createRegistryBook(store: Store): (principal: Principal) => Promise<Registry> {
  return async ({ audience, orgUscc, clientId, staffId }) => {
    if (!orgUscc && !clientId) return EMPTY; // nobody it could know: the public, a subject
    return store.read(async (tx) => {
      // Most of those who ask are departments, whom the other registers do not concern.
      const isDepartment = audience === 'AGENCY';
      const department = orgUscc ? await one(tx, 'department', 'column.uscc', orgUscc) : undefined;
      const body = orgUscc && !isDepartment ? await one(tx, 'service-body', 'column.orgUscc', orgUscc) : undefined;
      const client = clientId && !isDepartment ? await one(tx, 'client', 'column.clientId', clientId) : undefined;
      const byOrganisation = !clientId && orgUscc && !isDepartment ? await one(tx, 'client', 'column.orgUscc', orgUscc) : undefined;
      const employer = orgUscc ?? text(client?.orgUscc);
      const staff = staffId && employer ? await staffOf(tx, employer, staffId) : undefined;
      const [succeeded = []] = isDepartment && orgUscc ? await tx.findPer('department', 'column.successor', [orgUscc], SUCCEEDED) : [];
      return {
        department: (uscc) => (uscc === orgUscc && department ? departmentEntry(department) : undefined),
        serviceBody: (uscc) => (uscc === orgUscc && body ? bodyEntry(body) : undefined),
        client: (id) => {
          if (id === clientId && client) return clientEntry(client);
          return byOrganisation && (id === orgUscc || id === text(byOrganisation.clientId)) ? clientEntry(byOrganisation) : undefined;
        },
        staff: (org, id) => (org === employer && id === staffId && staff ? staffEntry(staff) : undefined),
        departmentsSucceededBy: (uscc) => (uscc === orgUscc ? succeeded.flatMap(({ body: entry }) => text(entry.uscc) ?? []) : []),
      };
    });
  };
}

const EMPTY: Registry = {
  department: () => undefined,
  serviceBody: () => undefined,
  client: () => undefined,
  staff: () => undefined,
  departmentsSucceededBy: () => [],
};

/** The registry's entry of a service body. */
export async function serviceBodyOf(tx: Reader, uscc: string): Promise<RegistryEntry | undefined> {
  const found = await one(tx, 'service-body', 'column.orgUscc', uscc);
  return found && bodyEntry(found);
}

// Asked with every request: what stands for good is compiled once.
const FIRST: Query = { where: EVERY, order: [], limit: 1 };
const SUCCEEDED: Query = { where: EVERY, order: [], limit: 100 };

async function one(tx: Reader, collection: string, field: FieldName, value: string): Promise<JsonObject | undefined> {
  const [found = []] = await tx.findPer(collection, field, [value], FIRST);
  return found[0]?.body;
}

async function staffOf(tx: Reader, orgUscc: string, staffId: string): Promise<JsonObject | undefined> {
  const where: Filter = {
    op: 'all',
    of: [
      { op: 'eq', field: 'column.staffId', value: staffId },
      { op: 'eq', field: 'column.orgUscc', value: orgUscc },
    ],
  };
  return (await tx.find('staff', { where, order: [], limit: 1 }))[0]?.body;
}

function departmentEntry(body: JsonObject): RegistryEntry {
  return {
    kind: 'DEPARTMENT',
    key: text(body.uscc) ?? '',
    status: text(body.status) ?? '',
    level: text(body.level),
    regionCode: text(body.regionCode),
    orgNature: text(body.orgNature),
    successor: text(body.successor),
    parent: text(body.parentDept),
    orgUscc: text(body.uscc),
    matters: mattersOf(body.mattersCatalogue),
  };
}

function bodyEntry(body: JsonObject): RegistryEntry {
  return {
    kind: 'SERVICE_BODY',
    key: text(body.orgUscc) ?? '',
    name: text(body.name),
    status: text(body.status) ?? '',
    validTo: text(body.validTo),
    regionCode: text(body.regionCode),
    qualificationNo: text(body.qualificationNo),
    orgUscc: text(body.orgUscc),
  };
}

function clientEntry(body: JsonObject): RegistryEntry {
  return {
    kind: 'CLIENT',
    key: text(body.clientId) ?? '',
    status: text(body.status) ?? '',
    regionCode: text(body.regionCode),
    audience: text(body.audience),
    orgUscc: text(body.orgUscc),
  };
}

function staffEntry(body: JsonObject): RegistryEntry {
  return { kind: 'STAFF', key: text(body.staffId) ?? '', status: text(body.status) ?? '', orgUscc: text(body.orgUscc) };
}

export function mattersOf(value: Json | undefined): RegistryEntry['matters'] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((entry: Json) => {
    if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return [];
    const matter = entry as JsonObject;
    const fields = Array.isArray(matter.allowFields) ? matter.allowFields.map(String) : [];
    return [{ matterCode: text(matter.matterCode) ?? '', allowFields: fields }];
  });
}

function text(value: Json | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
