import { toTimestamp } from '../domain/clock.ts'
import { acceptedAt, eventIdOf, shardOf, type Ulid } from '../domain/event-id.ts'
import type { EventDraft } from '../domain/ports.ts'
import type { Event, EventStatus, EventSummary } from '../schemas/event.ts'
import { decodeBody, type EncodedBody } from './body.ts'
import { availability, availableAt, eventKey, inboxKey, statusKey, type Item } from './keys.ts'
import { TTL_ATTRIBUTE } from './table.ts'

/** Statuses of events that are still to be delivered: those that have a row in the inbox. */
const OPEN: readonly string[] = ['pending', 'undelivered'] satisfies EventStatus[]

/** The item of a new event, which is in the inbox from `availableAtMs`. */
export function newEventItem(
  tenant: string,
  ulid: Ulid,
  draft: EventDraft,
  body: EncodedBody,
  availableAtMs: number,
): Item {
  const shard = shardOf(ulid)
  return {
    ...eventKey(tenant, ulid),
    event_type: { S: draft.event_type },
    status: { S: 'pending' },
    body: body.attribute,
    body_bytes: { N: String(body.bytes) },
    delivery_attempts: { N: '0' },
    status_key: { S: statusKey(tenant, shard, 'pending') },
    inbox_key: { S: inboxKey(tenant, shard) },
    available_at: { S: availability(availableAtMs, ulid) },
  }
}

export const textOf = (item: Item, name: string) => item[name]?.S ?? ''
export const numberOf = (item: Item, name: string) => Number(item[name]?.N ?? 0)
const timestampOf = (item: Item, name: string) => (item[name]?.N ? toTimestamp(Number(item[name].N)) : null)

const bodyOf = (item: Item) => decodeBody(item['body'], numberOf(item, 'body_bytes'))

/** DynamoDB removes expired items late, so that every reader has to look. */
export function isExpired(item: Item, nowMs: number): boolean {
  const expiresAt = item[TTL_ATTRIBUTE]?.N
  return expiresAt !== undefined && Number(expiresAt) * 1000 <= nowMs
}

/** Open, and neither delayed nor leased: what the inbox offers. The index may say otherwise for a while. */
export function isOffered(item: Item, nowMs: number): boolean {
  return OPEN.includes(textOf(item, 'status')) && availableAt(textOf(item, 'available_at')) <= nowMs
}

/** Reads an item of the table or of the StatusIndex. */
export function toSummary(item: Item): EventSummary {
  const ulid = textOf(item, 'sk')
  return {
    event_id: eventIdOf(ulid),
    event_type: textOf(item, 'event_type'),
    status: textOf(item, 'status') as EventStatus,
    created_at: toTimestamp(acceptedAt(ulid)),
    delivered_at: timestampOf(item, 'delivered_at'),
    failed_at: timestampOf(item, 'failed_at'),
  }
}

/** The attributes that `toEvent` reads. Two of them are reserved words of DynamoDB, and have aliases. */
export const WHOLE_EVENT = {
  ProjectionExpression:
    'sk, event_type, #status, #body, body_bytes, delivery_attempts, available_at, leased_until, last_failure_reason, ' +
    'delivered_at, failed_at',
  ExpressionAttributeNames: { '#status': 'status', '#body': 'body' },
}

/**
 * Reads an item of the table whole, as it is at that time: a lease may have lapsed without anybody writing.
 *
 * @param body Its text, where that is at hand.
 */
export function toEvent(item: Item, nowMs: number, body = bodyOf(item)): Event {
  const { event_id, event_type, status, created_at, delivered_at, failed_at } = toSummary(item)
  const availability = textOf(item, 'available_at')
  const leasedUntil = numberOf(item, 'leased_until')
  return {
    event_id,
    event_type,
    body,
    status,
    created_at,
    delivered_at,
    delivery_attempts: numberOf(item, 'delivery_attempts'),
    available_at: availability === '' ? null : toTimestamp(availableAt(availability)),
    lease_expires_at: leasedUntil > nowMs ? toTimestamp(leasedUntil) : null,
    last_failure_reason: item['last_failure_reason']?.S ?? null,
    failed_at,
  }
}
