import type { QueryCommandInput } from '@aws-sdk/client-dynamodb'
import type { CallScope, Page } from '../domain/ports.ts'
import type { EventStoreOptions } from './event-store.ts'
import { isExpired } from './items.ts'
import type { Item } from './keys.ts'
import { firstPageLimit, MAX_SHARD_PAGES, pageLimit } from './page-limit.ts'
import type { ShardPageRequest } from './requests.ts'
import { createShardMerge, type ShardMerge } from './shard-merge.ts'

/** A query that is put to every shard of a tenant, and the order of what comes back. */
export interface ShardQuery {
  /** How many rows are wanted in all. */
  limit: number
  /** Whether a filter may leave little of what is looked at. */
  isFiltered: boolean
  toRequest: (page: ShardPageRequest) => QueryCommandInput
  sortKeyOf: (row: Item) => string
  isBefore: (a: string, b: string) => boolean
}

/** Puts a query to every shard of the tenant and merges the answers into one sequence. */
export function queryShards(
  { dynamodb }: EventStoreOptions,
  scope: CallScope,
  query: ShardQuery,
): ShardMerge {
  const { tenant, signal } = scope
  const { sortKeyOf, isBefore, toRequest, isFiltered } = query
  const first = firstPageLimit(query.limit, tenant.read_shards)
  return createShardMerge({
    shards: tenant.read_shards,
    maxPages: MAX_SHARD_PAGES,
    readPage: async (shard, page, continuation) => {
      const request = toRequest({ shard, limit: pageLimit(first, page, isFiltered), continuation })
      const { Items: rows = [], LastEvaluatedKey } = await dynamodb.query(request, signal)
      return { rows, continuation: LastEvaluatedKey }
    },
    sortKeyOf,
    isBefore,
  })
}

/** Takes one page of rows that have not expired. It ends early at its read budget, and then says where to go on. */
export async function readRows(
  options: EventStoreOptions,
  scope: CallScope,
  query: ShardQuery,
): Promise<Page<Item>> {
  const merge = queryShards(options, scope, query)
  const now = options.clock()
  const items: Item[] = []
  while (items.length < query.limit) {
    const next = merge.next()
    const row = next instanceof Promise ? await next : next
    if (row === undefined) return { items, position: merge.readTo() }
    if (isExpired(row, now)) continue
    items.push(row)
    if (items.length === query.limit && !merge.isAtEnd()) return { items, position: query.sortKeyOf(row) }
  }
  return { items, position: null }
}
