import pMap from 'p-map'
import type { Event } from '../schemas/event.ts'
import { MAX_CONCURRENT } from './concurrency.ts'
import type { EventsDependencies } from './events.ts'
import type { CallScope, Candidate, Claim, Lease } from './ports.ts'

/** An answer holds this many bytes of bodies at most, unless its first event alone has more. */
const MAX_CLAIM_BYTES = 4 * 1024 * 1024
/** Claims that a request may lose to others, or spend on events that are used up, beyond those it wants. */
const MAX_SPARE_TRIES = 200

type Settled = { candidate: Candidate } & ({ claim: Claim } | { error: unknown })

export interface ClaimWish {
  limit: number
  lease: Lease
  /** An index that was found empty later than at this time (ms) need not be asked again. */
  emptySince: number
}

type Dependencies = Pick<EventsDependencies, 'queue' | 'candidates' | 'count'>

async function claimAll(
  { queue }: Dependencies,
  scope: CallScope,
  found: Candidate[],
  lease: Lease,
): Promise<Settled[]> {
  const claimOne = async (candidate: Candidate): Promise<Settled> => {
    try {
      return { candidate, claim: await queue.claim(scope, candidate, lease) }
    } catch (error) {
      return { candidate, error }
    }
  }
  return pMap(found, claimOne, { concurrency: MAX_CONCURRENT })
}

function report({ candidates, count }: Dependencies, tenant: string, settled: Settled[]): void {
  const numberOf = (outcome: Claim['outcome']) =>
    settled.filter((one) => 'claim' in one && one.claim.outcome === outcome).length
  count('EventFailed', numberOf('failed'))
  const unanswered = settled.filter((one) => 'error' in one).map(({ candidate }) => candidate)
  candidates.giveBack(tenant, unanswered)
  candidates.report(tenant, settled.length, numberOf('lost'))
}

/**
 * Claims up to `limit` events under one lease, oldest first. Events that others were quicker to get, or whose attempts
 * are used up, are replaced by the next ones. What was claimed before a failure is not given up for it.
 */
export async function claimUpTo(
  dependencies: Dependencies,
  scope: CallScope,
  { limit, lease, emptySince }: ClaimWish,
): Promise<Event[]> {
  const events = new Map<string, Event>()
  let bytes = MAX_CLAIM_BYTES
  for (let tries = 0; events.size < limit && bytes > 0 && tries < limit + MAX_SPARE_TRIES;) {
    const atLeast = events.size === 0 ? 1 : 0
    const wanted = { events: limit - events.size, bytes, atLeast, emptySince }
    const found = await dependencies.candidates.take(scope, wanted).catch((error: unknown) => {
      if (events.size === 0) throw error
      return []
    })
    if (found.length === 0) break
    tries += found.length
    // What is held already is on offer again when the store was slower than the lease: it is not handed out twice.
    const free = found.filter(({ event_id }) => !events.has(event_id))
    const settled = await claimAll(dependencies, scope, free, lease)
    report(dependencies, scope.tenant.name, settled)
    for (const one of settled) {
      if (!('claim' in one) || one.claim.outcome !== 'claimed') continue
      // Known at two places, its old one and its new one, it answers at both as held under this lease.
      if (events.has(one.candidate.event_id)) continue
      events.set(one.candidate.event_id, one.claim.event)
      bytes -= one.candidate.body_bytes
    }
    const failure = settled.find((one) => 'error' in one)
    if (failure && events.size === 0) throw failure.error
    if (failure) break
  }
  dependencies.count('EventClaimed', events.size)
  return [...events.values()]
}
