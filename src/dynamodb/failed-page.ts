import { eventIdOf } from '../domain/event-id.ts'
import type { CallScope, FailedQuery, Page } from '../domain/ports.ts'
import type { EventStoreOptions } from './event-store.ts'
import { textOf } from './items.ts'
import { failedRequest } from './requests.ts'
import { readRows } from './shard-queries.ts'

/** One page of the dead letters, in the order of their making. */
export async function readFailedPage(
  options: EventStoreOptions,
  scope: CallScope,
  query: FailedQuery,
): Promise<Page<string>> {
  const { items, position } = await readRows(options, scope, {
    limit: query.limit,
    // Times of failure are a filter too.
    isFiltered: true,
    toRequest: (page) => failedRequest(options.table, scope.tenant.name, query, page),
    sortKeyOf: (row) => textOf(row, 'sk'),
    isBefore: (a, b) => a < b,
  })
  return { items: items.map((row) => eventIdOf(textOf(row, 'sk'))), position }
}
