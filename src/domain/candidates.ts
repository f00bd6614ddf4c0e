import { LRUCache } from 'lru-cache'
import type { Clock } from './clock.ts'
import type { CallScope, Candidate, QueueStore } from './ports.ts'
import { SYSTEM_TIMERS, type Timers } from './timers.ts'
import { storeUnavailable } from '../errors.ts'
import { untilAborted } from './until-aborted.ts'

/** Candidates are read this many at a time: enough for ten consumers of usual size. */
const READ_LIMIT = 100
const MAX_READ_LIMIT = 1_000
/** Older candidates were probably taken by other tasks. */
const MAX_AGE_MS = 250
/** The index may show an event at its old place for so long after it was handed out. */
const INDEX_LAG_MS = 5_000
/** Above this part of lost claims, tasks keep out of each other's way. */
const CONTENDED = 0.1
const MAX_TENANTS = 1_000

interface TenantCandidates {
  waiting: Candidate[]
  /** Told by this process itself, so that no index need be asked. */
  hints: Candidate[]
  filledAt: number
  /** How much of the last reading had been handed out: the index lags, and the next one reads as much more. */
  stale: number
  /** The last reading found everything there was. */
  isComplete: boolean
  /** The last reading found nothing that could be handed out. */
  foundNone: boolean
  filling: Promise<void> | undefined
  /** What was handed out lately, by availability, with the time (ms) from which it may be offered again. */
  handedOut: Map<string, number>
  /** Running average of the part of claims that somebody else won. */
  lostRatio: number
}

interface Wanted {
  events: number
  bytes: number
  /** So many are handed out whatever they weigh. */
  atLeast: number
}

interface Wish extends Wanted {
  /** Nothing found later than at this time (ms) still counts as nothing: keeps those who wait from asking on. */
  emptySince: number
}

export interface Candidates {
  /** Hands out candidates that no other caller in this process gets, oldest first; none when there are none. */
  take(scope: CallScope, wish: Wish): Promise<Candidate[]>
  /** Tells of an event that this process made available to those who look next. */
  hint(tenant: string, candidate: Candidate): void
  /** Takes back what is available again, or could not be claimed since the store did not answer: others may try. */
  giveBack(tenant: string, candidates: Candidate[]): void
  /** Tells how claiming went, to find out whether other tasks are after the same events. */
  report(tenant: string, tried: number, lost: number): void
}

interface CandidatesOptions {
  queue: QueueStore
  clock: Clock
  random: () => number
  deadlineMs: number
  timers?: Timers
}

/** Whether the index is to be asked before anything can be handed out. */
function needsFilling(state: TenantCandidates, now: number, emptySince: number): boolean {
  if (state.hints.length > 0) return false
  const ageMs = now - state.filledAt
  // The clock was put back: nothing is known of the age.
  if (ageMs < 0) return true
  if (state.waiting.length > 0) return ageMs > MAX_AGE_MS
  return !(state.isComplete && state.filledAt > emptySince)
}

/** Reads what is on offer and was not handed out a moment ago, if there is any among the first thousand. */
async function readFree(queue: QueueStore, state: TenantCandidates, scope: CallScope, shard?: number) {
  for (let limit = Math.min(READ_LIMIT + state.stale, MAX_READ_LIMIT); ; limit = MAX_READ_LIMIT) {
    const found = await queue.candidates(scope, limit, shard)
    const free = found.filter(({ availability }) => !state.handedOut.has(availability))
    state.stale = found.length - free.length
    const isAll = found.length < limit
    if (free.length > 0 || isAll || limit === MAX_READ_LIMIT) return { free, isAll }
  }
}

