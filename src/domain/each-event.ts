import pMap from 'p-map'
import type { EventResult } from '../schemas/queue.ts'
import { MAX_CONCURRENT } from './concurrency.ts'

/** Does one thing to each event, once however often its id is given, and gives the results in the order of the ids. */
export async function forEachEvent(
  eventIds: string[],
  change: (eventId: string) => Promise<EventResult['result']>,
): Promise<EventResult[]> {
  const unique = [...new Set(eventIds)]
  const results = await pMap(unique, change, { concurrency: MAX_CONCURRENT })
  const resultOf = new Map(unique.map((eventId, at) => [eventId, results[at] ?? 'not_found']))
  return eventIds.map((event_id) => ({ event_id, result: resultOf.get(event_id) ?? 'not_found' }))
}
