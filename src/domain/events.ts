import { acknowledgeEvent } from './acknowledge-event.ts'
import type { Clock } from './clock.ts'
import { createEvent } from './create-event.ts'
import type { Cursors } from './cursor.ts'
import { getEvent } from './get-event.ts'
import { listEvents } from './list-events.ts'
import type { CountEvents, EventStore, IdempotencyStore } from './ports.ts'
import { readInbox } from './read-inbox.ts'

/** What the use cases stand on. */
export interface EventsDependencies {
  store: EventStore
  idempotency: IdempotencyStore
  cursors: Cursors
  clock: Clock
  /** Makes the id of a new event in the given shard. */
  newEventId: (shard: number) => string
  /** Draws a number from 0 (inclusive) to 1 (exclusive). */
  random: () => number
  count: CountEvents
}

/** Everything that can be done with events, one file each. */
export function createEvents(dependencies: EventsDependencies) {
  return {
    create: createEvent(dependencies),
    get: getEvent(dependencies),
    list: listEvents(dependencies),
    inbox: readInbox(dependencies),
    acknowledge: acknowledgeEvent(dependencies),
  }
}
export type Events = ReturnType<typeof createEvents>
