import type { ClaimBody, Claimed } from '../schemas/queue.ts'
import { announceAgain } from './availability.ts'
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

/** How one claim is tried once. */
interface Attempt {
  scope: CallScope
  body: ClaimBody
  /** Aborts when the client has disconnected. */
  gone: AbortSignal
  /** An index found empty so many ms ago need not be asked again. */
  emptyForMs?: number
}

/** Claims what there is now, in the caller's turn. @returns undefined when there is nothing. */
function attemptClaim(dependencies: EventsDependencies) {
  const { clock, turns, newLeaseId } = dependencies

  async function claimNow(
    scope: CallScope,
    body: ClaimBody,
    emptySince: number,
  ): Promise<Claimed | undefined> {
    const lease = { lease_id: newLeaseId(), expires_at: clock() + body.lease_seconds * 1000 }
    const events = await claimUpTo(dependencies, scope, { limit: body.limit, lease, emptySince })
    if (events.length === 0) return undefined
    return { lease_id: lease.lease_id, lease_expires_at: toTimestamp(lease.expires_at), events }
  }

  return async ({ scope, body, gone, emptyForMs = 0 }: Attempt): Promise<Claimed | undefined> => {
    // What is found empty while the caller stands in line is empty for it too.
    const emptySince = clock() - emptyForMs
    return turns.take(scope.tenant.name, { weight: body.limit, signal: scope.signal }, async () =>
      gone.aborted ? undefined : claimNow(scope, body, emptySince),
    )
  }
}

/** Hands out events that can be delivered now, oldest first, each to one caller alone. */
export function claimEvents(dependencies: EventsDependencies): ClaimCall {
  const { queue, clock, timers, waitingRoom, deadlineMs } = dependencies
  const attempt = attemptClaim(dependencies)

  /** Each attempt of a claim that waits has its own deadline: the waiting itself is no work. */
  const scopeOf = ({ tenant }: CallScope) => ({ tenant, signal: timers.deadline(deadlineMs) })

  function giveBack(scope: CallScope, { lease_id, events }: Claimed): void {
    for (const { event_id } of events) {
      const nowMs = clock()
      queue.release(scope, event_id, lease_id ?? '', nowMs).then(
        (change) => {
          if (change === 'done') announceAgain(dependencies, scope.tenant.name, event_id, nowMs)
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
    const claimed = mayLook ? await attempt({ scope, body, gone }) : undefined
    if (claimed && gone.aborted) giveBack(scopeOf(scope), claimed)
    if (claimed || body.wait_seconds === 0) return claimed ?? NOTHING
    onWaiting?.()
    const found = await waitingRoom.wait(tenant, {
      attempt: () => attempt({ scope: scopeOf(scope), body, gone, emptyForMs: EMPTY_FOR_MS }),
      discard: (late) => {
        giveBack(scopeOf(scope), late)
      },
      waitMs: body.wait_seconds * 1000,
      gone,
    })
    return found ?? NOTHING
  }
}
