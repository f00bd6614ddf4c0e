import { AppError, eventNotFound } from '../errors.ts'
import type { AcknowledgeManyBody, EventResults } from '../schemas/queue.ts'
import { forEachEvent } from './each-event.ts'
import type { EventsDependencies } from './events.ts'
import type { Acknowledgement, CallScope } from './ports.ts'

/** An event that is delivered now. */
export interface AcknowledgedEvent {
  event_id: string
  event_type: string
  /** It had been acknowledged before; nothing was written. */
  repeated: boolean
}

/** Told of each acknowledged event: what the audit log is written from. */
export type OnAcknowledged = (event: AcknowledgedEvent) => void

function acknowledge({ store, count }: EventsDependencies) {
  return async (
    scope: CallScope,
    event_id: string,
    leaseId: string | undefined,
    onAcknowledged: OnAcknowledged,
  ): Promise<Acknowledgement['outcome']> => {
    const result = await store.acknowledge(scope, event_id, leaseId)
    if (!('event_type' in result)) return result.outcome
    const repeated = result.outcome === 'already_delivered'
    if (!repeated) count('EventDelivered')
    onAcknowledged({ event_id, event_type: result.event_type, repeated })
    return result.outcome
  }
}

/** Marks an event as delivered. Repeating it is no error. Throws `not_found`, and `lease_lost` where one is named. */
export function acknowledgeEvent(dependencies: EventsDependencies) {
  const acknowledgeOne = acknowledge(dependencies)
  return async (
    scope: CallScope,
    eventId: string,
    leaseId: string | undefined,
    onAcknowledged: OnAcknowledged,
  ): Promise<void> => {
    const outcome = await acknowledgeOne(scope, eventId, leaseId, onAcknowledged)
    if (outcome === 'not_found') throw eventNotFound()
    if (outcome === 'lease_lost') throw new AppError('lease_lost', 'The event is held under another lease.')
  }
}

/** Marks each of these events as delivered. */
export function acknowledgeEvents(dependencies: EventsDependencies) {
  const acknowledgeOne = acknowledge(dependencies)
  return async (
    scope: CallScope,
    { event_ids, lease_id }: AcknowledgeManyBody,
    onAcknowledged: OnAcknowledged,
  ): Promise<EventResults> => ({
    results: await forEachEvent(event_ids, (eventId) =>
      acknowledgeOne(scope, eventId, lease_id, onAcknowledged),
    ),
  })
}
