import type { CallScope, EventListQuery, Page } from '../domain/ports.ts'
import type { EventSummary } from '../schemas/event.ts'
import type { EventStoreOptions } from './event-store.ts'
import { isExpired, textOf, toSummary } from './items.ts'
import { firstPageLimit, MAX_SHARD_PAGES, pageLimit } from './page-limit.ts'
import { listRequest } from './requests.ts'
import { createShardMerge, type ShardMerge } from './shard-merge.ts'

function mergeList(
  { dynamodb, table }: EventStoreOptions,
  scope: CallScope,
  query: EventListQuery,
): ShardMerge {
  const { tenant, signal } = scope
  const first = firstPageLimit(query.limit, tenant.read_shards)
  return createShardMerge({
    shards: tenant.read_shards,
    maxPages: MAX_SHARD_PAGES,
    readPage: async (shard, page, continuation) => {
      const limit = pageLimit(first, page, query.event_type !== undefined)
      const request = listRequest(table, tenant.name, query, { shard, limit, continuation })
      const { Items: rows = [], LastEvaluatedKey } = await dynamodb.query(request, signal)
      return { rows, continuation: LastEvaluatedKey }
    },
    sortKeyOf: (item) => textOf(item, 'sk'),
    isBefore: (a, b) => a > b,
  })
}

/** One page of a list, newest first. It ends early at its read budget, and then says where to go on. */
export async function readListPage(
  options: EventStoreOptions,
  scope: CallScope,
  query: EventListQuery,
): Promise<Page<EventSummary>> {
  const merge = mergeList(options, scope, query)
  const now = options.clock()
  const items: EventSummary[] = []
  while (items.length < query.limit) {
    const row = await merge.next()
    if (row === undefined) return { items, position: merge.readTo() }
    if (isExpired(row, now)) continue
    items.push(toSummary(row))
    if (items.length === query.limit && !merge.isAtEnd()) return { items, position: textOf(row, 'sk') }
  }
  return { items, position: null }
}
