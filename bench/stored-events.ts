import { toBodyText } from '../src/domain/event-body.ts'
import { createEventIds, ulidOf } from '../src/domain/event-id.ts'
import { encodeBody } from '../src/dynamodb/body.ts'
import { newEventItem } from '../src/dynamodb/items.ts'
import { statusKey, type Item } from '../src/dynamodb/keys.ts'
import { kilobyteEvent } from './payloads.ts'

/** Nobody has seen it yet; it was handed out once and can be again; it is out of the inbox. */
export type StoredAs = 'new' | 'claimed before' | 'delivered'

const inStatus = (tenant: string, status: 'undelivered' | 'delivered'): Item => ({
  status: { S: status },
  status_key: { S: statusKey(tenant, 0, status) },
})

/** @returns A function that makes items of events as the service would have stored them, each with an id of its own. */
export async function createStoredEvents() {
  const newEventId = createEventIds(Date.now)
  const { event_type, payload } = kilobyteEvent()
  const draft = { event_type, body: toBodyText({ payload, metadata: null }) }
  const body = await encodeBody(draft.body)

  return (tenant: string, as: StoredAs = 'new'): Item => {
    const event_id = newEventId(0)
    const nowMs = Date.now()
    const item = newEventItem(tenant, ulidOf(event_id) ?? '', { ...draft, event_id }, body, nowMs)
    if (as === 'new') return item
    if (as === 'claimed before') {
      return { ...item, ...inStatus(tenant, 'undelivered'), delivery_attempts: { N: '1' } }
    }
    const delivered: Item = { ...item, ...inStatus(tenant, 'delivered'), delivered_at: { N: String(nowMs) } }
    delete delivered['inbox_key']
    delete delivered['available_at']
    return delivered
  }
}
