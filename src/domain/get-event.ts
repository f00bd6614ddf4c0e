import { eventNotFound } from '../errors.ts'
import type { Event } from '../schemas/event.ts'
import type { EventsDependencies } from './events.ts'
import type { CallScope } from './ports.ts'

/** Reads one event as it stands now. Throws `not_found`. */
export function getEvent({ store }: EventsDependencies) {
  return async (scope: CallScope, eventId: string): Promise<Event> => {
    const event = await store.get(scope, eventId)
    if (!event) throw eventNotFound()
    return event
  }
}
