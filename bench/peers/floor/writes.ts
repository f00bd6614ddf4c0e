import { randomBytes } from 'node:crypto'
import {
  ACKNOWLEDGE,
  CLAIM,
  CLOCK_GUARD_MS,
  MAX_ATTEMPTS,
  PUT_ONCE,
  RETENTION_SECONDS,
} from '../expressions.ts'
import { availability, eventIdOf, inboxOf, newUlid, statusKeyOf, ulidOf, ulidOfAvailability } from '../ids.ts'
import { printEvent, type Item } from './items.ts'
import { keyOf, NOT_FOUND, number, text, type Answer, type Store } from './store.ts'

export interface NewEvent {
  event_type: string
  payload: object
  metadata?: object | null
}

async function put({ ask, table }: Store, tenant: string, event: NewEvent) {
  const { event_type, payload, metadata = null } = event
  const nowMs = Date.now()
  const ulid = newUlid(nowMs)
  const body = JSON.stringify({ payload, metadata })
  const item: Item = {
    ...keyOf(tenant, ulid),
    event_type: text(event_type),
    status: text('pending'),
    body: text(body),
    body_bytes: number(Buffer.byteLength(body)),
    delivery_attempts: { N: '0' },
    status_key: text(statusKeyOf(tenant, 'pending')),
    inbox_key: text(inboxOf(tenant)),
    available_at: text(availability(nowMs, ulid)),
  }
  await ask('PutItem', { TableName: table, Item: item, ...PUT_ONCE })
  return { ulid, printed: printEvent(item, nowMs) }
}

export async function createEvent(store: Store, tenant: string, event: NewEvent): Promise<Answer> {
  const { ulid, printed } = await put(store, tenant, event)
  return { status: 201, body: printed, headers: { location: `/events/${eventIdOf(ulid)}` } }
}

export async function createBatch(
  store: Store,
  tenant: string,
  { events }: { events: NewEvent[] },
): Promise<Answer> {
  const created = await Promise.all(events.map((event) => put(store, tenant, event)))
  const results = created.map(({ printed }) => `{"status":201,"event":${printed}}`)
  return { status: 200, body: `{"results":[${results.join(',')}]}` }
}

export async function acknowledgeEvent(
  { call, table }: Store,
  tenant: string,
  eventId: string,
): Promise<Answer> {
  const nowMs = Date.now()
  const nowSeconds = Math.floor(nowMs / 1000)
  const answer = await call('UpdateItem', {
    TableName: table,
    Key: keyOf(tenant, ulidOf(eventId)),
    ...ACKNOWLEDGE,
    ExpressionAttributeValues: {
      ':delivered': text('delivered'),
      ':status_key': text(statusKeyOf(tenant, 'delivered')),
      ':now': number(nowMs),
      ':expires_at': number(nowSeconds + RETENTION_SECONDS),
      ':now_seconds': number(nowSeconds),
    },
  })
  // What stands in the way is told: it was acknowledged before.
  const isDelivered = answer.status === 200 || answer.text.includes('"Item"')
  return isDelivered ? { status: 204, body: '' } : NOT_FOUND
}

interface Lease {
  id: string
  expiresAt: number
}

async function claimOne({ ask, table, candidates }: Store, tenant: string, seen: string, lease: Lease) {
  const ulid = ulidOfAvailability(seen)
  const { Attributes } = await ask<{ Attributes: Item }>('UpdateItem', {
    TableName: table,
    Key: keyOf(tenant, ulid),
    ...CLAIM,
    ExpressionAttributeValues: {
      ':undelivered': text('undelivered'),
      ':status_key': text(statusKeyOf(tenant, 'undelivered')),
      ':available_at': text(availability(lease.expiresAt + CLOCK_GUARD_MS, ulid)),
      ':leased_until': number(lease.expiresAt),
      ':lease_id': text(lease.id),
      ':one': number(1),
      ':seen': text(seen),
      ':max_attempts': number(MAX_ATTEMPTS),
    },
  })
  candidates.done(seen)
  return printEvent(Attributes, Date.now())
}

export async function claimEvents(
  store: Store,
  tenant: string,
  { limit, lease_seconds }: { limit: number; lease_seconds: number },
): Promise<Answer> {
  const lease = {
    id: `lease_${randomBytes(16).toString('hex')}`,
    expiresAt: Date.now() + lease_seconds * 1000,
  }
  const seen = await store.candidates.take(tenant, limit)
  const events = await Promise.all(seen.map((place) => claimOne(store, tenant, place, lease)))
  const until = new Date(lease.expiresAt).toISOString()
  return {
    status: 200,
    body: `{"lease_id":"${lease.id}","lease_expires_at":"${until}","events":[${events.join(',')}]}`,
  }
}
