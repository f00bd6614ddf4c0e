/** A process with consumers of its own: it waits for a word to start, claims until there is nothing, and reports. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Tenant } from '../../../src/domain/access.ts'
import { createCursors } from '../../../src/domain/cursor.ts'
import { createEventIds } from '../../../src/domain/event-id.ts'
import { createEvents } from '../../../src/domain/events.ts'
import { createLeaseId } from '../../../src/domain/lease-id.ts'
import type { QueueStore } from '../../../src/domain/ports.ts'
import { createClient, createDynamoDB } from '../../../src/dynamodb/client.ts'
import { createEventStore } from '../../../src/dynamodb/event-store.ts'
import { createIdempotencyStore } from '../../../src/dynamodb/idempotency-store.ts'
import { createQueueStore } from '../../../src/dynamodb/queue-store.ts'

export interface Job {
  endpoint: string
  table: string
  tenant: Tenant
  consumers: number
  eventsPerClaim: number
  /** How long a consumer works on what it claimed. */
  workMs: number
}

export interface Report {
  /** What each consumer handled. */
  handled: string[][]
  /** Claims that another task was quicker with. */
  lostWrites: number
  /** Calls that the store did not answer in time. */
  unanswered: number
}

/** What the parent says and hears. */
export type Order = { job: Job } | { stop: true }
export type Message = { isReady: true } | { acknowledged: string[] } | { report: Report }

/** What is claimed by a call that gets no answer comes back within the time that a measurement may take. */
const LEASE_SECONDS = 15
const DEADLINE_MS = 20_000
const PAUSE_MS = 20

/** The domain with a coordinator of its own, and a count of the claims whose write met what another task had written. */
function startTask({ endpoint, table }: Job) {
  const client = createClient({ endpoint, region: 'local' })
  const dynamodb = createDynamoDB(client)
  const lost = { writes: 0 }
  const clock = Date.now
  const store = { dynamodb, table, clock, retentionSeconds: 86_400, maxAttempts: 16, windowSeconds: 86_400 }
  const queue = createQueueStore(store)
  const claim: QueueStore['claim'] = async (...args) => {
    const result = await queue.claim(...args)
    if (result.outcome === 'lost') lost.writes += 1
    return result
  }
  const events = createEvents({
    store: createEventStore(store),
    queue: { ...queue, claim },
    idempotency: createIdempotencyStore(store),
    cursors: createCursors(['the secret that nobody needs in this process']),
    clock,
    newEventId: createEventIds(clock),
    newLeaseId: createLeaseId,
    random: Math.random,
    count: () => {},
    nackDelays: { minSeconds: 1, maxSeconds: 1 },
    deadlineMs: DEADLINE_MS,
  })
  return {
    events,
    lost,
    stop: async () => {
      await dynamodb.close()
      client.destroy()
    },
  }
}

async function run(job: Job): Promise<Report> {
  const { events, lost, stop } = startTask(job)
  const wish = { limit: job.eventsPerClaim, lease_seconds: LEASE_SECONDS, wait_seconds: 0 }
  const scope = () => ({ tenant: job.tenant, signal: AbortSignal.timeout(DEADLINE_MS) })
  const gone = new AbortController().signal

  let unanswered = 0

  /** Calls again where no answer came, as every client has to. */
  async function untilAnswered<Result>(call: () => Promise<Result>): Promise<Result> {
    for (;;) {
      try {
        return await call()
      } catch (error) {
        if ((error as { code?: unknown }).code !== 'unavailable') throw error
        unanswered += 1
        await delay(PAUSE_MS)
      }
    }
  }

  async function claimAndHandle(): Promise<string[]> {
    const claimed = await untilAnswered(() => events.claim(scope(), wish, gone))
    const event_ids = claimed.events.map(({ event_id }) => event_id)
    if (claimed.lease_id === null) {
      await delay(PAUSE_MS)
      return []
    }
    await delay(job.workMs)
    const body = { event_ids, lease_id: claimed.lease_id }
    const { results } = await untilAnswered(() => events.acknowledgeMany(scope(), body, () => {}))
    return results.filter(({ result }) => result !== 'lease_lost').map(({ event_id }) => event_id)
  }

  async function consume(): Promise<string[]> {
    const handled: string[] = []
    // Nobody's consumers all come at the same moment.
    await delay(Math.random() * job.workMs)
    while (!isStopped) {
      const ids = await claimAndHandle()
      handled.push(...ids)
      say({ acknowledged: ids })
    }
    return handled
  }

  const handled = await Promise.all(Array.from({ length: job.consumers }, consume))
  await stop()
  return { handled, lostWrites: lost.writes, unanswered }
}

let isStopped = false
const say = (message: Message) => process.send?.(message)

process.on('message', (order: Order) => {
  isStopped = 'stop' in order
  if ('job' in order) void run(order.job).then((report) => say({ report }))
})
say({ isReady: true })
