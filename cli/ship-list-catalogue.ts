import type { Catalogue } from '../schema/catalogue.ts';
import type { Store } from '../store/port.ts';
import type { RecordEngine } from '../subgraphs/kit/record-engine/engine.ts';
import { LIST_CATALOGUE, type ListDefinition } from '../subgraphs/lists/list-catalogue.ts';

/** Puts the lists that come with the hub into the store where they are missing; one that was changed since stays as it is. */
export async function shipListCatalogue({
  store,
  catalogue,
  engine,
}: {
  readonly store: Store;
  readonly catalogue: Catalogue;
  readonly engine: RecordEngine;
}): Promise<void> {
  const type = catalogue.types.find(({ code }) => code === 'LIST_CATALOG_ITEM');
  if (!type) return;
  const standing = await store.read((tx) =>
    tx.findPer(
      type.collection,
      'column.listCode',
      LIST_CATALOGUE.map(({ listCode }) => listCode),
      { where: { op: 'all', of: [] }, order: [], limit: 1 },
    ),
  );
  const missing = LIST_CATALOGUE.filter((_list, index) => (standing[index]?.length ?? 0) === 0);
  const outcomes = await engine.submit(
    type,
    missing.map((list, index) => ({ row: index + 1, values: fieldsOf(list) })),
    { actor: 'hub', mode: 'MANUAL', viaToken: false },
  );
  const refused = outcomes.flatMap(({ row, reasons }) => reasons.map(({ message }) => `${missing[row - 1]?.listCode}: ${message}`));
  if (refused.length > 0) throw new Error(`the list catalogue that comes with the hub does not fit its type: ${refused.join('; ')}`);
}

function fieldsOf({ source: _clause, designatingDepts, ...fields }: ListDefinition): Readonly<Record<string, unknown>> {
  return { ...fields, designatingDepts: designatingDepts.length > 0 ? designatingDepts : ['各有关部门'] };
}
