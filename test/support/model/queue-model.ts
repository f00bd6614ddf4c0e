import { toBodyText } from '../../../src/domain/event-body.ts'
import type { Event, EventStatus, EventSummary, JsonObject, NewEvent } from '../../../src/schemas/event.ts'
import type { InboxStats } from '../../../src/schemas/inbox-stats.ts'
import type { EventResult } from '../../../src/schemas/queue.ts'

/** The settings that the rules depend on; times in seconds. */
export const RULES = {
  maxAttempts: 3,
  retentionSeconds: 30 * 86_400,
  keyWindowSeconds: 86_400,
  /** The stored lease outlasts the one that was told. */
  guardMs: 1_000,
  nackDelays: { minSeconds: 1, maxSeconds: 60 },
  maxDelaySeconds: 90 * 86_400,
}

/** An event as the specification knows it; times in ms. */
export interface ModelEvent {
  event_id: string
  event_type: string
  payload: JsonObject
  metadata: JsonObject | null
  status: EventStatus
  created_at: number
  delivered_at: number | null
  failed_at: number | null
  redriven_at: number | null
  attempts: number
  /** null when it is delivered or failed. */
  available_at: number | null
  lease_id: string | null
  /** What the holder was told. */
  leased_until: number | null
  expires_at: number | null
  reason: string | null
}

interface KeyRecord {
  event_id: string
  body: string
  expires_at: number
}

export interface Filter {
  event_type?: string | undefined
  /** Inclusive, ms. */
  after?: number | undefined
  /** Exclusive, ms. */
  before?: number | undefined
}

/** From when a rejected event may come again: a range, because the delay is drawn. */
export interface NackOptions {
  lease_id?: string | undefined
  delay_seconds?: number | undefined
  reason?: string | undefined
  permanent?: boolean | undefined
}

type Change = EventResult['result']

const toSeconds = (ms: number) => Math.floor(ms / 1000)
const timestamp = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString())
const isWithin = (ms: number, { after = 0, before = Infinity }: Filter) => ms >= after && ms < before
const byId = (a: ModelEvent, b: ModelEvent) => (a.event_id < b.event_id ? -1 : 1)
const byAvailability = (a: ModelEvent, b: ModelEvent) =>
  (a.available_at ?? 0) - (b.available_at ?? 0) || byId(a, b)

/**
 * One tenant's inbox as the table of the life of an event describes it: no store, no index, no other task; `now` is an
 * argument of everything. What the service draws by itself (ids, delays) is told to it.
 */
export class QueueModel {
  readonly events = new Map<string, ModelEvent>()
  readonly keys = new Map<string, KeyRecord>()
  /** Every lease that was ever given. */
  readonly leases: string[] = []

  /** Ids in the order of their making. */
  get ids(): string[] {
    return [...this.events.keys()]
  }

  /** The event, unless it is unknown, another tenant's or expired. */
  find(eventId: string, now: number): ModelEvent | undefined {
    const event = this.events.get(eventId)
    return event && (event.expires_at ?? Infinity) > toSeconds(now) ? event : undefined
  }

  all(now: number): ModelEvent[] {
    return this.ids.flatMap((id) => this.find(id, now) ?? [])
  }

  /** What a key stands for now. */
  record(key: string | undefined, now: number): KeyRecord | undefined {
    const record = key === undefined ? undefined : this.keys.get(key)
    return record && record.expires_at > toSeconds(now) ? record : undefined
  }

  remember(key: string, body: NewEvent, eventId: string, now: number): void {
    const expires_at = toSeconds(now) + RULES.keyWindowSeconds
    this.keys.set(key, { event_id: eventId, body: JSON.stringify(body), expires_at })
  }

  create(eventId: string, body: NewEvent, created_at: number, now: number): void {
    const { event_type, payload, metadata = null, deliver_at, delay_seconds } = body
    const wanted = deliver_at === undefined ? now + (delay_seconds ?? 0) * 1000 : Date.parse(deliver_at)
    this.events.set(eventId, {
      event_id: eventId,
      event_type,
      payload,
      metadata,
      status: 'pending',
      created_at,
      delivered_at: null,
      failed_at: null,
      redriven_at: null,
      attempts: 0,
      available_at: Math.max(wanted, now),
      lease_id: null,
      leased_until: null,
      expires_at: null,
      reason: null,
    })
  }

  /** Open and available now, in the order of the inbox. */
  available(now: number): ModelEvent[] {
    const isAvailable = ({ available_at }: ModelEvent) => available_at !== null && available_at <= now
    return this.all(now).filter(isAvailable).sort(byAvailability)
  }

  /** What one claim does where nobody else interferes. */
  planClaim(limit: number, now: number): { claimed: ModelEvent[]; failed: ModelEvent[] } {
    const claimed: ModelEvent[] = []
    const failed: ModelEvent[] = []
    for (const event of this.available(now)) {
      if (claimed.length === limit) break
      if (event.attempts < RULES.maxAttempts) claimed.push(event)
      else failed.push(event)
    }
    return { claimed, failed }
  }

  claim(event: ModelEvent, lease_id: string, leased_until: number): void {
    this.#lease(event, leased_until)
    Object.assign(event, { status: 'undelivered', lease_id, attempts: event.attempts + 1 })
  }

  fail(event: ModelEvent, now: number): void {
    this.#close(event, 'failed', now)
    event.failed_at = now
  }

