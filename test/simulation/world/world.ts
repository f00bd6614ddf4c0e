import type { Tenant } from '../../../src/domain/access.ts'
import type { EventStore, IdempotencyStore, QueueStore } from '../../../src/domain/ports.ts'
import type { DynamoDB } from '../../../src/dynamodb/client.ts'
import type { QueueStoreOptions } from '../../../src/dynamodb/queue-store.ts'
import type { Item } from '../../../src/dynamodb/keys.ts'
import type { FinalEvent } from '../../support/history/history.ts'
import { judgeWrite } from '../rules/transitions.ts'
import { SimulatedStore } from '../store/simulated-store.ts'
import { Random } from './random.ts'
import { Scheduler } from './scheduler.ts'
import { drawSettings, type Settings } from './settings.ts'
import { Task, type Machine } from './task.ts'
import type { Trace } from './trace.ts'

export interface Stores {
  store: EventStore
  queue: QueueStore
  idempotency: IdempotencyStore
}

/** Makes the service worse than it is, to see that the rules notice. */
export interface Sabotage {
  dynamodb?: (honest: DynamoDB) => DynamoDB
  stores?: (honest: Stores, options: QueueStoreOptions) => Stores
  settings?: Partial<Settings>
}

/** Something that must never be. */
export interface Violation {
  rule: string
  detail: string
}

const START = Date.parse('2026-03-01T00:00:00.000Z')
const MAX_RESTART_MS = 1_500
const HOUR_MS = 3_600_000
/** Between two looks at the clocks of all machines. */
const CLOCK_TURN_MS = 2_000

/** Some machines with a task each, a store, and a network between them. */
export class World {
  readonly table = 'events'
  readonly random: Random
  readonly settings: Settings
  readonly scheduler: Scheduler
  readonly trace: Trace
  readonly store: SimulatedStore
  readonly sabotage: Sabotage
  readonly machines: Machine[]
  readonly violations: Violation[] = []
  /** When (ms) each state of an item was written. */
  readonly writtenAt = new WeakMap<Item, number>()
  /** How each tenant's events ended. */
  readonly finals = new Map<string, FinalEvent[]>()
  readonly counts = { calls: 0, faults: 0, late: 0, crashes: 0 }
  hasFaults = true
  #lives = 0

  constructor(seed: number, trace: Trace, sabotage: Sabotage) {
    this.random = new Random(seed)
    this.settings = { ...drawSettings(this.random), ...sabotage.settings }
    this.sabotage = sabotage
    this.trace = trace
    this.scheduler = new Scheduler(START, this.random)
    this.store = new SimulatedStore({
      table: this.table,
      now: () => this.scheduler.now,
      lagMs: () => this.random.between(0, this.settings.maxLagMs),
      tellsFound: this.settings.tellsFound,
      onWrite: (before, after) => {
        this.#watch(before, after)
      },
    })
    this.machines = Array.from({ length: this.settings.tasks }, (_, n) => this.#build(n))
    this.scheduler.after(CLOCK_TURN_MS, () => {
      this.#turnClocks()
    })
  }

  /** The task that the load balancer chooses; undefined when it chose one that is down. */
  pickTask(): Task | undefined {
    return this.random.pick(this.machines).task
  }

  /** From now on nothing goes wrong any more, and what is down comes up. */
  heal(): void {
    this.hasFaults = false
    for (const machine of this.machines) if (!machine.task) this.#start(machine)
  }

  violate(rule: string, detail: string): void {
    this.violations.push({ rule, detail })
    this.trace.add(`${this.scheduler.now} VIOLATION ${rule}: ${detail}`)
  }

  tenant(name: string): Tenant {
    return { name, shards: this.settings.shards, read_shards: this.settings.shards }
  }

  #watch(before: Item | undefined, after: Item | undefined): void {
    if (after) this.writtenAt.set(after, this.scheduler.now)
    const wrong = judgeWrite(before, after)
    if (wrong !== undefined) this.violate('wrong write', `${after?.['sk']?.S ?? ''} ${wrong}`)
  }

  #build(n: number): Machine {
    const machine = { name: `task ${n}`, aheadMs: this.#drawSkew(), task: undefined }
    this.#start(machine)
    return machine
  }

  #start(machine: Machine): void {
    const task = new Task(this, machine, `${machine.name}.${this.#lives++}`)
    machine.task = task
    task.whenDead(() => {
      machine.task = undefined
      this.scheduler.after(this.random.between(1, MAX_RESTART_MS), () => {
        if (!machine.task) this.#start(machine)
      })
    })
  }

  #drawSkew(): number {
    const { hasWildClocks, maxSkewMs } = this.settings
    const skewMs = this.random.between(0, maxSkewMs)
    return hasWildClocks && this.random.chance(0.3) ? skewMs + this.random.pick([-HOUR_MS, HOUR_MS]) : skewMs
  }

  /** Clocks jump, now and then. */
  #turnClocks(): void {
    for (const machine of this.machines) if (this.random.chance(0.2)) machine.aheadMs = this.#drawSkew()
    if (!this.hasFaults) return
    this.scheduler.after(CLOCK_TURN_MS, () => {
      this.#turnClocks()
    })
  }
}
