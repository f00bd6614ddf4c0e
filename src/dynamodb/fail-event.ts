import type { Ulid } from '../domain/event-id.ts'
import type { CallScope } from '../domain/ports.ts'
import { updateEvent } from './conditional.ts'
import type { EventStoreOptions } from './event-store.ts'
import { failRequest } from './event-writes.ts'

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
  const { applied } = await updateEvent(options, scope, ulid, (target) =>
    failRequest(target, { seen, nowMs, expiresAt, reason }),
  )
  return applied
}
