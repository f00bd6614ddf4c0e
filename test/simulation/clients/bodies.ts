import { toBodyText } from '../../../src/domain/event-body.ts'
import type { Event, NewEvent } from '../../../src/schemas/event.ts'
import type { Handed } from '../../support/history/history.ts'

export const EVENT_TYPES = ['order.created', 'order.paid', 'user.left']

/** The one body that number `n` is posted with: whoever is handed it can tell whether it is whole. */
export function bodyOf(n: number): NewEvent {
  const delay = n % 9 === 0 ? { delay_seconds: 1 + (n % 3) } : {}
  return {
    event_type: EVENT_TYPES[n % EVENT_TYPES.length] ?? '',
    payload: { n, text: `event ${n}, with a ü`, list: [n, String(n), null] },
    metadata: n % 2 === 0 ? null : { source: `producer of ${n}` },
    ...delay,
  }
}

/** The client's data of an event, as they were posted. */
interface Data {
  payload: { n?: unknown }
}

/** An event as it was handed out; what differs from what was posted counts as posted by nobody. */
export function handedOf({ event_id, event_type, delivery_attempts, body }: Event): Handed {
  const n = Number((JSON.parse(body) as Data).payload.n)
  const posted = bodyOf(n)
  const { payload, metadata = null } = posted
  const isWhole = event_type === posted.event_type && body === toBodyText({ payload, metadata })
  return { event_id, attempt: delivery_attempts, n: isWhole ? n : NaN }
}
