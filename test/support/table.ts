import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { randomUUID } from 'node:crypto'
import pMap from 'p-map'
import type { Test } from 'tap'
import type { Tenant } from '../../src/domain/access.ts'
import type { Clock } from '../../src/domain/clock.ts'
import { toBodyText } from '../../src/domain/event-body.ts'
import { createEventIds } from '../../src/domain/event-id.ts'
import type {
  AccessAdminStore,
  CallScope,
  EventDraft,
  EventStore,
  IdempotencyStore,
  QueueStore,
} from '../../src/domain/ports.ts'
import { createAccessStore } from '../../src/dynamodb/access-store.ts'
import { createClient, createDynamoDB, type DynamoDB } from '../../src/dynamodb/client.ts'
import { createEventStore } from '../../src/dynamodb/event-store.ts'
import { createIdempotencyStore } from '../../src/dynamodb/idempotency-store.ts'
import { migrate } from '../../src/dynamodb/migrate.ts'
import { createQueueStore } from '../../src/dynamodb/queue-store.ts'
import type { JsonObject } from '../../src/schemas/event.ts'

export const RETENTION_SECONDS = 30 * 86_400
export const WINDOW_SECONDS = 86_400
export const MAX_ATTEMPTS = 3

/** A table of its own with the stores over it, and a clock that a test may move. */
export interface TestTable {
  client: DynamoDBClient
  dynamodb: DynamoDB
  table: string
  store: EventStore
  queue: QueueStore
  idempotency: IdempotencyStore
  access: AccessAdminStore
  clock: { now: Clock; advance: (ms: number) => void }
  newEventId: (shard: number) => string
}

/** A clock that runs on with the real one, from wherever it is moved to. */
export function createTestClock() {
  let ahead = 0
  return {
    now: () => Date.now() + ahead,
    advance: (ms: number) => {
      ahead += ms
    },
  }
}

/** Makes a table with a name of its own at the endpoint. */
export async function openTable(t: Test, endpoint: string): Promise<TestTable> {
  const client = createClient({ endpoint, region: 'local' })
  t.teardown(() => {
    client.destroy()
  })
  const table = `events-${randomUUID()}`
  await migrate(client, table)
  return { client, table, ...createStores(client, table) }
}

/** The stores over a table that is there. */
export function createStores(client: DynamoDBClient, table: string) {
  const dynamodb = createDynamoDB(client)
  const clock = createTestClock()
  return {
    dynamodb,
    clock,
    store: createEventStore({ dynamodb, table, clock: clock.now, retentionSeconds: RETENTION_SECONDS }),
    queue: createQueueStore({
      dynamodb,
      table,
      clock: clock.now,
      retentionSeconds: RETENTION_SECONDS,
      maxAttempts: MAX_ATTEMPTS,
    }),
    idempotency: createIdempotencyStore({ dynamodb, table, clock: clock.now, windowSeconds: WINDOW_SECONDS }),
    access: createAccessStore({ dynamodb, table, timeoutMs: 5_000 }),
    newEventId: createEventIds(clock.now),
  }
}

/** A tenant that no other test has, over so many shards. */
export function newTenant(shards = 1): Tenant {
  return { name: `t-${randomUUID()}`, shards, read_shards: shards }
}

/** A call scope of the tenant with time enough. */
export function scopeOf(tenant: Tenant, timeoutMs = 20_000): CallScope {
  return { tenant, signal: AbortSignal.timeout(timeoutMs) }
}

/** What a draft has other than usual. */
export interface DraftChange extends Partial<Omit<EventDraft, 'body'>> {
  payload?: JsonObject
  metadata?: JsonObject
}

/** A draft of an event with an id in the given shard. */
export function draftOf(
  { newEventId }: Pick<TestTable, 'newEventId'>,
  { payload = { n: 1 }, metadata, ...change }: DraftChange = {},
  shard = 0,
): EventDraft {
  return {
    event_id: newEventId(shard),
    event_type: 'order.created',
    body: toBodyText({ payload, metadata: metadata ?? null }),
    ...change,
  }
}

/** Stores so many events, spread over the tenant's shards, and gives their ids in the order of their making. */
export async function createMany(
  table: TestTable,
  tenant: Tenant,
  count: number,
  change: DraftChange = {},
): Promise<string[]> {
  const drafts = Array.from({ length: count }, (_, n) =>
    draftOf(table, { payload: { n }, ...change }, n % tenant.shards),
  )
  await pMap(drafts, (draft) => table.store.create(scopeOf(tenant), draft), { concurrency: 16 })
  return drafts.map((draft) => draft.event_id)
}

/** Follows a list or inbox to its end. @returns Every page. */
export async function walk<Item>(
  readPage: (position: string | undefined) => Promise<{ items: Item[]; position: string | null }>,
): Promise<Item[][]> {
  const pages: Item[][] = []
  let position: string | null | undefined
  do {
    const page = await readPage(position ?? undefined)
    pages.push(page.items)
    position = page.position
    if (pages.length > 1_000) throw new Error('The walk does not end')
  } while (position !== null)
  return pages
}
