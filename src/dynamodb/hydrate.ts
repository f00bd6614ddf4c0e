import type { Ulid } from '../domain/event-id.ts'
import type { CallScope } from '../domain/ports.ts'
import { SYSTEM_TIMERS } from '../domain/timers.ts'
import { storeUnavailable } from '../errors.ts'
import type { EventStoreOptions } from './event-store.ts'
import { textOf } from './items.ts'
import { eventKey, ulidOfAvailability, type Item } from './keys.ts'
import { hydrateRequest } from './requests.ts'

const FIRST_WAIT_MS = 10
const MAX_WAIT_MS = 320

type Options = Pick<EventStoreOptions, 'dynamodb' | 'table' | 'timers' | 'random'>

async function backOff(
  { timers = SYSTEM_TIMERS, random = Math.random }: Options,
  round: number,
  signal: AbortSignal,
): Promise<void> {
  const waitMs = random() * Math.min(FIRST_WAIT_MS * 2 ** round, MAX_WAIT_MS)
  await timers.wait(waitMs, signal).catch((error: unknown) => {
    throw storeUnavailable(error)
  })
}

/**
 * Reads the events behind inbox index rows (at most 100) as they are now. Keys that DynamoDB leaves unprocessed are
 * asked for again until the deadline: to leave one out would skip an event.
 */
export async function hydrate(
  options: Options,
  { tenant, signal }: CallScope,
  rows: Item[],
): Promise<Map<Ulid, Item>> {
  const { dynamodb, table } = options
  const found = new Map<Ulid, Item>()
  let keys = rows.map((row) => eventKey(tenant.name, ulidOfAvailability(textOf(row, 'available_at'))))
  for (let round = 0; keys.length > 0; round++) {
    if (round > 0) await backOff(options, round, signal)
    const answer = await dynamodb.batchGetItem(hydrateRequest(table, keys), signal)
    for (const item of answer.Responses?.[table] ?? []) found.set(textOf(item, 'sk'), item)
    // The call's promise outlives the call: see Exchange.
    answer.Responses = undefined
    keys = answer.UnprocessedKeys?.[table]?.Keys ?? []
  }
  return found
}
