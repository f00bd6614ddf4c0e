import { AppError, eventNotFound } from '../errors.ts'
import type { NackBody } from '../schemas/queue.ts'
import { announceAgain } from './availability.ts'
import type { EventsDependencies } from './events.ts'
import type { CallScope } from './ports.ts'

/** Bounds of the delay that follows a rejection by default. */
export interface NackDelays {
  minSeconds: number
  maxSeconds: number
}

/**
 * Exponential backoff with full jitter (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/):
 * anything from the least delay to one that doubles with each attempt.
 *
 * @param random From 0 (inclusive) to 1 (exclusive).
 * @returns Milliseconds.
 */
export function backoffMs(attempts: number, { minSeconds, maxSeconds }: NackDelays, random: number): number {
  const ceiling = Math.min(maxSeconds, minSeconds * 2 ** Math.max(1, attempts))
  return Math.round(1000 * (minSeconds + random * Math.max(0, ceiling - minSeconds)))
}

/**
 * Rejects an event: it comes again after a delay, or is given up. Throws `not_found`, `lease_lost` where a lease is
 * named, and `conflict` where somebody holds it or there is nothing left to reject.
 *
 * @returns Which of the two.
 */
export function nackEvent(dependencies: EventsDependencies) {
  const { queue, clock, random, count, nackDelays } = dependencies
  return async (scope: CallScope, eventId: string, body: NackBody): Promise<'delayed' | 'failed'> => {
    const { lease_id, delay_seconds, reason, permanent = false } = body
    const delayMs = (attempts: number) =>
      delay_seconds === undefined ? backoffMs(attempts, nackDelays, random()) : delay_seconds * 1000
    const result = await queue.nack(scope, eventId, { lease_id, delayMs, reason, permanent })
    if (result.outcome === 'not_found') throw eventNotFound()
    if (result.outcome === 'lease_lost') throw new AppError('lease_lost', 'The lease is gone or another’s.')
    if (result.outcome === 'conflict')
      throw new AppError('conflict', 'The event is held by somebody, or is not open any more.')
    if (result.outcome === 'failed') count('EventFailed')
    if (result.outcome === 'delayed' && result.available_at <= clock())
      announceAgain(dependencies, scope.tenant.name, eventId, result.available_at)
    return result.outcome
  }
}
