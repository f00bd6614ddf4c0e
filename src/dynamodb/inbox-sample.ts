import type { QueryCommandInput } from '@aws-sdk/client-dynamodb'
import type { Clock } from '../domain/clock.ts'
import type { AccessAdminStore } from '../domain/ports.ts'
import type { DynamoDB } from './client.ts'
import { textOf } from './items.ts'
import { availableAt, endOfAvailability, inboxKey, type Item } from './keys.ts'
import { INBOX_INDEX } from './table.ts'

export interface InboxSampleOptions {
  dynamodb: DynamoDB
  table: string
  access: Pick<AccessAdminStore, 'listTenants' | 'findTenant'>
  clock: Clock
  /** Most pages that one sample counts, over all tenants. A page is 1 MB of index rows: some 5,000 events, 128 units. */
  maxPages?: number
}

const DEFAULT_MAX_PAGES = 20
/** So many tenants are asked at a time. */
const PARALLEL = 8

/** What of a shard can be delivered now. */
function availableNow(table: string, partition: string, nowMs: number): QueryCommandInput {
  return {
    TableName: table,
    IndexName: INBOX_INDEX,
    KeyConditionExpression: 'inbox_key = :partition AND available_at <= :now',
    ExpressionAttributeValues: { ':partition': { S: partition }, ':now': { S: endOfAvailability(nowMs) } },
  }
}

/** The event of a shard that has waited longest, and nothing else: half a read unit. */
export function oldestRequest(table: string, partition: string, nowMs: number): QueryCommandInput {
  return { ...availableNow(table, partition, nowMs), Limit: 1 }
}

export function countRequest(
  table: string,
  partition: string,
  nowMs: number,
  continuation: Item | undefined,
): QueryCommandInput {
  return {
    ...availableNow(table, partition, nowMs),
    Select: 'COUNT',
    ...(continuation === undefined ? {} : { ExclusiveStartKey: continuation }),
  }
}

/** Runs the work over all items, a few at a time. */
async function eachInParallel<Item>(items: Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const queue = items.values()
  const worker = async () => {
    for (const item of queue) await work(item)
  }
  await Promise.all(Array.from({ length: PARALLEL }, worker))
}

/** A shard in which something waits. */
interface WaitingShard {
  partition: string
  sinceMs: number
}

async function findWaiting(
  options: InboxSampleOptions,
  nowMs: number,
  signal: AbortSignal,
): Promise<WaitingShard[]> {
  const { dynamodb, table, access } = options
  const waiting: WaitingShard[] = []
  await eachInParallel(await access.listTenants(), async (name) => {
    const shards = (await access.findTenant(name))?.read_shards ?? 1
    for (let shard = 0; shard < shards; shard++) {
      const partition = inboxKey(name, shard)
      const { Items: [oldest] = [] } = await dynamodb.query(oldestRequest(table, partition, nowMs), signal)
      if (oldest) waiting.push({ partition, sinceMs: availableAt(textOf(oldest, 'available_at')) })
    }
  })
  return waiting
}

/** Counts what waits, up to a number of pages. */
async function countWaiting(
  options: InboxSampleOptions,
  waiting: WaitingShard[],
  nowMs: number,
  signal: AbortSignal,
) {
  const { dynamodb, table, maxPages = DEFAULT_MAX_PAGES } = options
  let depth = 0
  let pages = 0
  for (const { partition } of waiting) {
    let continuation: Item | undefined
    do {
      if (pages++ === maxPages) return { depth, isCapped: true }
      const page = await dynamodb.query(countRequest(table, partition, nowMs, continuation), signal)
      depth += page.Count ?? 0
      continuation = page.LastEvaluatedKey
    } while (continuation)
  }
  return { depth, isCapped: false }
}

/**
 * Looks at the inboxes of all tenants. The age is exact and costs half a read unit per shard; the depth is counted, up
 * to a bound, where anything waits at all.
 */
export async function sampleInbox(options: InboxSampleOptions, signal: AbortSignal) {
  const nowMs = options.clock()
  const waiting = await findWaiting(options, nowMs, signal)
  const oldest = Math.min(nowMs, ...waiting.map(({ sinceMs }) => sinceMs))
  return { ...(await countWaiting(options, waiting, nowMs, signal)), oldestAgeMs: nowMs - oldest }
}
