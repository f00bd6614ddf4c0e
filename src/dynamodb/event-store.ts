import type { Clock } from '../domain/clock.ts'
import { acceptedAt, ulidOf } from '../domain/event-id.ts'
import type { Acknowledgement, CallScope, EventDraft, EventStore } from '../domain/ports.ts'
import type { Event } from '../schemas/event.ts'
import { encodeBody } from './body.ts'
import type { DynamoDB } from './client.ts'
import { writeConditionally } from './conditional.ts'
import { readInboxPage } from './inbox-page.ts'
import { isExpired, newEventItem, numberOf, textOf, toEvent } from './items.ts'
import { eventKey } from './keys.ts'
import { readListPage } from './list-page.ts'
import { acknowledgeRequest, getEventRequest, putEventRequest } from './requests.ts'

export interface EventStoreOptions {
  dynamodb: DynamoDB
  table: string
  clock: Clock
  /** How long delivered and failed events are kept, in seconds. */
  retentionSeconds: number
}

/** The events of all tenants in one DynamoDB table. */
export function createEventStore(options: EventStoreOptions): EventStore {
  return {
    create: (scope, draft) => createEvent(options, scope, draft),
    get: (scope, eventId) => getEvent(options, scope, eventId),
    acknowledge: (scope, eventId) => acknowledgeEvent(options, scope, eventId),
    list: (scope, query) => readListPage(options, scope, query),
    inbox: (scope, query) => readInboxPage(options, scope, query),
  }
}

async function createEvent(options: EventStoreOptions, scope: CallScope, draft: EventDraft): Promise<Event> {
  const { dynamodb, table, clock } = options
  const { tenant, signal } = scope
  const ulid = ulidOf(draft.event_id)
  if (ulid === undefined) throw new Error('A draft has an id that is none')
  // Ids never go back with the clock, so after a step back they are ahead of it: then now is the earlier time.
  const availableAtMs = Math.min(acceptedAt(ulid), clock())
  const item = newEventItem(tenant.name, ulid, draft, await encodeBody(draft), availableAtMs)
  const result = await writeConditionally({ dynamodb, table, key: eventKey(tenant.name, ulid), signal }, () =>
    dynamodb.putItem(putEventRequest(table, item), signal),
  )
  // What is there under our id is this event: an earlier try of ours stored it, or somebody with the same key.
  return toEvent(result.applied ? item : (result.found ?? item))
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
  return item && !isExpired(item, clock()) ? toEvent(item) : undefined
}

async function acknowledgeEvent(
  options: EventStoreOptions,
  scope: CallScope,
  eventId: string,
): Promise<Acknowledgement> {
  const { dynamodb, table, clock, retentionSeconds } = options
  const { tenant, signal } = scope
  const ulid = ulidOf(eventId)
  if (ulid === undefined) return { outcome: 'not_found' }
  const nowMs = clock()
  const expiresAt = Math.floor(nowMs / 1000) + retentionSeconds
  const result = await writeConditionally({ dynamodb, table, key: eventKey(tenant.name, ulid), signal }, () =>
    dynamodb.updateItem(acknowledgeRequest(table, tenant.name, ulid, { nowMs, expiresAt }), signal),
  )
  if (result.applied)
    return { outcome: 'acknowledged', event_type: textOf(result.output.Attributes ?? {}, 'event_type') }
  if (!result.found || isExpired(result.found, nowMs)) return { outcome: 'not_found' }
  // Delivered at the very time that we tried to write: that was our own try, whose answer got lost.
  const isOurs = numberOf(result.found, 'delivered_at') === nowMs
  return {
    outcome: isOurs ? 'acknowledged' : 'already_delivered',
    event_type: textOf(result.found, 'event_type'),
  }
}
