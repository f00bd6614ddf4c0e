import { ulidOf, type Ulid } from '../domain/event-id.ts'
import type { CallScope, Nack, Rejection } from '../domain/ports.ts'
import { updateEvent } from './conditional.ts'
import { delayRequest } from './event-writes.ts'
import { failEvent } from './fail-event.ts'
import { isExpired, numberOf, textOf } from './items.ts'
import { availableAt, type Item } from './keys.ts'
import type { QueueStoreOptions } from './queue-store.ts'
import { getEventRequest } from './requests.ts'

/** Somebody may change the event between our reading and our writing, but not for ever. */
const MAX_TRIES = 3

/**
 * Rejects an event: puts it off, or gives it up when it is told so or its attempts are used up. What happens depends on
 * the attempts so far, so the event is read first and written only if it is still as it was read.
 */
export async function nackEvent(
  options: QueueStoreOptions,
  scope: CallScope,
  eventId: string,
  rejection: Rejection,
): Promise<Nack> {
  const ulid = ulidOf(eventId)
  if (ulid === undefined) return { outcome: 'not_found' }
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const request = getEventRequest(options.table, scope.tenant.name, ulid)
    const { Item: item } = await options.dynamodb.getItem(request, scope.signal)
    const nowMs = options.clock()
    const refusal = refuse(item, rejection, nowMs)
    if (item === undefined || refusal !== undefined) return { outcome: refusal ?? 'not_found' }
    const outcome = await reject(options, scope, { ulid, item, nowMs }, rejection)
    if (outcome !== undefined) return outcome
  }
  return { outcome: rejection.lease_id === undefined ? 'conflict' : 'lease_lost' }
}

type Refusal = 'lease_lost' | 'conflict' | 'not_found'

/** Why this event cannot be rejected by this caller now; undefined when it can. */
function refuse(item: Item | undefined, { lease_id }: Rejection, nowMs: number): Refusal | undefined {
  if (item === undefined || isExpired(item, nowMs)) return 'not_found'
  const seen = textOf(item, 'available_at')
  const isOpen = seen !== ''
  if (lease_id !== undefined) return isOpen && item['lease_id']?.S === lease_id ? undefined : 'lease_lost'
  const isLeased = textOf(item, 'lease_id') !== '' && availableAt(seen) > nowMs
  return isOpen && !isLeased ? undefined : 'conflict'
}

interface SeenEvent {
  ulid: Ulid
  item: Item
  nowMs: number
}

/** @returns undefined when the event was changed by somebody else meanwhile. */
async function reject(
  options: QueueStoreOptions,
  scope: CallScope,
  { ulid, item, nowMs }: SeenEvent,
  { permanent, reason, delayMs }: Rejection,
): Promise<Nack | undefined> {
  const seen = textOf(item, 'available_at')
  const attempts = numberOf(item, 'delivery_attempts')
  if (permanent || attempts >= options.maxAttempts) {
    const isFailed = await failEvent(options, scope, { ulid, seen, nowMs, reason })
    return isFailed ? { outcome: 'failed' } : undefined
  }
  const availableAtMs = nowMs + delayMs(attempts)
  const { applied } = await updateEvent(options, scope, ulid, (target) =>
    delayRequest(target, { seen, availableAtMs, reason }),
  )
  return applied ? { outcome: 'delayed', available_at: availableAtMs } : undefined
}
