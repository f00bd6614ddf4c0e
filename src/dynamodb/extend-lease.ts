import { ulidOf } from '../domain/event-id.ts'
import type { CallScope, Lease, LeaseChange } from '../domain/ports.ts'
import { storeUnavailable } from '../errors.ts'
import { updateEvent } from './conditional.ts'
import type { EventStoreOptions } from './event-store.ts'
import { extendRequest } from './event-writes.ts'
import { isExpired, numberOf, textOf } from './items.ts'

/** The holder may extend again between two tries, but not for ever. */
const MAX_TRIES = 3

/**
 * Moves the end of a lease. One that comes late, after an extension that was asked for later, may lengthen the lease but
 * never shortens it: the holder was told of the other. Tasks order what they are asked by their clocks, so within the
 * skew of these a lease may last longer than the last one asked for, never less.
 */
export async function extendLease(
  options: EventStoreOptions,
  scope: CallScope,
  eventId: string,
  { lease, askedAt }: { lease: Lease; askedAt: number },
): Promise<LeaseChange> {
  const ulid = ulidOf(eventId)
  if (ulid === undefined) return 'not_found'
  let order = askedAt
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const result = await updateEvent(options, scope, ulid, (target) => extendRequest(target, lease, order))
    if (result.applied) return 'done'
    const { found } = result
    if (found === undefined || isExpired(found, options.clock())) return 'not_found'
    if (textOf(found, 'status') !== 'undelivered' || found['lease_id']?.S !== lease.lease_id)
      return 'lease_lost'
    if (numberOf(found, 'leased_until') >= lease.expires_at) return 'done'
    order = numberOf(found, 'extend_order')
  }
  throw storeUnavailable()
}
