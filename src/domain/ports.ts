import type { Event, EventStatus, EventSummary } from '../schemas/event.ts'
import type { InboxStats } from '../schemas/inbox-stats.ts'
import type { Scope, Tenant } from './access.ts'

/** Under what a store is called: whose data, and until when. */
export interface CallScope {
  tenant: Tenant
  /** Aborts when the deadline of the request has passed; the call then fails as `unavailable`. */
  signal: AbortSignal
}

/** An event before it is stored. Its id is made first, so that a repeated write is recognised. */
export interface EventDraft {
  event_id: string
  event_type: string
  /** The client's data as JSON text (event-body.ts). */
  body: string
  /** From when it is in the inbox, in ms; undefined for at once. */
  deliver_at?: number | undefined
}

/** Part of a list. `position` is where the next page goes on, null at the end of the list. */
export interface Page<Item> {
  items: Item[]
  position: string | null
}

export interface EventListQuery {
  status?: EventStatus | undefined
  event_type?: string | undefined
  /** Inclusive, ms. */
  created_after?: number | undefined
  /** Exclusive, ms. */
  created_before?: number | undefined
  limit: number
  /** The position that an earlier page ended at. */
  position?: string | undefined
}

export interface InboxReadQuery {
  event_type?: string | undefined
  limit: number
  /** Only events that became available at this time (ms) or before. */
  available_until: number
  position?: string | undefined
}

/** An event as it stands, and whether this call stored it. */
export interface Creation {
  event: Event
  created: boolean
}

export type Acknowledgement =
  | { outcome: 'acknowledged' | 'already_delivered'; event_type: string }
  | { outcome: 'not_found' | 'lease_lost' }

/**
 * Where events live. Every method may throw `unavailable` (an AppError) when the store does not answer in time;
 * a write that ended so may have happened.
 */
export interface EventStore {
  /** Stores the event unless it is there already. */
  create(scope: CallScope, draft: EventDraft): Promise<Creation>
  /** Reads what is stored now, never an older state. Expired events are undefined. */
  get(scope: CallScope, eventId: string): Promise<Event | undefined>
  /** Marks the event as delivered, in one conditional write; with a lease only where nobody else holds it. */
  acknowledge(scope: CallScope, eventId: string, leaseId?: string): Promise<Acknowledgement>
  /** Newest first. Exact, but for lists by status, which may lag by a second. */
  list(scope: CallScope, query: EventListQuery): Promise<Page<EventSummary>>
  /** Events that can be delivered now, in the order in which they became available. */
  inbox(scope: CallScope, query: InboxReadQuery): Promise<Page<Event>>
}

/** An open event as the inbox index has it; it may have moved on since. */
export interface Candidate {
  event_id: string
  /** The very sort key it was seen under: who claims it compares. */
  availability: string
  body_bytes: number
}

/** A hold on events. Its id is made before it is written, so that a repeated write is recognised. */
export interface Lease {
  lease_id: string
  /** What the holder is told, in ms. The stored lease ends a second later. */
  expires_at: number
}

/** `lost`: somebody else was quicker. `failed`: its attempts were used up, so it was given up instead. */
export type Claim = { outcome: 'claimed'; event: Event } | { outcome: 'lost' | 'failed' }

export type LeaseChange = 'done' | 'lease_lost' | 'not_found'

/** How a consumer rejects an event. */
export interface Rejection {
  lease_id: string | undefined
  /** Chooses the delay, in ms, by the number of attempts so far. */
  delayMs: (attempts: number) => number
  reason: string | undefined
  /** Give it up now. */
  permanent: boolean
}

export type Nack =
  | { outcome: 'delayed'; available_at: number }
  | { outcome: 'failed' | 'lease_lost' | 'conflict' | 'not_found' }

export type Redrive =
  { outcome: 'redriven'; event: Event } | { outcome: 'conflict' } | { outcome: 'not_found' }

export interface FailedQuery {
  event_type?: string | undefined
  /** Inclusive, ms. */
  failed_after?: number | undefined
  /** Exclusive, ms. */
  failed_before?: number | undefined
  limit: number
  position?: string | undefined
}

/** The verbs of a queue, on the same events; each takes effect once. Fails as the EventStore does. */
export interface QueueStore {
  /** What the index will show of an event that became available at that time (ms). */
  candidateAt(eventId: string, availableAtMs: number): Candidate
  /** What can be claimed now, oldest first; from one shard alone where that is asked for. */
  candidates(scope: CallScope, limit: number, shard?: number): Promise<Candidate[]>
  claim(scope: CallScope, candidate: Candidate, lease: Lease): Promise<Claim>
  /** @param askedAt Greater than that of what was asked before: a late call never shortens what a newer one gave. */
  extend(scope: CallScope, eventId: string, lease: Lease, askedAt: number): Promise<LeaseChange>
  /** Available again from `nowMs` on. */
  release(scope: CallScope, eventId: string, leaseId: string, nowMs: number): Promise<LeaseChange>
  nack(scope: CallScope, eventId: string, rejection: Rejection): Promise<Nack>
  redrive(scope: CallScope, eventId: string, nowMs: number): Promise<Redrive>
  /** Ids of events that failed, in the order of their making. */
  failed(scope: CallScope, query: FailedQuery): Promise<Page<string>>
  stats(scope: CallScope): Promise<InboxStats>
}

/** What happens to events and is counted; each is the name of a metric. */
export type EventCount = 'EventCreated' | 'EventDelivered' | 'EventFailed' | 'EventClaimed'

/** Counts what happened to events. Cheap, synchronous, never throws. */
export type CountEvents = (name: EventCount, by?: number) => void

export interface IdempotencyRecord {
  event_id: string
  body_hash: string
}

/** Remembers which event an `Idempotency-Key` of a tenant stands for. */
export interface IdempotencyStore {
  /** Stores the record unless the key has one that still counts. @returns The record that counts. */
  claim(scope: CallScope, key: string, record: IdempotencyRecord): Promise<IdempotencyRecord>
}

/** An API key at rest: everything but its secret. Times in ms. */
export interface ApiKey {
  key_id: string
  tenant: string
  scopes: readonly Scope[]
  secret_hash: string
  name: string | null
  created_at: number
  valid_until: number | null
  revoked_at: number | null
  /** Requests a second, from 1; null for the limit of the process. */
  rate_limit: number | null
}

/** What authentication reads. Throws `unavailable` when the store does not answer. */
export interface AccessStore {
  findKey(keyId: string): Promise<ApiKey | undefined>
  findTenant(name: string): Promise<Tenant | undefined>
}

/** What the management of keys and tenants needs besides. */
export interface AccessAdminStore extends AccessStore {
  /** Makes the tenant with one shard, unless it is there. */
  addTenant(name: string): Promise<void>
  listTenants(): Promise<string[]>
  /** Spreads a tenant wider; shards never become fewer. @returns false when there is no such tenant, or it has more. */
  growTenant(name: string, change: { shards?: number; read_shards?: number }): Promise<boolean>
  addKey(key: ApiKey): Promise<void>
  listKeys(tenant: string): Promise<ApiKey[]>
  /** @returns false when there is no such key. */
  updateKey(
    keyId: string,
    change: { valid_until?: number; revoked_at?: number; rate_limit?: number },
  ): Promise<boolean>
}
