import pMap from 'p-map'
import { AppError, eventNotFound } from '../errors.ts'
import type { Event } from '../schemas/event.ts'
import type { RedriveBody, Redriven } from '../schemas/redrive.ts'
import { announceAgain } from './availability.ts'
import { MAX_CONCURRENT } from './concurrency.ts'
import type { CursorBinding } from './cursor.ts'
import type { EventsDependencies } from './events.ts'
import { parseInterval } from './interval.ts'
import type { CallScope, Redrive } from './ports.ts'

function redriveOne(dependencies: EventsDependencies) {
  const { queue, clock } = dependencies
  return async (scope: CallScope, eventId: string): Promise<Redrive> => {
    const nowMs = clock()
    const result = await queue.redrive(scope, eventId, nowMs)
    if (result.outcome === 'redriven') announceAgain(dependencies, scope.tenant.name, eventId, nowMs)
    return result
  }
}

/** Gives a dead letter another chance, as if it had just been accepted. Throws `not_found` and `conflict`. */
export function redriveEvent(dependencies: EventsDependencies) {
  const redrive = redriveOne(dependencies)
  return async (scope: CallScope, eventId: string): Promise<Event> => {
    const result = await redrive(scope, eventId)
    if (result.outcome === 'not_found') throw eventNotFound()
    if (result.outcome === 'conflict') throw new AppError('conflict', 'The event is not failed.')
    return result.event
  }
}

/** Gives a page of dead letters another chance, or only counts them. Throws `invalid_request` and `invalid_cursor`. */
export function redriveInbox(dependencies: EventsDependencies) {
  const { queue, cursors } = dependencies
  const redrive = redriveOne(dependencies)
  return async (scope: CallScope, body: RedriveBody): Promise<Redriven> => {
    const { event_type, limit, dry_run, cursor } = body
    const [failed_after, failed_before] = parseInterval(
      { field: 'failed_after', moment: body.failed_after },
      { field: 'failed_before', moment: body.failed_before },
    )
    const binding: CursorBinding = {
      route: 'redrive',
      tenant: scope.tenant.name,
      filters: [event_type, failed_after, failed_before],
    }
    const position = cursor === undefined ? undefined : cursors.open(binding, cursor)
    const page = await queue.failed(scope, { event_type, failed_after, failed_before, limit, position })
    const results = dry_run
      ? []
      : await pMap(page.items, (eventId) => redrive(scope, eventId), { concurrency: MAX_CONCURRENT })
    return {
      matched: page.items.length,
      redriven: results.filter(({ outcome }) => outcome === 'redriven').length,
      next_cursor: page.position === null ? null : cursors.seal(binding, page.position),
    }
  }
}
