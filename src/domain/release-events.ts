import type { EventResults, ReleaseBody } from '../schemas/queue.ts'
import { announceAgain } from './availability.ts'
import { forEachEvent } from './each-event.ts'
import type { EventsDependencies } from './events.ts'
import type { CallScope } from './ports.ts'

/** Told of each event that was given back: what the audit log is written from. */
export type OnReleased = (eventId: string) => void

/** Gives events back before their lease ends; the attempt counts all the same. */
export function releaseEvents(dependencies: EventsDependencies) {
  const { queue, clock } = dependencies
  return async (
    scope: CallScope,
    { lease_id, event_ids }: ReleaseBody,
    onReleased: OnReleased,
  ): Promise<EventResults> => {
    const results = await forEachEvent(event_ids, async (eventId) => {
      const nowMs = clock()
      const change = await queue.release(scope, eventId, lease_id, nowMs)
      if (change !== 'done') return change
      onReleased(eventId)
      announceAgain(dependencies, scope.tenant.name, eventId, nowMs)
      return 'released'
    })
    return { results }
  }
}