async function fill(
  options: CandidatesOptions,
  state: TenantCandidates,
  { tenant }: CallScope,
): Promise<void> {
  const { queue, clock, random, deadlineMs, timers = SYSTEM_TIMERS } = options
  const now = clock()
  for (const [availability, until] of state.handedOut) {
    // Further ahead than any is set: the clock was put back.
    if (until <= now || until > now + INDEX_LAG_MS) state.handedOut.delete(availability)
  }
  // Several callers share this reading, so it has a deadline of its own.
  const scope = { tenant, signal: timers.deadline(deadlineMs) }
  const shard = state.lostRatio > CONTENDED ? Math.floor(random() * tenant.read_shards) : undefined
  const read = async (only?: number) => {
    const { free, isAll } = await readFree(queue, state, scope, only)
    // One shard says nothing of the others.
    state.isComplete = isAll && (only === undefined || tenant.read_shards === 1)
    // Several tasks may have drawn the same shard: each starts at another place of it.
    const first = only === undefined ? 0 : Math.floor(random() * free.length)
    state.waiting = [...free.slice(first), ...free.slice(0, first)]
  }
  await read(shard)
  if (state.waiting.length === 0 && shard !== undefined) await read()
  state.foundNone = state.waiting.length === 0
  state.filledAt = now
}

/**
 * Spreads the head of the inbox over the consumers of this process: without it every consumer goes for the same oldest
 * events, and nearly all of their writes are lost (25 per event for 50 consumers; with it none in one process).
 */
export function createCandidates(options: CandidatesOptions): Candidates {
  const { clock } = options
  const tenants = new LRUCache<string, TenantCandidates>({ max: MAX_TENANTS })

  function candidatesOf(tenant: string): TenantCandidates {
    const known = tenants.get(tenant) ?? newTenantCandidates()
    tenants.set(tenant, known)
    return known
  }

  return {
    async take(scope, { emptySince, ...wanted }) {
      const state = candidatesOf(scope.tenant.name)
      for (;;) {
        const isFilled = needsFilling(state, clock(), emptySince)
        if (isFilled) {
          state.filling ??= fill(options, state, scope).finally(() => (state.filling = undefined))
          await untilAborted(state.filling, scope.signal, storeUnavailable)
        }
        const taken = handOut(state, wanted, clock() + INDEX_LAG_MS)
        // Others who waited for the same reading may have left nothing of it; only an empty one means that there is none.
        if (taken.length > 0 || !isFilled || state.foundNone || scope.signal.aborted) return taken
      }
    },
    hint(tenant, candidate) {
      candidatesOf(tenant).hints.push(candidate)
    },
    giveBack(tenant, returned) {
      const { handedOut } = candidatesOf(tenant)
      for (const { availability } of returned) handedOut.delete(availability)
    },
    report(tenant, tried, lost) {
      const state = candidatesOf(tenant)
      if (tried > 0) state.lostRatio = 0.8 * state.lostRatio + 0.2 * (lost / tried)
    },
  }
}

function newTenantCandidates(): TenantCandidates {
  return {
    waiting: [],
    hints: [],
    filledAt: -Infinity,
    stale: 0,
    isComplete: false,
    foundNone: true,
    filling: undefined,
    handedOut: new Map(),
    lostRatio: 0,
  }
}

/** Each candidate once: an event may be read from the index and told of, or told of twice. */
function poolOf({ waiting, hints, handedOut }: TenantCandidates): Candidate[] {
  if (hints.length === 0) return waiting.filter(({ availability }) => !handedOut.has(availability))
  const pool = new Map<string, Candidate>()
  for (const candidate of [...waiting, ...hints]) {
    const { availability } = candidate
    if (!handedOut.has(availability) && !pool.has(availability)) pool.set(availability, candidate)
  }
  return [...pool.values()]
}

/** Takes from the front, as far as number and bytes go, and remembers it. */
function handOut(state: TenantCandidates, { events, bytes, atLeast }: Wanted, until: number): Candidate[] {
  const pool = poolOf(state)
  let weight = 0
  let count = 0
  for (const { body_bytes } of pool.slice(0, events)) {
    weight += body_bytes
    if (weight > bytes && count >= atLeast) break
    count++
  }
  state.waiting = pool.slice(count)
  state.hints = []
  const taken = pool.slice(0, count)
  for (const { availability } of taken) state.handedOut.set(availability, until)
  return taken
}
