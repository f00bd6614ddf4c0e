import { request } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { DynamoDB } from '../../src/dynamodb/client.ts'
import type { Claimed } from '../../src/schemas/queue.ts'
import { buildTestApp, givenEvent, givenEvents, type TestApp } from '../support/app.ts'
import { claim, givenClaim, idsOf, post, read, readInbox } from '../support/queue.ts'
import { createHttpClient } from '../support/service.ts'

const NOTHING = { lease_id: null, lease_expires_at: null, events: [] }
/** Time for requests to arrive and begin to wait. */
const ARRIVAL_MS = 300

const isInboxQuery = ({ IndexName }: { IndexName?: string | undefined }) => IndexName === 'InboxIndex'

/** The index shows nothing for as long as the test takes: what is found was told within the process. */
const withoutIndex = (dynamodb: DynamoDB): DynamoDB => ({
  ...dynamodb,
  query: async (input, signal) =>
    isInboxQuery(input) ? { $metadata: {}, Items: [] } : dynamodb.query(input, signal),
})

/** A claim that waits, of one event. */
const waitingClaim = (app: TestApp) => claim(app, { limit: 1, wait_seconds: 20 })

t.test('a create, release, rejection without delay and redrive wake it, without the index', async (t) => {
  const app = await buildTestApp(t, { intercept: withoutIndex })
  const woken = async (wake: () => Promise<unknown>): Promise<Claimed> => {
    const waiting = waitingClaim(app)
    await delay(ARRIVAL_MS)
    await wake()
    return waiting
  }
  const first = await woken(() => givenEvent(app))
  const [event] = first.events
  const event_ids = [event!.event_id]
  t.equal(event!.delivery_attempts, 1)
  const { consumer, admin } = app.acme
  const second = await woken(() =>
    post(app, '/inbox/release', consumer, { lease_id: first.lease_id, event_ids }),
  )
  t.strictSame(idsOf(second.events), event_ids)
  const url = `/events/${event!.event_id}`
  const third = await woken(() =>
    post(app, `${url}/nack`, consumer, { lease_id: second.lease_id, delay_seconds: 0 }),
  )
  t.strictSame(idsOf(third.events), event_ids)
  await post(app, `${url}/nack`, consumer, { lease_id: third.lease_id, permanent: true })
  const fourth = await woken(() => post(app, `${url}/redrive`, admin))
  t.strictSame(idsOf(fourth.events), event_ids)
  await post(app, `${url}/nack`, consumer, { lease_id: fourth.lease_id, permanent: true })
  const fifth = await woken(() => post(app, '/inbox/redrive', admin))
  t.strictSame(idsOf(fifth.events), event_ids)
  const batch = { events: [{ event_type: 'a', payload: {} }] }
  const sixth = await woken(() => post(app, '/events/batch', app.acme.producer, batch))
  t.equal(sixth.events.length, 1)
})

t.test('what another process creates is found by itself', async (t) => {
  const [app, other] = [await buildTestApp(t), await buildTestApp(t)]
  const waiting = waitingClaim(app)
  await delay(ARRIVAL_MS)
  const startedAt = Date.now()
  const event = await givenEvent(other, {}, app.acme)
  t.strictSame(idsOf((await waiting).events), [event.event_id])
  t.ok(Date.now() - startedAt < 5_000, `${Date.now() - startedAt} ms`)
})

t.test('what is there is handed out at once, and time runs out with nothing', async (t) => {
  const app = await buildTestApp(t)
  const event = await givenEvent(app)
  t.strictSame(idsOf((await waitingClaim(app)).events), [event.event_id])
  const startedAt = Date.now()
  t.strictSame(await claim(app, { wait_seconds: 1 }), NOTHING)
  const waitedMs = Date.now() - startedAt
  t.ok(waitedMs >= 990 && waitedMs < 10_000, `${waitedMs} ms`)
})

t.test('who came first is served first, each with one event', async (t) => {
  const app = await buildTestApp(t)
  const waiting: Promise<Claimed>[] = []
  for (let n = 0; n < 5; n++) {
    waiting.push(waitingClaim(app))
    await delay(50)
  }
  await delay(ARRIVAL_MS)
  const events = await givenEvents(app, 5)
  const claims = await Promise.all(waiting)
  t.strictSame(
    claims.map(({ events }) => idsOf(events)),
    events.map(({ event_id }) => [event_id]),
  )
})

/** Counts the queries of the inbox index that an app makes. */
function countingQueries() {
  const counted = { queries: 0 }
  const intercept = (dynamodb: DynamoDB): DynamoDB => ({
    ...dynamodb,
    query: (input, signal) => {
      if (isInboxQuery(input)) counted.queries++
      return dynamodb.query(input, signal)
    },
  })
  return { counted, intercept }
}

