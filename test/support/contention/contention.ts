import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import pMap from 'p-map'
import { draftOf, newTenant, scopeOf, type TestTable } from '../table.ts'
import type { Job, Message, Order, Report } from './consumers.ts'

export const CONSUMERS = 50

/** How much there is to do. */
export interface Size {
  events: number
  eventsPerClaim: number
  /** How long a consumer works on what it claimed. */
  workMs: number
}
const TIMEOUT_MS = 60_000

export interface Scenario {
  processes: number
  shards: number
  /** Most lost conditional writes per event. */
  bound: number
}

export const SCENARIOS: Scenario[] = [
  { processes: 1, shards: 1, bound: 0.1 },
  { processes: 1, shards: 4, bound: 0.1 },
  { processes: 5, shards: 1, bound: 4 },
  { processes: 5, shards: 4, bound: 1.5 },
]

export interface Contention {
  ms: number
  /** How many events were handled, and how many of them by more than one consumer. */
  handled: number
  twice: number
  /** What the consumer with the fewest events got. */
  least: number
  /** How many events each consumer got, from the least, by process. */
  shares: number[][]
  lostPerEvent: number
  /** Calls that the store did not answer in time: on a machine that is too busy for the figures to mean much. */
  unanswered: number
}

/** Lets the processes at it until every event is handled, or the time is up. */
async function runJob(children: ChildProcess[], job: Job, events: number): Promise<Report[]> {
  const tell = (order: Order) => {
    for (const child of children) child.send(order)
  }
  const stop = () => {
    tell({ stop: true })
  }
  const timer = setTimeout(stop, TIMEOUT_MS)
  const acknowledged = new Set<string>()
  const reports = children.map((child) => {
    const { promise, resolve } = Promise.withResolvers<Report>()
    const hear = (message: Message) => {
      if ('acknowledged' in message) {
        for (const id of message.acknowledged) acknowledged.add(id)
        if (acknowledged.size === events) stop()
      }
      if (!('report' in message)) return
      child.off('message', hear)
      resolve(message.report)
    }
    child.on('message', hear)
    return promise
  })
  tell({ job })
  return Promise.all(reports).finally(() => {
    clearTimeout(timer)
  })
}

/** Processes that are there, for as long as the measurements take. */
export class ConsumerProcesses {
  readonly #children: ChildProcess[]

  private constructor(children: ChildProcess[]) {
    this.#children = children
  }

  static async start(count: number): Promise<ConsumerProcesses> {
    const children = Array.from({ length: count }, () => fork(join(import.meta.dirname, 'consumers.ts')))
    await Promise.all(children.map((child) => once(child, 'message')))
    return new ConsumerProcesses(children)
  }

  stop(): void {
    for (const child of this.#children) child.kill()
  }

  /** Lets consumers in so many processes at the same events, and adds up what they report. */
  async measure(
    table: TestTable,
    endpoint: string,
    { processes, shards }: Scenario,
    { events, eventsPerClaim, workMs }: Size,
  ): Promise<Contention> {
    const tenant = newTenant(shards)
    const drafts = Array.from({ length: events }, (_, n) => draftOf(table, { payload: { n } }, n % shards))
    await pMap(drafts, (draft) => table.store.create(scopeOf(tenant), draft), { concurrency: 16 })
    const consumers = CONSUMERS / processes
    const job: Job = { endpoint, table: table.table, tenant, consumers, eventsPerClaim, workMs }
    const start = performance.now()
    const reports = await runJob(this.#children.slice(0, processes), job, events)
    const perConsumer = reports.flatMap(({ handled }) => handled)
    const lost = reports.reduce((sum, { lostWrites }) => sum + lostWrites, 0)
    const ids = perConsumer.flat()
    return {
      ms: performance.now() - start,
      handled: new Set(ids).size,
      twice: ids.length - new Set(ids).size,
      least: Math.min(...perConsumer.map((handled) => handled.length)),
      shares: reports.map(({ handled }) => handled.map((ids) => ids.length).sort((a, b) => a - b)),
      lostPerEvent: lost / events,
      unanswered: reports.reduce((sum, { unanswered }) => sum + unanswered, 0),
    }
  }
}
