import pMap from 'p-map'
import { AppError, ERROR_STATUS, invalidRequest, type FieldFault } from '../errors.ts'
import { BatchEvent, type BatchResult } from '../schemas/batch.ts'
import { createValidator } from '../schemas/validator.ts'
import { MAX_CONCURRENT } from './concurrency.ts'
import { createEvent } from './create-event.ts'
import type { EventsDependencies } from './events.ts'
import type { CallScope } from './ports.ts'

/** Most bytes of one member, as received. */
export const MAX_MEMBER_BYTES = 262_144

/** A member of a batch as it was read: its value, and what is known of its text. */
export interface BatchMember {
  value: unknown
  bytes: number
  faults: FieldFault[]
}

const validate = createValidator(BatchEvent, 'event')

/** Throws what the event would have been answered alone. */
function check({ value, bytes, faults }: BatchMember): BatchEvent {
  if (bytes > MAX_MEMBER_BYTES) {
    throw new AppError('payload_too_large', `The event is larger than ${MAX_MEMBER_BYTES} bytes.`)
  }
  const all = value === undefined ? faults : [...faults, ...validate(value)]
  if (all.length > 0) throw invalidRequest(all)
  return value as BatchEvent
}

const ITS_OWN_FAULT = [400, 413, 422]

/** Turns what was thrown for one member into its result; what is not its own fault fails the whole batch. */
function toResult(error: unknown): BatchResult {
  const status = error instanceof AppError ? ERROR_STATUS[error.code] : 500
  if (!(error instanceof AppError) || !ITS_OWN_FAULT.includes(status)) throw error
  const { code, message, details } = error
  const envelope = { error: code, message, ...(details.length > 0 ? { details } : {}) }
  return { status: status as BatchResult['status'], error: envelope }
}

/**
 * Accepts events each by itself: one bad event does not spoil the others. Members with the same key are taken in their
 * order, so that the first one decides.
 */
export function createBatch(dependencies: EventsDependencies) {
  const create = createEvent(dependencies, 'idempotency_key')

  async function createMember(scope: CallScope, member: BatchMember): Promise<BatchResult> {
    try {
      const { idempotency_key, ...event } = check(member)
      return { status: 201, event: (await create(scope, event, idempotency_key)).event }
    } catch (error) {
      return toResult(error)
    }
  }

  return async (scope: CallScope, members: BatchMember[]): Promise<BatchResult[]> => {
    const groups = Map.groupBy(members.keys(), (at) => keyOf(members[at]) ?? at)
    const results: BatchResult[] = []
    await pMap(
      groups.values(),
      async (group) => {
        for (const at of group) {
          const member = members[at]
          if (member) results[at] = await createMember(scope, member)
        }
      },
      { concurrency: MAX_CONCURRENT },
    )
    return results
  }
}

function keyOf(member: BatchMember | undefined): string | undefined {
  const key = (member?.value as { idempotency_key?: unknown } | null | undefined)?.idempotency_key
  return typeof key === 'string' ? key : undefined
}
