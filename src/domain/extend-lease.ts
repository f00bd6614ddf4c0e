import type { ExtendBody, Extended } from '../schemas/queue.ts'
import { toTimestamp } from './clock.ts'
import { forEachEvent } from './each-event.ts'
import type { EventsDependencies } from './events.ts'
import { createSequence } from './sequence.ts'
import type { CallScope } from './ports.ts'

/** Moves the end of a lease on each of these events, counted from now. */
export function extendLease({ queue, clock }: EventsDependencies) {
  const nextInOrder = createSequence(clock)
  return async (scope: CallScope, { lease_id, event_ids, lease_seconds }: ExtendBody): Promise<Extended> => {
    const lease = { lease_id, expires_at: clock() + lease_seconds * 1000 }
    const askedAt = nextInOrder()
    const results = await forEachEvent(event_ids, async (eventId) => {
      const change = await queue.extend(scope, eventId, lease, askedAt)
      return change === 'done' ? 'extended' : change
    })
    const isAnyExtended = results.some(({ result }) => result === 'extended')
    return { lease_expires_at: isAnyExtended ? toTimestamp(lease.expires_at) : null, results }
  }
}
