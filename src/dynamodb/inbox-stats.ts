import type { QueryCommandInput } from '@aws-sdk/client-dynamodb'
import type { CallScope } from '../domain/ports.ts'
import type { InboxStats } from '../schemas/inbox-stats.ts'
import type { EventStoreOptions } from './event-store.ts'
import { textOf } from './items.ts'
import { availableAt, endOf, endOfAvailability, inboxKey, justAfter, statusKey, type Item } from './keys.ts'
import { INBOX_INDEX, STATUS_INDEX, TTL_ATTRIBUTE } from './table.ts'

/** Numbers are exact up to here. */
const CAP = 10_000
/** A page of index rows holds some thousands, so this is enough for the cap, and a bound where filters leave little. */
const MAX_PAGES = 8

interface Count {
  count: number
  isCapped: boolean
}

/** Counts what a query finds, page by page, up to the cap. */
async function countPages(
  options: EventStoreOptions,
  query: QueryCommandInput,
  signal: AbortSignal,
): Promise<Count> {
  let count = 0
  let continuation: Item | undefined
  for (let page = 0; page < MAX_PAGES; page++) {
    const answer = await options.dynamodb.query(
      {
        ...query,
        Select: 'COUNT',
        ...(continuation === undefined ? {} : { ExclusiveStartKey: continuation }),
      },
      signal,
    )
    count += answer.Count ?? 0
    continuation = answer.LastEvaluatedKey
    if (continuation === undefined || count > CAP) break
  }
  return { count, isCapped: continuation !== undefined || count > CAP }
}

function inboxRange(table: string, partition: string, from: string, to: string): QueryCommandInput {
  return {
    TableName: table,
    IndexName: INBOX_INDEX,
    KeyConditionExpression: 'inbox_key = :partition AND available_at BETWEEN :from AND :to',
    ExpressionAttributeValues: { ':partition': { S: partition }, ':from': { S: from }, ':to': { S: to } },
  }
}

function failedRange(table: string, partition: string, nowMs: number): QueryCommandInput {
  return {
    TableName: table,
    IndexName: STATUS_INDEX,
    KeyConditionExpression: 'status_key = :partition',
    FilterExpression: 'attribute_not_exists(#ttl) OR #ttl > :now',
    ExpressionAttributeNames: { '#ttl': TTL_ATTRIBUTE },
    ExpressionAttributeValues: {
      ':partition': { S: partition },
      ':now': { N: String(Math.floor(nowMs / 1000)) },
    },
  }
}

/**
 * The counts of one shard, and when its oldest available event became so (ms). Five queries, all at once: a count brings
 * no rows along, so that ten thousand events keep the process as busy as one. Fewer queries would have to read rows.
 */
async function readShard(
  options: EventStoreOptions,
  { tenant, signal }: CallScope,
  shard: number,
  nowMs: number,
) {
  const { table, dynamodb } = options
  const partition = inboxKey(tenant.name, shard)
  const bound = endOfAvailability(nowMs)
  const now = inboxRange(table, partition, '0', bound)
  const later = inboxRange(table, partition, justAfter(bound), endOf(''))
  const count = (query: QueryCommandInput) => countPages(options, query, signal)
  const [available, leased, delayed, failed, first] = await Promise.all([
    count(now),
    count({ ...later, FilterExpression: 'attribute_exists(leased_until)' }),
    count({ ...later, FilterExpression: 'attribute_not_exists(leased_until)' }),
    count(failedRange(table, statusKey(tenant.name, shard, 'failed'), nowMs)),
    dynamodb.query({ ...now, Limit: 1 }, signal),
  ])
  const [oldest] = first.Items ?? []
  return { available, leased, delayed, failed, oldest: oldest && availableAt(textOf(oldest, 'available_at')) }
}

/** How much is in the inbox, from its indexes alone. The cost is bounded whatever the backlog. */
export async function readInboxStats(options: EventStoreOptions, scope: CallScope): Promise<InboxStats> {
  const nowMs = options.clock()
  const shards = await Promise.all(
    Array.from({ length: scope.tenant.read_shards }, (_, shard) => readShard(options, scope, shard, nowMs)),
  )
  let capped = false
  const total = (name: 'available' | 'delayed' | 'leased' | 'failed') => {
    const sum = shards.reduce((sum, shard) => sum + shard[name].count, 0)
    capped ||= sum > CAP || shards.some((shard) => shard[name].isCapped)
    return Math.min(sum, CAP)
  }
  const oldest = Math.min(...shards.map((shard) => shard.oldest ?? Infinity))
  return {
    available: total('available'),
    delayed: total('delayed'),
    leased: total('leased'),
    failed: total('failed'),
    oldest_available_age_seconds: oldest === Infinity ? null : Math.max(0, nowMs - oldest) / 1000,
    capped,
  }
}
