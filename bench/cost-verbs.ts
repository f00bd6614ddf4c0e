import { randomUUID } from 'node:crypto'
import { createCursors } from '../src/domain/cursor.ts'
import { createEventIds } from '../src/domain/event-id.ts'
import { createEvents, type Events } from '../src/domain/events.ts'
import { createLeaseId } from '../src/domain/lease-id.ts'
import type { CallScope } from '../src/domain/ports.ts'
import { createClient, createDynamoDB } from '../src/dynamodb/client.ts'
import { createEventStore } from '../src/dynamodb/event-store.ts'
import { createIdempotencyStore } from '../src/dynamodb/idempotency-store.ts'
import { migrate } from '../src/dynamodb/migrate.ts'
import { createQueueStore } from '../src/dynamodb/queue-store.ts'
import type { JsonObject } from '../src/schemas/event.ts'
import { createMeter, type Units } from './meter.ts'

const DAY_SECONDS = 86_400
const CALL_TIMEOUT_MS = 30_000
const INBOX_EVENTS = 100
const LIST_EVENTS = 50

/** What each verb costs; of those that answer many events, also how many came. */
export type Costs = Map<string, Units & { events?: number }>

/** The use cases over a table of their own, with a meter on every call. */
export async function openBench(endpoint: string) {
  const client = createClient({ endpoint, region: 'local' })
  const table = `costs-${randomUUID()}`
  await migrate(client, table)
  const clock = Date.now
  const dynamodb = createDynamoDB(client)
  const meter = createMeter(dynamodb)
  const options = { dynamodb: meter.dynamodb, table, clock, retentionSeconds: 30 * DAY_SECONDS }
  const events = createEvents({
    store: createEventStore(options),
    queue: createQueueStore({ ...options, maxAttempts: 16 }),
    idempotency: createIdempotencyStore({ ...options, windowSeconds: DAY_SECONDS }),
    cursors: createCursors(['the secret of the bench']),
    clock,
    newEventId: createEventIds(clock),
    newLeaseId: createLeaseId,
    random: Math.random,
    count: () => {},
    nackDelays: { minSeconds: 1, maxSeconds: 3_600 },
    deadlineMs: CALL_TIMEOUT_MS,
  })
  return {
    events,
    meter,
    close: async () => {
      client.destroy()
      await dynamodb.close()
    },
  }
}
type Bench = Awaited<ReturnType<typeof openBench>>

function newScope(): CallScope {
  const tenant = { name: `t-${randomUUID()}`, shards: 1, read_shards: 1 }
  return { tenant, signal: AbortSignal.timeout(10 * CALL_TIMEOUT_MS) }
}

/** The only event of a tenant, held under a new lease. */
async function claimOne(events: Events, scope: CallScope) {
  const body = { limit: 1, lease_seconds: 30, wait_seconds: 0 }
  const { lease_id, events: held } = await events.claim(scope, body, new AbortController().signal)
  const [event] = held
  if (!event || lease_id === null) throw new Error('There was nothing to claim')
  return { lease_id, event_ids: [event.event_id], event_id: event.event_id }
}

const ignore = () => undefined

/** The life of one event, from its creation to its acknowledgement and back. */
async function measureLife({ events, meter }: Bench, payload: JsonObject, costs: Costs): Promise<void> {
  const scope = newScope()
  const record = async <Result>(verb: string, work: () => Promise<Result>): Promise<Result> => {
    const { units, result } = await meter.measure(work)
    costs.set(verb, units)
    return result
  }
  const body = { event_type: 'order.created', payload }
  await record('create', () => events.create(scope, body))
  const first = await record('first claim', () => claimOne(events, scope))
  await record('extend', () => events.extend(scope, { ...first, lease_seconds: 60 }))
  await record('release', () => events.release(scope, first, ignore))
  const { lease_id, event_id } = await record('later claim', () => claimOne(events, scope))
  await record('nack', () => events.nack(scope, event_id, { lease_id, delay_seconds: 0, reason: '502' }))
  await events.nack(scope, event_id, { permanent: true })
  await record('redrive', () => events.redrive(scope, event_id, ignore))
  const last = await claimOne(events, scope)
  await record('acknowledge', () => events.acknowledge(scope, event_id, last.lease_id, ignore))
  await record('get', () => events.get(scope, event_id))
  await record('keyed create', () => events.create(newScope(), body, 'order-42'))
}

/** Reading an inbox and a list that are longer than a page. */
async function measureReads({ events, meter }: Bench, payload: JsonObject, costs: Costs): Promise<void> {
  const scope = newScope()
  for (let n = 0; n < INBOX_EVENTS; n++) await events.create(scope, { event_type: 'order.created', payload })
  const record = async (verb: string, work: () => ReturnType<Events['inbox'] | Events['list']>) => {
    const { units, result } = await meter.measure(work)
    costs.set(verb, { ...units, events: result.items.length })
  }
  await record(`list ${LIST_EVENTS}`, () => events.list(scope, { limit: LIST_EVENTS }))
  await record(`inbox ${INBOX_EVENTS}`, () => events.inbox(scope, { limit: INBOX_EVENTS }))
}

/** What every verb costs for events with this payload. */
export async function measureVerbs(bench: Bench, payload: JsonObject): Promise<Costs> {
  const costs: Costs = new Map()
  await measureLife(bench, payload, costs)
  await measureReads(bench, payload, costs)
  return costs
}
