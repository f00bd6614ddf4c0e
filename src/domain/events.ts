import { acknowledgeEvent, acknowledgeEvents } from './acknowledge-event.ts'
import { createCandidates, type Candidates } from './candidates.ts'
import { claimEvents, POLL_INTERVAL_MS } from './claim-events.ts'
import type { Clock } from './clock.ts'
import { createBatch } from './create-batch.ts'
import { createEvent } from './create-event.ts'
import type { Cursors } from './cursor.ts'
import { extendLease } from './extend-lease.ts'
import { getEvent } from './get-event.ts'
import { listEvents } from './list-events.ts'
import { nackEvent, type NackDelays } from './nack-event.ts'
import type { CallScope, CountEvents, EventStore, IdempotencyStore, QueueStore } from './ports.ts'
import { readInbox } from './read-inbox.ts'
import { redriveEvent, redriveInbox } from './redrive.ts'
import { releaseEvents } from './release-events.ts'
import { SYSTEM_TIMERS, type Timers } from './timers.ts'
import type { Claimed } from '../schemas/queue.ts'
import { Turns } from './turns.ts'
import { WaitingRoom } from './waiting-room.ts'

/** Most events that a process claims at a time for one tenant: two claims of usual size. */
const MAX_CLAIMING = 20

/** What the use cases are given. */
export interface EventsOptions {
  store: EventStore
  queue: QueueStore
  idempotency: IdempotencyStore
  cursors: Cursors
  clock: Clock
  /** Makes the id of a new event in the given shard. */
  newEventId: (shard: number) => string
  /** Makes the id of a new lease. */
  newLeaseId: () => string
  /** Draws a number from 0 (inclusive) to 1 (exclusive). */
  random: () => number
  count: CountEvents
  nackDelays: NackDelays
  /** How long the stores have for one attempt of a claim that waits, in ms. */
  deadlineMs: number
  /** Those of the process, unless told otherwise. */
  timers?: Timers
}

/** What the use cases share besides: how consumers of this process share the inbox. */
export interface EventsDependencies extends Required<EventsOptions> {
  candidates: Candidates
  /** Those who claim, by order of arrival. */
  turns: Turns
  waitingRoom: WaitingRoom<Claimed>
}

/** Everything that can be done with events, one file each. */
export function createEvents({ timers = SYSTEM_TIMERS, ...options }: EventsOptions) {
  const dependencies: EventsDependencies = {
    ...options,
    timers,
    candidates: createCandidates({ ...options, timers }),
    waitingRoom: new WaitingRoom(POLL_INTERVAL_MS, timers),
    turns: new Turns(MAX_CLAIMING),
  }
  return {
    create: createEvent(dependencies),
    createBatch: createBatch(dependencies),
    get: getEvent(dependencies),
    list: listEvents(dependencies),
    inbox: readInbox(dependencies),
    stats: (scope: CallScope) => options.queue.stats(scope),
    claim: claimEvents(dependencies),
    extend: extendLease(dependencies),
    release: releaseEvents(dependencies),
    acknowledge: acknowledgeEvent(dependencies),
    acknowledgeMany: acknowledgeEvents(dependencies),
    nack: nackEvent(dependencies),
    redrive: redriveEvent(dependencies),
    redriveMany: redriveInbox(dependencies),
    /** Answers every claim that waits, and lets none wait any more. */
    stopWaiting: () => {
      dependencies.waitingRoom.close()
    },
  }
}
export type Events = ReturnType<typeof createEvents>
