import type { Ulid } from '../domain/event-id.ts'
import type { CallScope } from '../domain/ports.ts'
import { updateEvent } from './conditional.ts'
import type { EventStoreOptions } from './event-store.ts'
import { failRequest } from './event-writes.ts'
import { numberOf } from './items.ts'

/** An event as it was seen, and when it is given up (ms). */
interface SeenEvent {
  ulid: Ulid
  seen: string
  nowMs: number
  reason?: string | undefined
}

/** Gives an event up. @returns false when it was changed by somebody else meanwhile. */
export async function failEvent(
  options: EventStoreOptions,
  scope: CallScope,
  { ulid, seen, nowMs, reason }: SeenEvent,
): Promise<boolean> {
  const expiresAt = Math.floor(nowMs / 1000) + options.retentionSeconds
  const target = { table: options.table, tenant: scope.tenant.name, ulid }
  const request = failRequest(target, { seen, nowMs, expiresAt, reason })
  const result = await updateEvent(options, scope, ulid, request)
  // Failed at the very time that we tried to write: that was our own try, whose answer got lost.
  return result.applied || (result.found !== undefined && numberOf(result.found, 'failed_at') === nowMs)
}
