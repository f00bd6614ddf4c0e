/**
 * Every write of every verb meets every fault: once, which nobody but the store may notice, and for so long that the
 * request fails; then it is repeated. Whatever happens, there is one event, and it is in the state that was asked for.
 */
import { randomUUID } from 'node:crypto'
import t, { type Test } from 'tap'
import { ROLES } from '../../src/domain/access.ts'
import { createKey } from '../../src/domain/key-management.ts'
import type { EventAnswer } from '../../src/schemas/event.ts'
import type { Claimed } from '../../src/schemas/queue.ts'
import { startFaultProxy, type Faults } from '../support/fault-proxy.ts'
import { startLocalApp } from '../support/history/local-app.ts'
import { anyEndpoint } from '../support/observed-service.ts'
import { createHttpClient, type Answer } from '../support/service.ts'
import { createStores, openTable, type TestTable } from '../support/table.ts'
import { createClient } from '../../src/dynamodb/client.ts'

type Api = (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Answer>

/** An event that somebody may hold. */
interface Ground {
  event_id: string
  lease_id: string | null
}

interface Verb {
  /** Gets an event into the state that the verb is about. */
  prepare?: (api: Api) => Promise<Ground>
  act: (api: Api, ground: Ground) => Promise<Answer>
  /** How many writes it takes. */
  writes?: number
  status: number
  /** What the answer has where the fault strikes once. */
  answer?: object
  /** The event afterwards. */
  becomes: Partial<EventAnswer>
  /** A request that failed, but may have done its work: its repetition may find nothing more to do. */
  mayConflict?: true
}

const EVENT = { event_type: 'a', payload: { n: 1 } }
const NOBODY: Ground = { event_id: '', lease_id: null }

async function good(answer: Promise<Answer>): Promise<unknown> {
  const { status, body } = await answer
  if (status >= 300) throw new Error(`${status}: ${JSON.stringify(body)}`)
  return body
}

async function posted(api: Api): Promise<Ground> {
  const { event_id } = (await good(api('POST', '/events', EVENT))) as EventAnswer
  return { event_id, lease_id: null }
}

async function held(api: Api): Promise<Ground> {
  await posted(api)
  const { lease_id, events } = (await good(api('POST', '/inbox/claim', { lease_seconds: 60 }))) as Claimed
  return { event_id: events[0]?.event_id ?? '', lease_id }
}

async function failed(api: Api): Promise<Ground> {
  const ground = await posted(api)
  await good(api('POST', `/events/${ground.event_id}/nack`, { permanent: true }))
  return ground
}

const key = { 'idempotency-key': 'the-key' }
const verb =
  (path: string, body: (ground: Ground) => object | undefined) =>
  (api: Api, ground: Ground): Promise<Answer> =>
    api('POST', path.replace(':id', ground.event_id), body(ground))

const VERBS: Record<string, Verb> = {
  'create with a key': {
    act: (api) => api('POST', '/events', EVENT, key),
    writes: 2,
    status: 201,
    answer: { status: 'pending' },
    becomes: { status: 'pending', delivery_attempts: 0 },
  },
  'a batch with a key': {
    act: (api) => api('POST', '/events/batch', { events: [{ ...EVENT, idempotency_key: 'the-key' }] }),
    writes: 2,
    status: 200,
    answer: { results: [{ status: 201 }] },
    becomes: { status: 'pending' },
  },
  claim: {
    prepare: posted,
    act: (api) => api('POST', '/inbox/claim', { lease_seconds: 1, wait_seconds: 6 }),
    status: 200,
    answer: { events: [{ status: 'undelivered', delivery_attempts: 1 }] },
    becomes: { status: 'undelivered' },
  },
  extend: {
    prepare: held,
    act: verb('/inbox/extend', ({ event_id, lease_id }) => ({
      lease_id,
      event_ids: [event_id],
      lease_seconds: 90,
    })),
    status: 200,
    answer: { results: [{ result: 'extended' }] },
    becomes: { status: 'undelivered', delivery_attempts: 1 },
  },
  release: {
    prepare: held,
    act: verb('/inbox/release', ({ event_id, lease_id }) => ({ lease_id, event_ids: [event_id] })),
    status: 200,
    answer: { results: [{ result: 'released' }] },
    becomes: { status: 'undelivered', delivery_attempts: 1, lease_expires_at: null },
  },
  'acknowledge with a lease': {
    prepare: held,
    act: verb('/events/:id/acknowledge', ({ lease_id }) => ({ lease_id })),
    status: 204,
    becomes: { status: 'delivered', delivery_attempts: 1 },
  },
  'acknowledge without a lease': {
    prepare: posted,
    act: verb('/events/:id/acknowledge', () => undefined),
    status: 204,
    becomes: { status: 'delivered', delivery_attempts: 0 },
  },
  'acknowledge many': {
    prepare: held,
    act: verb('/inbox/acknowledge', ({ event_id, lease_id }) => ({ lease_id, event_ids: [event_id] })),
    status: 200,
    answer: { results: [{ result: /acknowledged|already_delivered/ }] },
    becomes: { status: 'delivered' },
  },
  'nack with a lease': {
    prepare: held,
    act: verb('/events/:id/nack', ({ lease_id }) => ({ lease_id, delay_seconds: 60, reason: 'r' })),
    status: 204,
    becomes: { status: 'undelivered', delivery_attempts: 1, last_failure_reason: 'r' },
    mayConflict: true,
  },
  'nack without a lease': {
    prepare: posted,
    act: verb('/events/:id/nack', () => ({ delay_seconds: 60, reason: 'r' })),
    status: 204,
    becomes: { status: 'undelivered', delivery_attempts: 0, last_failure_reason: 'r' },
  },
  'nack for good': {
    prepare: held,
    act: verb('/events/:id/nack', ({ lease_id }) => ({ lease_id, permanent: true })),
    status: 204,
    becomes: { status: 'failed' },
    mayConflict: true,
  },
  redrive: {
    prepare: failed,
    act: verb('/events/:id/redrive', () => undefined),
    status: 200,
    answer: { status: 'pending' },
    becomes: { status: 'pending', delivery_attempts: 0 },
    mayConflict: true,
  },
  'redrive many': {
    prepare: failed,
    act: verb('/inbox/redrive', () => ({})),
    status: 200,
    answer: { matched: 1, redriven: 1 },
    becomes: { status: 'pending' },
  },
}

const ONCE = ['throttle', 'serverError', 'resetBefore', 'loseAnswer', 'resetBody', 'blackHole'] as const
const FOR_LONG = ['throttle', 'resetBody', 'stallBody', 'blackHole'] as const
const DEADLINE_MS = 1_000
/** For requests that must succeed: other tests may have the machine. */
const LONG_DEADLINE_MS = 15_000

/** Tasks over the table behind a proxy of their own: faults of one test strike no other. */
async function startTasks(t: Test, endpoint: string, { table, access }: TestTable) {
  const proxy = await startFaultProxy({ target: endpoint })
  t.teardown(() => proxy.stop())
  const client = createClient({ endpoint: proxy.endpoint, region: 'local' })
  t.teardown(() => {
    client.destroy()
  })
  const { dynamodb } = createStores(client, table)
  const nackDelays = { minSeconds: 0, maxSeconds: 1 }
  const start = (deadlineMs: number) =>
    startLocalApp(t, { dynamodb, table, access }, { maxAttempts: 5, nackDelays, deadlineMs })
  const [patient, hasty] = [await start(LONG_DEADLINE_MS), await start(DEADLINE_MS)]
  const call = createHttpClient(t)

  /** Two tasks as a new tenant sees them, of which one gives requests little time. */
  async function newTenant(): Promise<{ api: Api; hastyApi: Api }> {
    const wanted = { tenant: `t-${randomUUID()}`, scopes: ROLES.admin, name: null, valid_until: null }
    const { token } = await createKey(access, Date.now, wanted)
    const apiAt =
      (url: string): Api =>
      (method, path, body, headers) =>
        call(method, url + path, token, body, headers)
    return { api: apiAt(patient), hastyApi: apiAt(hasty) }
  }
  return { proxy, newTenant }
}

async function testVerb(t: Test, endpoint: string, table: TestTable, verb: Verb): Promise<void> {
  const { proxy, newTenant } = await startTasks(t, endpoint, table)
  const operations = ['PutItem', 'UpdateItem']

  async function sound(t: Test, api: Api): Promise<void> {
    const events = (await good(api('GET', '/events'))) as EventAnswer[]
    t.equal(events.length, 1, 'one event')
    t.match(await good(api('GET', `/events/${events[0]?.event_id}`)), verb.becomes)
  }

  for (const name of ONCE) {
    for (let write = 0; write < (verb.writes ?? 1); write++) {
      await t.test(`${name} once, at write ${write + 1}`, async (t) => {
        const { api } = await newTenant()
        const ground = (await verb.prepare?.(api)) ?? NOBODY
        proxy.faults = { operations, [name]: { next: 1, skip: write } }
        const { status, body } = await verb.act(api, ground)
        t.strictSame(proxy.faults[name], { next: 0, skip: 0 }, 'the fault struck')
        proxy.faults = {}
        t.equal(status, verb.status)
        if (verb.answer) t.match(body, verb.answer)
        await sound(t, api)
      })
    }
  }

  for (const name of FOR_LONG) {
    await t.test(`${name} for long, then repeated`, async (t) => {
      const { api, hastyApi } = await newTenant()
      const ground = (await verb.prepare?.(api)) ?? NOBODY
      const faults: Faults = { operations, [name]: true }
      proxy.faults = faults
      const startedAt = Date.now()
      const { status, headers } = await verb.act(hastyApi, ground)
      t.equal(status, 503)
      t.equal(headers['retry-after'], '1')
      t.ok(Date.now() - startedAt < DEADLINE_MS + 2_500, `after ${Date.now() - startedAt} ms`)
      proxy.faults = {}
      const again = await verb.act(api, ground)
      t.ok([verb.status, verb.mayConflict && 409].includes(again.status), `repeated: ${again.status}`)
      await sound(t, api)
    })
  }
}

t.test('every write of every verb, every fault', async (t) => {
  const endpoint = await anyEndpoint(t)
  const table = await openTable(t, endpoint)
  // They wait more than they work.
  t.jobs = 3
  for (const [name, verb] of Object.entries(VERBS)) {
    t.test(name, { buffered: true }, (t) => testVerb(t, endpoint, table, verb))
  }
})
