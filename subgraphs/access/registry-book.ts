import type { Principal } from '../../auth/principal.ts';
import type { Registry, RegistryEntry } from '../../auth/registry.ts';
import type { Filter } from '../../schema/filter.ts';
import type { Json, JsonObject } from '../../schema/json.ts';
import type { Reader, Store } from '../../store/port.ts';

/** Reads from the store what the registry says of one principal: its department, body, client and staff entry, and whom it succeeded. */
export function createRegistryBook(store: Store): (principal: Principal) => Promise<Registry> {
  return async ({ audience, orgUscc, clientId, staffId }) => {
    if (!orgUscc && !clientId) return EMPTY; // nobody it could know: the public, a subject
    return store.read(async (tx) => {
      // Most of those who ask are departments, whom the other registers do not concern.
      const isDepartment = audience === 'AGENCY';
      const department = orgUscc ? await one(tx, 'department', { uscc: orgUscc }) : undefined;
      const body = orgUscc && !isDepartment ? await one(tx, 'service-body', { orgUscc }) : undefined;
      const client = clientId && !isDepartment ? await one(tx, 'client', { clientId }) : undefined;
      const byOrganisation = !clientId && orgUscc && !isDepartment ? await one(tx, 'client', { orgUscc }) : undefined;
      const employer = orgUscc ?? text(client?.orgUscc);
      const staff = staffId && employer ? await one(tx, 'staff', { staffId, orgUscc: employer }) : undefined;
      const succeeded =
        isDepartment && orgUscc
          ? await tx.find('department', { where: { op: 'eq', field: 'column.successor', value: orgUscc }, order: [], limit: 100 })
          : [];
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
  const found = await one(tx, 'service-body', { orgUscc: uscc });
  return found && bodyEntry(found);
}

async function one(tx: Reader, collection: string, columns: Readonly<Record<string, string>>): Promise<JsonObject | undefined> {
  const where: Filter = {
    op: 'all',
    of: Object.entries(columns).map(([name, value]): Filter => ({ op: 'eq', field: `column.${name}`, value })),
  };
  return (await tx.find(collection, { where, order: [], limit: 1 }))[0]?.body;
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