t.test('while many wait, the index is asked once a second, events or not', async (t) => {
  for (const isBusy of [false, true]) {
    const { counted, intercept } = countingQueries()
    const app = await buildTestApp(t, { intercept })
    let over = false
    const consumer = async () => {
      while (!over) await claim(app, { limit: 10, wait_seconds: 1 + Math.floor(Math.random() * 2) })
    }
    const consumers = Array.from({ length: 30 }, consumer)
    await delay(1_000)
    const startedAt = Date.now()
    const before = counted.queries
    while (Date.now() - startedAt < 2_500) {
      if (isBusy) await givenEvent(app)
      await delay(50)
    }
    const seconds = (Date.now() - startedAt) / 1_000
    const queries = counted.queries - before
    over = true
    await Promise.all(consumers)
    // One more for the second that had begun.
    t.ok(queries <= Math.ceil(seconds) + 1, `${queries} queries in ${seconds} s${isBusy ? ', busy' : ''}`)
    t.ok(queries >= 1)
  }
})

t.test('over a hundred waiting, the answer is immediate', async (t) => {
  const app = await buildTestApp(t)
  const hundred = Promise.all(Array.from({ length: 100 }, () => claim(app, { wait_seconds: 4 })))
  await delay(1_500)
  const first = await Promise.race([
    claim(app, { wait_seconds: 20 }).then((claimed) => ({ claimed })),
    hundred.then(() => 'the hundred'),
  ])
  t.strictSame(first, { claimed: NOTHING })
  t.equal((await hundred).length, 100)
})

/** Begins a claim over a socket of its own. @returns What cuts it. */
function startClaim(port: number, { authorization }: { authorization: string }, body: object) {
  const headers = { authorization, 'content-type': 'application/json' }
  const claiming = request({ host: '127.0.0.1', port, path: '/inbox/claim', method: 'POST', headers })
  claiming.on('error', () => undefined)
  claiming.end(JSON.stringify(body))
  return () => claiming.destroy()
}

t.test('a claim with a body keeps its lease: reading the body is no disconnect', async (t) => {
  const app = await buildTestApp(t)
  const call = createHttpClient(t)
  const url = `http://127.0.0.1:${await app.listen()}/inbox/claim`
  const key = app.acme.consumer.authorization.slice('Bearer '.length)
  for (const body of [{ limit: 1 }, { limit: 1, wait_seconds: 20 }]) {
    const event = await givenEvent(app)
    t.equal((await call('POST', url, key, body)).status, 200)
    await delay(ARRIVAL_MS)
    t.match(await read(app, event), { delivery_attempts: 1, lease_expires_at: /Z$/ })
  }
  const waiting = call('POST', url, key, { limit: 1, wait_seconds: 20 })
  await delay(ARRIVAL_MS)
  const event = await givenEvent(app)
  const { body } = await waiting
  t.strictSame(idsOf((body as Claimed).events), [event.event_id], 'it does wait')
})

t.test('a client that disconnects waits no more', async (t) => {
  const app = await buildTestApp(t)
  const port = await app.listen()
  const cut = startClaim(port, app.acme.consumer, { wait_seconds: 20 })
  await delay(ARRIVAL_MS)
  cut()
  await delay(ARRIVAL_MS)
  await givenEvent(app)
  t.equal((await givenClaim(app)).event.delivery_attempts, 1, 'nobody had it before')
})

/** Holds the next write of a claim until it is told to go on. */
function holdingClaim() {
  const begun = Promise.withResolvers<undefined>()
  const goOn = Promise.withResolvers<undefined>()
  const state = { isHolding: false }
  const intercept = (dynamodb: DynamoDB): DynamoDB => ({
    ...dynamodb,
    updateItem: async (input, signal) => {
      if (state.isHolding) {
        state.isHolding = false
        begun.resolve(undefined)
        await goOn.promise
      }
      return dynamodb.updateItem(input, signal)
    },
  })
  return { begun: begun.promise, goOn: goOn.resolve, state, intercept }
}

async function testDisconnectWhileClaiming(t: Test, waitSeconds: number): Promise<void> {
  const { begun, goOn, state, intercept } = holdingClaim()
  const app = await buildTestApp(t, { intercept })
  const port = await app.listen()
  state.isHolding = true
  if (waitSeconds === 0) await givenEvent(app)
  const cut = startClaim(port, app.acme.consumer, { wait_seconds: waitSeconds })
  if (waitSeconds > 0) {
    await delay(ARRIVAL_MS)
    await givenEvent(app)
  }
  await begun
  const next = waitingClaim(app)
  await delay(ARRIVAL_MS)
  cut()
  await delay(ARRIVAL_MS)
  goOn(undefined)
  const { events } = await next
  t.match(events, [{ delivery_attempts: 2 }], 'the next one has it, long before the lease ends')
  t.strictSame(await readInbox(app), [])
}

t.test('what is being claimed as the client disconnects is given back at once', async (t) => {
  await testDisconnectWhileClaiming(t, 0)
  await testDisconnectWhileClaiming(t, 20)
})
