import { randomUUID } from 'node:crypto'
import type { Tenant } from '../../../src/domain/access.ts'
import { createCursors } from '../../../src/domain/cursor.ts'
import { createEventIds } from '../../../src/domain/event-id.ts'
import { createEvents, type Events } from '../../../src/domain/events.ts'
import { createLeaseId } from '../../../src/domain/lease-id.ts'
import type { CallScope, EventCount, EventStore } from '../../../src/domain/ports.ts'
import type { DynamoDB } from '../../../src/dynamodb/client.ts'
import { createEventStore } from '../../../src/dynamodb/event-store.ts'
import { createIdempotencyStore } from '../../../src/dynamodb/idempotency-store.ts'
import { createQueueStore } from '../../../src/dynamodb/queue-store.ts'
import type { FaultProxy } from '../fault-proxy.ts'
import { RULES } from './queue-model.ts'

const START = Date.parse('2026-03-01T00:00:00.000Z')
const TIMEOUT_MS = 30_000
const CURSOR_SECRET = 'the secret that the cursors of the model test are signed with'

/** Where the runs of one property take place. */
export interface Ground {
  dynamodb: DynamoDB
  table: string
  proxy?: FaultProxy
  /** How far indexes are behind, in ms of the real clock. */
  indexLagMs?: number
}

/** Two tasks of the service over one table, with one clock that only the test moves, and tenants of their own. */
export class QueueSystem {
  readonly ground: Ground
  readonly tasks: [Events, Events]
  /** The first has one shard, where everything is in exact order; the other has three. */
  readonly tenants: [Tenant, Tenant]
  readonly counts: Record<EventCount, number> = {
    EventCreated: 0,
    EventClaimed: 0,
    EventDelivered: 0,
    EventFailed: 0,
  }
  /** How many claims went for an event that had moved on: tasks that lose some leave the exact order. */
  lostClaims = 0
  /** How many answers of writes got lost. */
  lostAnswers = 0
  now = START
  /** The next event is not stored, and this is told of its id: its task died on the way. */
  crash: ((eventId: string) => void) | undefined
  #isSettled = true

  constructor(ground: Ground) {
    this.ground = ground
    this.tasks = [this.#startTask(), this.#startTask()]
    const tenant = (shards: number) => ({ name: `t-${randomUUID()}`, shards, read_shards: shards })
    this.tenants = [tenant(1), tenant(3)]
  }

  /** Whether indexes show everything that was written. */
  get isExact(): boolean {
    return this.#isSettled
  }

  scope(tenant: number): CallScope {
    return { tenant: this.tenants[tenant] ?? this.tenants[0], signal: AbortSignal.timeout(TIMEOUT_MS) }
  }

  /** Performs a write, a millisecond after the one before, of which the first answers get lost. */
  async write<Result>(losing: number, perform: () => Promise<Result>): Promise<Result> {
    this.now += 1
    const { proxy, indexLagMs } = this.ground
    this.#isSettled &&= indexLagMs === undefined
    if (!proxy) return perform()
    const loseAnswer = { next: losing }
    proxy.faults = { ...this.#lag(), loseAnswer }
    try {
      return await perform()
    } finally {
      this.lostAnswers += losing - loseAnswer.next
      proxy.faults = this.#lag()
    }
  }

  /** Lets the indexes catch up. */
  async settle(): Promise<void> {
    await this.ground.proxy?.settle()
    this.#isSettled = true
  }

  #lag() {
    const { indexLagMs } = this.ground
    return indexLagMs === undefined ? {} : { indexLagMs }
  }

  #startTask(): Events {
    const { dynamodb, table } = this.ground
    const clock = () => this.now
    const common = { dynamodb, table, clock, ...RULES }
    const queue = createQueueStore(common)
    return createEvents({
      store: this.#mortal(createEventStore(common)),
      queue: {
        ...queue,
        claim: async (...args) => {
          const result = await queue.claim(...args)
          if (result.outcome === 'lost') this.lostClaims += 1
          return result
        },
      },
      idempotency: createIdempotencyStore({ ...common, windowSeconds: RULES.keyWindowSeconds }),
      cursors: createCursors([CURSOR_SECRET]),
      clock,
      newEventId: createEventIds(clock),
      newLeaseId: createLeaseId,
      nackDelays: RULES.nackDelays,
      deadlineMs: TIMEOUT_MS,
      random: Math.random,
      count: (name, by = 1) => (this.counts[name] += by),
    })
  }

  #mortal(store: EventStore): EventStore {
    return {
      ...store,
      create: async (scope, draft) => {
        if (!this.crash) return store.create(scope, draft)
        this.crash(draft.event_id)
        throw new Error('The task died')
      },
    }
  }
}
