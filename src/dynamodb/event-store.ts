import type { Clock } from '../domain/clock.ts'
import { acceptedAt, ulidOf } from '../domain/event-id.ts'
import type { Acknowledgement, CallScope, Creation, EventDraft, EventStore } from '../domain/ports.ts'
import type { Timers } from '../domain/timers.ts'
import type { Event } from '../schemas/event.ts'
import { encodeBody } from './body.ts'
import type { DynamoDB } from './client.ts'
import { updateEvent, writeConditionally } from './conditional.ts'
import { acknowledgeRequest } from './event-writes.ts'
import { readInboxPage } from './inbox-page.ts'
import { isExpired, newEventItem, textOf, toEvent } from './items.ts'
import { eventKey, type Item } from './keys.ts'
import { readListPage } from './list-page.ts'
import { bearsOperation, firstOperation, newOperation } from './operations.ts'
import { getEventRequest, putEventRequest } from './requests.ts'

export interface EventStoreOptions {
  dynamodb: DynamoDB
  table: string
  clock: Clock
  /** How long delivered and failed events are kept, in seconds. */
  retentionSeconds: number
  /** Those of the process, unless told otherwise. */
  timers?: Timers
  /** Draws a number from 0 (inclusive) to 1 (exclusive); `Math.random` unless told otherwise. */
  random?: () => number
}

/** The events of all tenants in one DynamoDB table. */
export function createEventStore(options: EventStoreOptions): EventStore {
  return {
    create: (scope, draft) => createEvent(options, scope, draft),
    get: (scope, eventId) => getEvent(options, scope, eventId),
    acknowledge: (scope, eventId, leaseId) => acknowledgeEvent(options, scope, eventId, leaseId),
    list: (scope, query) => readListPage(options, scope, query),
    inbox: (scope, query) => readInboxPage(options, scope, query),
  }
}

async function createEvent(
  options: EventStoreOptions,
  scope: CallScope,
  draft: EventDraft,
): Promise<Creation> {
  const { dynamodb, table, clock } = options
  const { tenant, signal } = scope
  const ulid = ulidOf(draft.event_id)
  if (ulid === undefined) throw new Error('A draft has an id that is none')
  // Ids never go back with the clock, so after a step back they are ahead of it: then now is the earlier time.
  const nowMs = clock()
  const availableAtMs = Math.max(Math.min(acceptedAt(ulid), nowMs), draft.deliver_at ?? 0)
  const operation = newOperation()
  const item = {
    ...newEventItem(tenant.name, ulid, draft, await encodeBody(draft.body), availableAtMs),
    ...firstOperation(operation),
  }
  const result = await writeConditionally({ dynamodb, table, key: eventKey(tenant.name, ulid), signal }, () =>
    dynamodb.putItem(putEventRequest(table, item), signal),
  )
  // What is there under our id is this event: an earlier try of ours stored it, or somebody with the same key.
  if (result.applied || !result.found) return { event: toEvent(item, nowMs, draft.body), created: true }
  return { event: toEvent(result.found, nowMs), created: bearsOperation(result.found, operation) }
}

async function getEvent(
  options: EventStoreOptions,
  scope: CallScope,
  eventId: string,
): Promise<Event | undefined> {
  const { dynamodb, table, clock } = options
  const ulid = ulidOf(eventId)
  if (ulid === undefined) return undefined
  const { Item: item } = await dynamodb.getItem(getEventRequest(table, scope.tenant.name, ulid), scope.signal)
  const nowMs = clock()
  return item && !isExpired(item, nowMs) ? toEvent(item, nowMs) : undefined
}

async function acknowledgeEvent(
  options: EventStoreOptions,
  scope: CallScope,
  eventId: string,
  leaseId: string | undefined,
): Promise<Acknowledgement> {
  const { clock, retentionSeconds } = options
  const ulid = ulidOf(eventId)
  if (ulid === undefined) return { outcome: 'not_found' }
  const nowMs = clock()
  const expiresAt = Math.floor(nowMs / 1000) + retentionSeconds
  const result = await updateEvent(options, scope, ulid, (target) =>
    acknowledgeRequest(target, { nowMs, expiresAt, leaseId }),
  )
  if (result.applied) return { outcome: 'acknowledged', event_type: textOf(result.item, 'event_type') }
  return explainUnacknowledged(result.found, nowMs)
}

/** Why an acknowledgement was not written, by what was found instead. */
function explainUnacknowledged(found: Item | undefined, nowMs: number): Acknowledgement {
  if (!found || isExpired(found, nowMs)) return { outcome: 'not_found' }
  if (textOf(found, 'status') !== 'delivered') return { outcome: 'lease_lost' }
  return { outcome: 'already_delivered', event_type: textOf(found, 'event_type') }
}
