import { inflateRawSync } from 'node:zlib'
import { acceptedAt, availableAt, eventIdOf } from '../ids.ts'

type Attribute = { S?: string; N?: string; B?: string }
export type Item = Record<string, Attribute | undefined>

const textOf = (item: Item, name: string) => item[name]?.S ?? ''
const timeOf = (ms: number) => `"${new Date(ms).toISOString()}"`
const momentOf = ({ N } = {} as Attribute) => (N === undefined ? 'null' : timeOf(Number(N)))

/** The client's data as it is stored: the text of an object with `payload` and `metadata`. */
function bodyOf({ body }: Item): string {
  return body?.B === undefined ? (body?.S ?? '{}') : inflateRawSync(Buffer.from(body.B, 'base64')).toString()
}

/** Prints an event. The body goes from the store into the answer as text: nothing is cheaper. */
export function printEvent(item: Item, nowMs: number): string {
  const ulid = textOf(item, 'sk')
  const availability = textOf(item, 'available_at')
  const leasedUntil = Number(item['leased_until']?.N ?? 0)
  const reason = item['last_failure_reason']?.S
  return (
    `{"event_id":"${eventIdOf(ulid)}","event_type":"${textOf(item, 'event_type')}"` +
    `,"status":"${textOf(item, 'status')}","created_at":${timeOf(acceptedAt(ulid))}` +
    `,"delivered_at":${momentOf(item['delivered_at'])},"delivery_attempts":${item['delivery_attempts']?.N ?? 0}` +
    `,"available_at":${availability === '' ? 'null' : timeOf(availableAt(availability))}` +
    `,"lease_expires_at":${leasedUntil > nowMs ? timeOf(leasedUntil) : 'null'}` +
    `,"last_failure_reason":${reason === undefined ? 'null' : JSON.stringify(reason)}` +
    `,"failed_at":${momentOf(item['failed_at'])},${bodyOf(item).slice(1)}`
  )
}

export function printSummary(item: Item): string {
  const ulid = textOf(item, 'sk')
  return (
    `{"event_id":"${eventIdOf(ulid)}","event_type":"${textOf(item, 'event_type')}"` +
    `,"status":"${textOf(item, 'status')}","created_at":${timeOf(acceptedAt(ulid))}` +
    `,"delivered_at":${momentOf(item['delivered_at'])},"failed_at":${momentOf(item['failed_at'])}}`
  )
}
