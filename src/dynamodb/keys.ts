import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { shardOf, type Ulid } from '../domain/event-id.ts'
import type { EventStatus } from '../schemas/event.ts'

export type Item = Record<string, AttributeValue>

/** Where the rows of one shard of a tenant are, in the table and in its indexes. */
export const partitionKey = (tenant: string, shard: number) => `e#${tenant}#${shard}`
export const statusKey = (tenant: string, shard: number, status: EventStatus) =>
  `${tenant}#${shard}#${status}`
export const inboxKey = (tenant: string, shard: number) => `${tenant}#${shard}`

/** The primary key of an event. The shard is in the id, so the tenant's shard count plays no part. */
export function eventKey(tenant: string, ulid: Ulid): Item {
  return { pk: { S: partitionKey(tenant, shardOf(ulid)) }, sk: { S: ulid } }
}

const MS_DIGITS = 13

const msText = (ms: number) => String(ms).padStart(MS_DIGITS, '0')

/** Sort key of the inbox: by time of becoming available, then by id. */
export const availability = (ms: number, ulid: Ulid) => `${msText(ms)}#${ulid}`

export function availableAt(availability: string): number {
  return Number(availability.slice(0, MS_DIGITS))
}

export function ulidOfAvailability(availability: string): Ulid {
  return availability.slice(MS_DIGITS + 1)
}

/** Above every key that starts with the prefix: `~` comes after all characters that keys have. */
export const endOf = (prefix: string) => `${prefix}~`

/** Above everything that is available at this time or earlier. */
export const endOfAvailability = (ms: number) => endOf(msText(ms))

/** Just above a key of fixed length: below every other one that is greater. */
export const justAfter = (key: string) => `${key}~`

/** Just below a key of fixed length: above every other one that is smaller. */
export function justBefore(key: string): string {
  const last = key.length - 1
  return `${key.slice(0, last)}${String.fromCharCode(key.charCodeAt(last) - 1)}~`
}
