import { eventIdOf } from '../domain/event-id.ts'
import type { CallScope, FailedQuery, Page } from '../domain/ports.ts'
import type { EventStoreOptions } from './event-store.ts'
import { isExpired, textOf } from './items.ts'
import { firstPageLimit, MAX_SHARD_PAGES, pageLimit } from './page-limit.ts'
import { failedRequest } from './requests.ts'
import { createShardMerge, type ShardMerge } from './shard-merge.ts'

function mergeFailed(
  { dynamodb, table }: EventStoreOptions,
  scope: CallScope,
  query: FailedQuery,
): ShardMerge {
  const { tenant, signal } = scope
  const first = firstPageLimit(query.limit, tenant.read_shards)
  return createShardMerge({
    shards: tenant.read_shards,
    maxPages: MAX_SHARD_PAGES,
    readPage: async (shard, page, continuation) => {
      const request = failedRequest(table, tenant.name, query, {
        shard,
        limit: pageLimit(first, page, true),
        continuation,
      })
      const { Items: rows = [], LastEvaluatedKey } = await dynamodb.query(request, signal)
      return { rows, continuation: LastEvaluatedKey }
    },
    sortKeyOf: (item) => textOf(item, 'sk'),
    isBefore: (a, b) => a < b,
  })
}

/** One page of the dead letters, in the order of their making. */
export async function readFailedPage(
  options: EventStoreOptions,
  scope: CallScope,
  query: FailedQuery,
): Promise<Page<string>> {
  const merge = mergeFailed(options, scope, query)
  const now = options.clock()
  const items: string[] = []
  while (items.length < query.limit) {
    const row = await merge.next()
    if (row === undefined) return { items, position: merge.readTo() }
    if (isExpired(row, now)) continue
    items.push(eventIdOf(textOf(row, 'sk')))
    if (items.length === query.limit && !merge.isAtEnd()) return { items, position: textOf(row, 'sk') }
  }
  return { items, position: null }
}
