import type { CallScope, EventListQuery, Page } from '../domain/ports.ts'
import type { EventSummary } from '../schemas/event.ts'
import type { EventStoreOptions } from './event-store.ts'
import { textOf, toSummary } from './items.ts'
import { listRequest } from './requests.ts'
import { readRows } from './shard-queries.ts'

/** One page of a list, newest first. */
export async function readListPage(
  options: EventStoreOptions,
  scope: CallScope,
  query: EventListQuery,
): Promise<Page<EventSummary>> {
  const { items, position } = await readRows(options, scope, {
    limit: query.limit,
    isFiltered: query.event_type !== undefined,
    toRequest: (page) => listRequest(options.table, scope.tenant.name, query, page),
    sortKeyOf: (row) => textOf(row, 'sk'),
    isBefore: (a, b) => a > b,
  })
  return { items: items.map(toSummary), position }
}
