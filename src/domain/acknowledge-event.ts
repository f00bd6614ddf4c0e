import { eventNotFound } from '../errors.ts'
import type { EventsDependencies } from './events.ts'
import type { CallScope } from './ports.ts'

export interface AcknowledgedEvent {
  event_type: string
  /** It had been acknowledged before; nothing was written. */
  repeated: boolean
}

/** Marks an event as delivered. Repeating it is no error. Throws `not_found`. */
export function acknowledgeEvent({ store, count }: EventsDependencies) {
  return async (scope: CallScope, eventId: string): Promise<AcknowledgedEvent> => {
    const result = await store.acknowledge(scope, eventId)
    if (result.outcome === 'not_found') throw eventNotFound()
    const repeated = result.outcome === 'already_delivered'
    if (!repeated) count('EventDelivered')
    return { event_type: result.event_type, repeated }
  }
}
