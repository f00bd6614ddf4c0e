import { setTimeout } from 'node:timers/promises'
import type { Ulid } from '../domain/event-id.ts'
import type { CallScope } from '../domain/ports.ts'
import { storeUnavailable } from '../errors.ts'
import type { DynamoDB } from './client.ts'
import { textOf } from './items.ts'
import { eventKey, ulidOfAvailability, type Item } from './keys.ts'
import { hydrateRequest } from './requests.ts'

const FIRST_WAIT_MS = 10
const MAX_WAIT_MS = 320

async function backOff(round: number, signal: AbortSignal): Promise<void> {
  const waitMs = Math.random() * Math.min(FIRST_WAIT_MS * 2 ** round, MAX_WAIT_MS)
  await setTimeout(waitMs, undefined, { signal }).catch((error: unknown) => {
    throw storeUnavailable(error)
  })
}

/**
 * Reads the events behind inbox index rows (at most 100) as they are now. Keys that DynamoDB leaves unprocessed are
 * asked for again until the deadline: to leave one out would skip an event.
 */
export async function hydrate(
  { dynamodb, table }: { dynamodb: DynamoDB; table: string },
  { tenant, signal }: CallScope,
  rows: Item[],
): Promise<Map<Ulid, Item>> {
  const found = new Map<Ulid, Item>()
  let keys = rows.map((row) => eventKey(tenant.name, ulidOfAvailability(textOf(row, 'available_at'))))
  for (let round = 0; keys.length > 0; round++) {
    if (round > 0) await backOff(round, signal)
    const answer = await dynamodb.batchGetItem(hydrateRequest(table, keys), signal)
    for (const item of answer.Responses?.[table] ?? []) found.set(textOf(item, 'sk'), item)
    keys = answer.UnprocessedKeys?.[table]?.Keys ?? []
  }
  return found
}
