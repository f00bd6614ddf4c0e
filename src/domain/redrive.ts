import pMap from 'p-map'
import { AppError, eventNotFound } from '../errors.ts'
import type { Event } from '../schemas/event.ts'
import type { RedriveBody, Redriven } from '../schemas/redrive.ts'
import { announceAgain } from './availability.ts'
import { MAX_CONCURRENT } from './concurrency.ts'
import type { CursorBinding } from './cursor.ts'
import type { EventsDependencies } from './events.ts'
import { parseInterval } from './interval.ts'
import type { CallScope, FailedQuery, Redrive } from './ports.ts'

/** Dead letters that are read and redriven together; between two of these steps there is time to stop. */
const STEP = 50
/** After this part of the deadline no step begins any more. */
const LAST_START = 0.5

/** Told of each event that is pending again: what the audit log is written from. */
export type OnRedriven = (event: Event) => void

function redriveOne(dependencies: EventsDependencies) {
  const { queue, clock } = dependencies
  return async (scope: CallScope, eventId: string, onRedriven: OnRedriven): Promise<Redrive> => {
    const nowMs = clock()
    const result = await queue.redrive(scope, eventId, nowMs)
    if (result.outcome !== 'redriven') return result
    onRedriven(result.event)
    announceAgain(dependencies, scope.tenant.name, eventId, nowMs)
    return result
  }
}

/** Gives a dead letter another chance, as if it had just been accepted. Throws `not_found` and `conflict`. */
export function redriveEvent(dependencies: EventsDependencies) {
  const redrive = redriveOne(dependencies)
  return async (scope: CallScope, eventId: string, onRedriven: OnRedriven): Promise<Event> => {
    const result = await redrive(scope, eventId, onRedriven)
    if (result.outcome === 'not_found') throw eventNotFound()
    if (result.outcome === 'conflict') throw new AppError('conflict', 'The event is not failed.')
    return result.event
  }
}

/** How far a redrive has come; `position` is where it goes on: undefined at the start, null at the end. */
interface Progress {
  matched: number
  position: string | null | undefined
}

interface Steps {
  limit: number
  /** When no step begins any more, by `performance.now()`. */
  until: number
  /** Does the work on one page. */
  work: (eventIds: string[]) => Promise<void>
}

/** Takes page after page of dead letters while there is time. What was done before a failure is not given up for it. */
async function walkFailed(
  { queue }: EventsDependencies,
  scope: CallScope,
  query: FailedQuery,
  { limit, until, work }: Steps,
): Promise<Progress> {
  let done: Progress = { matched: 0, position: query.position }
  do {
    const step = { ...query, limit: Math.min(query.limit, limit - done.matched) }
    try {
      const { items, position } = await queue.failed(scope, { ...step, position: done.position ?? undefined })
      await work(items)
      done = { matched: done.matched + items.length, position }
      // A short page has used up its read budget, if it is not the last.
      if (items.length < step.limit) break
    } catch (error) {
      if (done.matched === 0) throw error
      break
    }
  } while (done.position !== null && done.matched < limit && performance.now() < until)
  return done
}

/**
 * Gives dead letters another chance, or only counts them. On a slow store it stops in time, and tells how far it came.
 * Throws `invalid_request` and `invalid_cursor`.
 */
export function redriveInbox(dependencies: EventsDependencies) {
  const { cursors, deadlineMs } = dependencies
  const redrive = redriveOne(dependencies)
  return async (scope: CallScope, body: RedriveBody, onRedriven: OnRedriven): Promise<Redriven> => {
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
    const query = { event_type, failed_after, failed_before, position, limit: dry_run ? limit : STEP }
    let redriven = 0
    const redriveNext = async (eventId: string) => {
      const { outcome } = await redrive(scope, eventId, onRedriven)
      if (outcome === 'redriven') redriven += 1
    }
    const done = await walkFailed(dependencies, scope, query, {
      limit,
      until: performance.now() + LAST_START * deadlineMs,
      work: async (eventIds) => {
        if (!dry_run) await pMap(eventIds, redriveNext, { concurrency: MAX_CONCURRENT })
      },
    })
    return {
      // Some of a page that failed may have been redriven.
      matched: Math.max(done.matched, redriven),
      redriven,
      next_cursor: typeof done.position === 'string' ? cursors.seal(binding, done.position) : null,
    }
  }
}
