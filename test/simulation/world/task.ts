import { createCursors } from '../../../src/domain/cursor.ts'
import { createEventIds } from '../../../src/domain/event-id.ts'
import { createEvents, type Events } from '../../../src/domain/events.ts'
import type { Timers } from '../../../src/domain/timers.ts'
import { createEventStore } from '../../../src/dynamodb/event-store.ts'
import { createIdempotencyStore } from '../../../src/dynamodb/idempotency-store.ts'
import { createQueueStore } from '../../../src/dynamodb/queue-store.ts'
import { Connection, type Sender } from './connection.ts'
import type { World } from './world.ts'

/** What the service is configured with, as far as it is the same in every world. */
export const CONFIG = {
  retentionSeconds: 30 * 86_400,
  windowSeconds: 86_400,
  nackDelays: { minSeconds: 0, maxSeconds: 2 },
  deadlineMs: 2_500,
}
const CURSOR_SECRET = 'the secret that the cursors of the simulation are signed with'
/** Digits of an event id after its time. */
const COUNTER_LENGTH = 15
/** A task dies at so many of its calls, for each time that it dies at all. */
const CALLS_PER_CRASH = 100

/** Made once: most deadlines pass long after their request is over. */
const TIME_IS_UP = new DOMException('The deadline has passed', 'TimeoutError')

/** The clock of a machine, which the tasks on it share one after the other. */
export interface Machine {
  name: string
  /** How far its clock is ahead, in ms. */
  aheadMs: number
  task: Task | undefined
}

/** One life of a task of the service: the real use cases over the real stores, until it dies. */
export class Task implements Sender {
  readonly name: string
  readonly events: Events
  readonly timers: Timers
  isAlive = true
  readonly #world: World
  readonly #onDeath = new Set<() => void>()

  constructor(world: World, machine: Machine, name: string) {
    this.#world = world
    this.name = name
    this.timers = this.#createTimers()
    const { random, settings, table, sabotage } = world
    const clock = () => world.scheduler.now + machine.aheadMs
    const draw = () => Uint8Array.from({ length: COUNTER_LENGTH }, () => random.between(0, 31))
    const stores = sabotage.stores
    const common = {
      dynamodb: (sabotage.dynamodb ?? ((it) => it))(new Connection(world, this).dynamodb()),
      table,
      clock,
      random: random.draw,
      timers: this.timers,
      maxAttempts: settings.maxAttempts,
      ...CONFIG,
    }
    const real = {
      store: createEventStore(common),
      queue: createQueueStore(common),
      idempotency: createIdempotencyStore(common),
    }
    this.events = createEvents({
      ...(stores ? stores(real, common) : real),
      cursors: createCursors([CURSOR_SECRET]),
      clock,
      newEventId: createEventIds(clock, draw),
      newLeaseId: () => `lease_${random.text(8)}`,
      random: random.draw,
      count: () => undefined,
      nackDelays: CONFIG.nackDelays,
      deadlineMs: CONFIG.deadlineMs,
      timers: this.timers,
    })
  }

  /** Runs something when the task dies. @returns What calls it off. */
  whenDead(run: () => void): () => void {
    this.#onDeath.add(run)
    return () => this.#onDeath.delete(run)
  }

  mayDie(): void {
    const { random, settings, hasFaults } = this.#world
    if (this.isAlive && hasFaults && random.chance(settings.crashes / CALLS_PER_CRASH)) this.die()
  }

  die(): void {
    this.isAlive = false
    this.#world.counts.crashes += 1
    this.#world.trace.add(`${this.#world.scheduler.now} ${this.name} dies`)
    for (const run of this.#onDeath) run()
  }

  /** The timers of a process: they end with it. */
  #createTimers(): Timers {
    const { scheduler } = this.#world
    const after: Timers['after'] = (ms, callback) =>
      scheduler.after(ms, () => {
        if (this.isAlive) callback()
      })
    return {
      after,
      wait: (ms, signal) =>
        new Promise((resolve, reject) => {
          const abort = () => {
            callOff()
            reject(signal.reason as Error)
          }
          const callOff = after(ms, () => {
            signal.removeEventListener('abort', abort)
            resolve()
          })
          signal.addEventListener('abort', abort, { once: true })
        }),
      deadline: (ms) => {
        const controller = new AbortController()
        after(ms, () => {
          controller.abort(TIME_IS_UP)
        })
        return controller.signal
      },
    }
  }
}
