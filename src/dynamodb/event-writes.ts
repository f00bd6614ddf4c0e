import type { UpdateItemCommandInput } from '@aws-sdk/client-dynamodb'
import { shardOf, type Ulid } from '../domain/event-id.ts'
import type { Lease } from '../domain/ports.ts'
import { availability, inboxKey, type Item } from './keys.ts'
import { RECORD_FINAL, RECORD_NONE } from './operations.ts'
import { TTL_ATTRIBUTE } from './table.ts'
import { defineUpdate, inStatus, STATUS, type EventTarget, type UpdateForm } from './update.ts'

/**
 * The stored lease outlasts what its holder is told by this much, so that tasks whose clocks differ by less never have
 * two holders at once.
 */
export const CLOCK_GUARD_MS = 1_000

const text = (value: string) => ({ S: value })
const number = (value: number) => ({ N: String(value) })

/** What goes with a lease. */
const LEASE = ['lease_id', 'leased_until', 'extend_order']
/** Takes an event out of the inbox: nothing of a hold or of its turn is left. */
const OUT_OF_INBOX = ['inbox_key', 'available_at', ...LEASE]

const NOT_EXPIRED = `(attribute_not_exists(${TTL_ATTRIBUTE}) OR ${TTL_ATTRIBUTE} > :now_seconds)`

interface AcknowledgeOptions {
  nowMs: number
  /** When the delivered event may be deleted, in seconds. */
  expiresAt: number
  /** Only where nobody holds it under another lease. */
  leaseId?: string | undefined
}

/**
 * `event_type` is set to itself because only updated attributes are answered by `UPDATED_NEW`: the audit log needs it, and
 * the body need not travel.
 */
const ACKNOWLEDGE = {
  set: [...STATUS, 'delivered_at', TTL_ATTRIBUTE],
  setExpressions: ['event_type = event_type'],
  remove: [...OUT_OF_INBOX, 'failed_at'],
  condition: `attribute_exists(pk) AND #status <> :delivered AND ${NOT_EXPIRED}`,
  record: RECORD_FINAL,
} satisfies UpdateForm
const acknowledge = defineUpdate(ACKNOWLEDGE)
const acknowledgeHeld = defineUpdate({
  ...ACKNOWLEDGE,
  condition: `${ACKNOWLEDGE.condition} AND (attribute_not_exists(lease_id) OR lease_id = :lease_id)`,
})

/** Delivers an event that is there, not expired and not delivered yet. */
export function acknowledgeRequest(
  target: EventTarget,
  { nowMs, expiresAt, leaseId }: AcknowledgeOptions,
): UpdateItemCommandInput {
  const { tenant, ulid } = target
  const set = {
    ...inStatus(tenant, ulid, 'delivered'),
    delivered_at: number(nowMs),
    [TTL_ATTRIBUTE]: number(expiresAt),
  }
  const values = { ':delivered': text('delivered'), ':now_seconds': number(Math.floor(nowMs / 1000)) }
  if (leaseId === undefined) return acknowledge(target, { set, values })
  return acknowledgeHeld(target, { set, values: { ...values, ':lease_id': text(leaseId) } })
}

/** The attributes of `leaseAttributes`. */
const LEASE_TIMES = ['available_at', 'leased_until']
const leaseAttributes = (ulid: Ulid, { expires_at }: Lease): Item => ({
  available_at: text(availability(expires_at + CLOCK_GUARD_MS, ulid)),
  leased_until: number(expires_at),
})

const claim = defineUpdate({
  set: [...STATUS, ...LEASE_TIMES, 'lease_id'],
  setExpressions: ['delivery_attempts = delivery_attempts + :one'],
  // Of the lease before, which may have lapsed.
  remove: ['extend_order'],
  condition: 'available_at = :seen AND delivery_attempts < :max_attempts',
  returns: 'ALL_NEW',
  record: RECORD_NONE,
})

/** Hands an event out, if it is still where it was seen and has attempts left. It is recognised by its lease. */
export function claimRequest(
  target: EventTarget,
  lease: Lease,
  seen: string,
  maxAttempts: number,
): UpdateItemCommandInput {
  const { tenant, ulid } = target
  return claim(target, {
    set: {
      ...inStatus(tenant, ulid, 'undelivered'),
      ...leaseAttributes(ulid, lease),
      lease_id: text(lease.lease_id),
    },
    values: { ':seen': text(seen), ':one': number(1), ':max_attempts': number(maxAttempts) },
  })
}