  extend(eventId: string, leaseId: string, until: number, now: number): Change {
    return this.#held(eventId, leaseId, now, (event) => {
      this.#lease(event, until)
      return 'extended'
    })
  }

  release(eventId: string, leaseId: string, now: number): Change {
    const event = this.find(eventId, now)
    // Given back at this very moment: that may have been this release, so repeating it is no fault.
    const isFree = event?.status === 'undelivered' && event.lease_id === null
    if (isFree && event.available_at === now) return 'released'
    return this.#held(eventId, leaseId, now, (held) => {
      Object.assign(held, { available_at: now, lease_id: null, leased_until: null })
      return 'released'
    })
  }

  acknowledge(eventId: string, leaseId: string | undefined, now: number): Change {
    const event = this.find(eventId, now)
    if (!event) return 'not_found'
    if (event.status === 'delivered') return 'already_delivered'
    const isAnothers = event.lease_id !== null && event.lease_id !== leaseId
    if (leaseId !== undefined && isAnothers) return 'lease_lost'
    this.#close(event, 'delivered', now)
    Object.assign(event, { delivered_at: now, failed_at: null })
    return 'acknowledged'
  }

  /** @returns Why not, or the range in which the event comes again; it has to be told by `delayed`. */
  nack(
    eventId: string,
    options: NackOptions,
    now: number,
  ): { refusal: Change } | { failed: true } | { from: number; to: number } {
    const event = this.find(eventId, now)
    const { lease_id, delay_seconds, reason, permanent } = options
    if (!event) return { refusal: 'not_found' }
    if (lease_id !== undefined && (event.available_at === null || event.lease_id !== lease_id))
      return { refusal: 'lease_lost' }
    // The second that a lease is stored for longer still keeps others out.
    const isHeld = event.lease_id !== null && (event.available_at ?? 0) > now
    if (lease_id === undefined && (event.available_at === null || isHeld)) return { refusal: 'conflict' }
    event.reason = reason ?? event.reason
    if (permanent === true || event.attempts >= RULES.maxAttempts) {
      this.fail(event, now)
      return { failed: true }
    }
    Object.assign(event, { status: 'undelivered', lease_id: null, leased_until: null })
    const { minSeconds, maxSeconds } = RULES.nackDelays
    const most = delay_seconds ?? Math.min(maxSeconds, minSeconds * 2 ** Math.max(1, event.attempts))
    return { from: now + (delay_seconds ?? minSeconds) * 1000, to: now + most * 1000 }
  }

  redrive(eventId: string, now: number): 'redriven' | 'conflict' | 'not_found' {
    const event = this.find(eventId, now)
    if (!event) return 'not_found'
    // Whoever redrives at the very same time cannot be told from the one who did.
    if (event.status !== 'failed') return event.redriven_at === now ? 'redriven' : 'conflict'
    const gone = { failed_at: null, expires_at: null, lease_id: null, leased_until: null }
    Object.assign(event, { status: 'pending', attempts: 0, available_at: now, redriven_at: now, ...gone })
    return 'redriven'
  }

  /** Newest first. */
  list(now: number, status: EventStatus | undefined, filter: Filter): EventSummary[] {
    return this.all(now)
      .filter((event) => status === undefined || event.status === status)
      .filter((event) => filter.event_type === undefined || event.event_type === filter.event_type)
      .filter(({ created_at }) => isWithin(created_at, filter))
      .sort(byId)
      .reverse()
      .map((event) => summaryOf(event))
  }

  /** Dead letters in the order of their making. */
  failed(now: number, filter: Filter): ModelEvent[] {
    return this.all(now)
      .filter(({ failed_at }) => failed_at !== null && isWithin(failed_at, filter))
      .filter((event) => filter.event_type === undefined || event.event_type === filter.event_type)
      .sort(byId)
  }

  stats(now: number): InboxStats {
    const [oldest] = this.available(now)
    const later = this.all(now).filter(({ available_at }) => available_at !== null && available_at > now)
    return {
      available: this.available(now).length,
      delayed: later.filter(({ leased_until }) => leased_until === null).length,
      leased: later.filter(({ leased_until }) => leased_until !== null).length,
      failed: this.failed(now, {}).length,
      oldest_available_age_seconds: oldest ? (now - (oldest.available_at ?? 0)) / 1000 : null,
      capped: false,
    }
  }

  #lease(event: ModelEvent, leased_until: number): void {
    Object.assign(event, { leased_until, available_at: leased_until + RULES.guardMs })
  }

  #close(event: ModelEvent, status: EventStatus, now: number): void {
    const expires_at = toSeconds(now) + RULES.retentionSeconds
    Object.assign(event, { status, available_at: null, lease_id: null, leased_until: null, expires_at })
  }

  /** A lapsed lease that nobody claimed over still holds. */
  #held(eventId: string, leaseId: string, now: number, change: (event: ModelEvent) => Change): Change {
    const event = this.find(eventId, now)
    if (!event) return 'not_found'
    return event.lease_id === leaseId ? change(event) : 'lease_lost'
  }
}

function summaryOf(event: ModelEvent): EventSummary {
  const { event_id, event_type, status, created_at, delivered_at, failed_at } = event
  return {
    event_id,
    event_type,
    status,
    created_at: new Date(created_at).toISOString(),
    delivered_at: timestamp(delivered_at),
    failed_at: timestamp(failed_at),
  }
}

/** The event as the contract shows it at that time. */
export function viewOf(event: ModelEvent, now: number): Event {
  const { payload, metadata, attempts, available_at, leased_until, reason } = event
  return {
    ...summaryOf(event),
    body: toBodyText({ payload, metadata }),
    delivery_attempts: attempts,
    available_at: timestamp(available_at),
    lease_expires_at: leased_until !== null && leased_until > now ? timestamp(leased_until) : null,
    last_failure_reason: reason,
  }
}
