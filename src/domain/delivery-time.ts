import { invalidRequest } from '../errors.ts'
import { MAX_DELAY_SECONDS, type NewEvent } from '../schemas/event.ts'
import { parseRfc3339 } from '../schemas/rfc3339.ts'

/**
 * From when an event is to be in the inbox, in ms; undefined for at once. Throws `invalid_request` when it lies too far
 * ahead.
 */
export function deliveryTime(
  { deliver_at, delay_seconds }: Pick<NewEvent, 'deliver_at' | 'delay_seconds'>,
  nowMs: number,
): number | undefined {
  if (delay_seconds !== undefined) return nowMs + delay_seconds * 1000
  if (deliver_at === undefined) return undefined
  const ms = parseRfc3339(deliver_at)
  if (ms > nowMs + MAX_DELAY_SECONDS * 1000) {
    throw invalidRequest([{ field: 'deliver_at', message: 'must be at most 90 days ahead', code: 'range' }])
  }
  return ms
}
