import { acceptedAt, availableAt, eventIdOf } from '../ids.ts'

/** An item as the document client gives it. */
export interface Item {
  pk: string
  sk: string
  event_type: string
  status: string
  body: string
  delivery_attempts: number
  available_at?: string
  leased_until?: number
  delivered_at?: number
  failed_at?: number
  last_failure_reason?: string
}

const timestamp = (ms: number | undefined) => (ms === undefined ? null : new Date(ms).toISOString())

export function toSummary(item: Item) {
  return {
    event_id: eventIdOf(item.sk),
    event_type: item.event_type,
    status: item.status,
    created_at: timestamp(acceptedAt(item.sk)),
    delivered_at: timestamp(item.delivered_at),
    failed_at: timestamp(item.failed_at),
  }
}

export function toEvent(item: Item) {
  const { failed_at, ...summary } = toSummary(item)
  const { payload, metadata } = JSON.parse(item.body) as { payload: object; metadata: object | null }
  const isLeased = (item.leased_until ?? 0) > Date.now()
  return {
    ...summary,
    delivery_attempts: item.delivery_attempts,
    available_at: timestamp(item.available_at === undefined ? undefined : availableAt(item.available_at)),
    lease_expires_at: isLeased ? timestamp(item.leased_until) : null,
    last_failure_reason: item.last_failure_reason ?? null,
    failed_at,
    payload,
    metadata,
  }
}
