import type { ClaimBody, Claimed } from '../schemas/queue.ts'
import { announce } from './availability.ts'
import { claimUpTo } from './claim-up-to.ts'
import { toTimestamp } from './clock.ts'
import type { EventsDependencies } from './events.ts'
import type { CallScope } from './ports.ts'

/** While consumers wait, the index is asked no more often than this. */
export const POLL_INTERVAL_MS = 1_000
/** An index found empty counts as empty for so long; a little less, since timers may fire early by the clock. */
const EMPTY_FOR_MS = POLL_INTERVAL_MS - 50

const NOTHING: Claimed = { lease_id: null, lease_expires_at: null, events: [] }

/**
 * @param gone Aborts when the client has disconnected; what was claimed for it is given back.
 * @param onWaiting Told when there is nothing and waiting begins, which is no work.
 * @returns What is held now, after `wait_seconds` at the latest.
 */
type ClaimCall = (
  scope: CallScope,
  body: ClaimBody,
  gone: AbortSignal,
  onWaiting?: () => void,
) => Promise<Claimed>

/** Hands out events that can be delivered now, oldest first, each to one caller alone. */
export function claimEvents(dependencies: EventsDependencies): ClaimCall {
  const { queue, clock, waitingRoom, newLeaseId, deadlineMs } = dependencies

  async function attempt(scope: CallScope, body: ClaimBody, emptyForMs = 0): Promise<Claimed | undefined> {
    const lease = { lease_id: newLeaseId(), expires_at: clock() + body.lease_seconds * 1000 }
    const events = await claimUpTo(dependencies, scope, { limit: body.limit, lease, emptyForMs })
    if (events.length === 0) return undefined
    return { lease_id: lease.lease_id, lease_expires_at: toTimestamp(lease.expires_at), events }
  }

  /** Each attempt of a claim that waits has its own deadline: the waiting itself is no work. */
  const scopeOf = ({ tenant }: CallScope) => ({ tenant, signal: AbortSignal.timeout(deadlineMs) })

  function giveBack(scope: CallScope, { lease_id, events }: Claimed): void {
    for (const { event_id } of events) {
      const nowMs = clock()
      queue.release(scope, event_id, lease_id ?? '', nowMs).then(
        (change) => {
          if (change === 'done') announce(dependencies, scope.tenant.name, event_id, nowMs)
        },
        // The lease lapses by itself.
        () => undefined,
      )
    }
  }

  return async (scope, body, gone, onWaiting) => {
    const tenant = scope.tenant.name
    // Those who wait have found nothing a moment ago, and are served first.
    const mayLook = body.wait_seconds === 0 || !waitingRoom.hasWaiting(tenant)
    const claimed = mayLook ? await attempt(scope, body) : undefined
    if (claimed && gone.aborted) giveBack(scopeOf(scope), claimed)
    if (claimed || body.wait_seconds === 0) return claimed ?? NOTHING
    onWaiting?.()
    const found = await waitingRoom.wait(tenant, {
      attempt: () => attempt(scopeOf(scope), body, EMPTY_FOR_MS),
      discard: (late) => {
        giveBack(scopeOf(scope), late)
      },
      waitMs: body.wait_seconds * 1000,
      gone,
    })
    return found ?? NOTHING
  }
}