const HOLDS = '#status = :undelivered AND lease_id = :lease_id'
const holder = (leaseId: string): Item => ({
  ':undelivered': text('undelivered'),
  ':lease_id': text(leaseId),
})

const extend = defineUpdate({
  set: [...LEASE_TIMES, 'extend_order'],
  condition: `${HOLDS} AND (attribute_not_exists(extend_order) OR extend_order <= :asked_at)`,
})

/** Moves the end of a lease, unless one that was asked for since has moved it already. */
export function extendRequest(target: EventTarget, lease: Lease, askedAt: number): UpdateItemCommandInput {
  return extend(target, {
    set: { ...leaseAttributes(target.ulid, lease), extend_order: number(askedAt) },
    values: { ...holder(lease.lease_id), ':asked_at': number(askedAt) },
  })
}

const release = defineUpdate({ set: ['available_at'], remove: LEASE, condition: HOLDS })

/** Gives an event back: available from now on. */
export function releaseRequest(target: EventTarget, leaseId: string, nowMs: number): UpdateItemCommandInput {
  return release(target, {
    set: { available_at: text(availability(nowMs, target.ulid)) },
    values: holder(leaseId),
  })
}

/** What a rejection has that gives a reason, and one that gives none, which leaves the last one there. */
function defineRejection(form: UpdateForm) {
  const withReason = defineUpdate({ ...form, set: [...form.set, 'last_failure_reason'] })
  const without = defineUpdate(form)
  return (target: EventTarget, set: Item, seen: string, reason: string | undefined) => {
    const values = { ':seen': text(seen) }
    if (reason === undefined) return without(target, { set, values })
    return withReason(target, { set: { ...set, last_failure_reason: text(reason) }, values })
  }
}

const delay = defineRejection({
  set: [...STATUS, 'available_at'],
  remove: LEASE,
  condition: 'available_at = :seen',
})

/** Puts a rejected event off, if nothing happened to it since it was seen. */
export function delayRequest(
  target: EventTarget,
  { seen, availableAtMs, reason }: { seen: string; availableAtMs: number; reason: string | undefined },
): UpdateItemCommandInput {
  const { tenant, ulid } = target
  const set = {
    ...inStatus(tenant, ulid, 'undelivered'),
    available_at: text(availability(availableAtMs, ulid)),
  }
  return delay(target, set, seen, reason)
}

interface FailOptions {
  seen: string
  nowMs: number
  /** When the failed event may be deleted, in seconds. */
  expiresAt: number
  reason?: string | undefined
}

const fail = defineRejection({
  set: [...STATUS, 'failed_at', TTL_ATTRIBUTE],
  remove: OUT_OF_INBOX,
  condition: 'available_at = :seen',
})

/** Gives an event up, if nothing happened to it since it was seen. */
export function failRequest(
  target: EventTarget,
  { seen, nowMs, expiresAt, reason }: FailOptions,
): UpdateItemCommandInput {
  const set = {
    ...inStatus(target.tenant, target.ulid, 'failed'),
    failed_at: number(nowMs),
    [TTL_ATTRIBUTE]: number(expiresAt),
  }
  return fail(target, set, seen, reason)
}

const redrive = defineUpdate({
  set: [...STATUS, 'inbox_key', 'available_at', 'delivery_attempts'],
  remove: ['failed_at', TTL_ATTRIBUTE],
  condition: `#status = :failed AND ${NOT_EXPIRED}`,
  returns: 'ALL_NEW',
})

/** Gives a dead letter another chance: as if it had just been accepted. */
export function redriveRequest(target: EventTarget, nowMs: number): UpdateItemCommandInput {
  const { tenant, ulid } = target
  return redrive(target, {
    set: {
      ...inStatus(tenant, ulid, 'pending'),
      inbox_key: text(inboxKey(tenant, shardOf(ulid))),
      available_at: text(availability(nowMs, ulid)),
      delivery_attempts: number(0),
    },
    values: { ':failed': text('failed'), ':now_seconds': number(Math.floor(nowMs / 1000)) },
  })
}
