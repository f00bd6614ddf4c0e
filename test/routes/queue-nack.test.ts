import t from 'tap'
import { backoffMs } from '../../src/domain/nack-event.ts'
import { buildTestApp, givenAcknowledged, givenEvent, MAX_ATTEMPTS } from '../support/app.ts'
import { claim, faultsOf, givenClaim, givenFailed, idsOf, post, read, readInbox } from '../support/queue.ts'

const NOON = '2026-11-23T12:00:00.000Z'
const atMs = (time: string | null) => Date.parse(time ?? '')

t.test('a rejected event comes again after its delay, with the reason', async (t) => {
  const app = await buildTestApp(t)
  app.clock.set(NOON)
  const before = await givenEvent(app)
  const { lease_id, event } = await givenClaim(app)
  const body = { lease_id, delay_seconds: 60, reason: 'the shop answered 502' }
  const response = await post(app, `/events/${event.event_id}/nack`, app.acme.consumer, body)
  t.equal(response.statusCode, 204)
  t.equal(response.body, '')
  t.strictSame(await read(app, event), {
    ...before,
    status: 'undelivered',
    delivery_attempts: 1,
    available_at: '2026-11-23T12:01:00.000Z',
    last_failure_reason: 'the shop answered 502',
  })
  app.clock.set('2026-11-23T12:00:59.999Z')
  t.strictSame(await readInbox(app), [])
  t.strictSame((await claim(app)).events, [])
  app.clock.set('2026-11-23T12:01:00.000Z')
  t.match(await readInbox(app), [{ event_id: event.event_id, last_failure_reason: 'the shop answered 502' }])
  t.match((await givenClaim(app)).event, {
    delivery_attempts: 2,
    last_failure_reason: 'the shop answered 502',
  })
})

t.test('the default delay grows with the attempts, with full jitter, from 1 s to 1 h', async (t) => {
  const bounds = { minSeconds: 1, maxSeconds: 3_600 }
  const range = (attempts: number) => [backoffMs(attempts, bounds, 0), backoffMs(attempts, bounds, 1)]
  t.strictSame(range(0), [1_000, 2_000])
  t.strictSame(range(1), [1_000, 2_000])
  t.strictSame(range(2), [1_000, 4_000])
  t.strictSame(range(5), [1_000, 32_000])
  t.strictSame(range(12), [1_000, 3_600_000])
  t.strictSame(range(1_000), [1_000, 3_600_000])

  const app = await buildTestApp(t)
  app.clock.set(NOON)
  await givenEvent(app)
  for (const [attempt, mostMs] of [
    [1, 2_000],
    [2, 4_000],
  ] as const) {
    const { lease_id, event } = await givenClaim(app)
    t.equal(event.delivery_attempts, attempt)
    const url = `/events/${event.event_id}/nack`
    t.equal((await post(app, url, app.acme.consumer, { lease_id })).statusCode, 204)
    const delayMs = atMs((await read(app, event)).available_at) - app.clock.now()
    t.ok(delayMs >= 1_000 && delayMs <= mostMs, `${delayMs} ms`)
    app.clock.advance(mostMs)
  }
})

t.test('without a body: an event that nobody holds', async (t) => {
  const app = await buildTestApp(t)
  app.clock.set(NOON)
  const event = await givenEvent(app)
  const url = `/events/${event.event_id}/nack`
  t.equal((await post(app, url, app.acme.consumer)).statusCode, 204)
  const rejected = await read(app, event)
  const { available_at } = rejected
  t.strictSame(rejected, { ...event, status: 'undelivered', available_at }, 'no attempt, no reason')
  t.ok(atMs(available_at) >= app.clock.now() + 1_000)

  t.equal((await post(app, url, app.acme.consumer, { delay_seconds: 43_200 })).statusCode, 204, 'delayed')
  t.equal((await read(app, event)).available_at, '2026-11-24T00:00:00.000Z')
  t.equal((await post(app, url, app.acme.consumer, { delay_seconds: 0 })).statusCode, 204)
  t.strictSame(idsOf((await claim(app)).events), [event.event_id])
})

t.test('without a lease while somebody holds it: conflict, until the guard has passed', async (t) => {
  const app = await buildTestApp(t)
  app.clock.set(NOON)
  await givenEvent(app)
  const { event } = await givenClaim(app, { lease_seconds: 10 })
  const url = `/events/${event.event_id}/nack`
  for (const time of [NOON, '2026-11-23T12:00:10.999Z']) {
    app.clock.set(time)
    const response = await post(app, url, app.acme.consumer, { permanent: true })
    t.equal(response.statusCode, 409)
    t.strictSame(response.json(), {
      error: 'conflict',
      message: 'The event is held by somebody, or is not open any more.',
      request_id: response.headers['x-request-id'],
    })
  }
  app.clock.set('2026-11-23T12:00:11.000Z')
  t.equal((await post(app, url, app.acme.consumer, { delay_seconds: 5 })).statusCode, 204)
  t.equal((await read(app, event)).available_at, '2026-11-23T12:00:16.000Z')
})

t.test('a lapsed lease still rejects, an overtaken or invented one is lost', async (t) => {
  const app = await buildTestApp(t)
  app.clock.set(NOON)
  await givenEvent(app)
  const first = await givenClaim(app, { lease_seconds: 1 })
  const url = `/events/${first.event.event_id}/nack`
  app.clock.advance(2_000)
  const second = await givenClaim(app, { lease_seconds: 1 })
  for (const lease_id of [first.lease_id, 'lease_x', '']) {
    const response = await post(app, url, app.acme.consumer, { lease_id })
    t.equal(response.statusCode, 409)
    t.strictSame(response.json(), {
      error: 'lease_lost',
      message: 'The lease is gone or another’s.',
      request_id: response.headers['x-request-id'],
    })
  }
  t.strictSame(await read(app, second.event), second.event, 'nothing changed')
  app.clock.advance(60_000)
  const body = { lease_id: second.lease_id, delay_seconds: 0 }
  t.equal((await post(app, url, app.acme.consumer, body)).statusCode, 204)
  t.equal((await post(app, url, app.acme.consumer, body)).statusCode, 409, 'it is gone with it')
})

t.test('a lease is lost on an event that was never held', async (t) => {
  const app = await buildTestApp(t)
  const { event_id } = await givenEvent(app)
  for (const lease_id of ['lease_x', '']) {
    const response = await post(app, `/events/${event_id}/nack`, app.acme.consumer, { lease_id })
    t.equal(response.statusCode, 409)
    t.match(response.json(), { error: 'lease_lost' })
  }
})

t.test('permanent: a dead letter at once, with its reason and time', async (t) => {
  const app = await buildTestApp(t)
  app.clock.set(NOON)
  const before = await givenEvent(app)
  const { lease_id, event } = await givenClaim(app)
  const body = { lease_id, permanent: true, reason: 'no such order', delay_seconds: 60 }
  t.equal((await post(app, `/events/${event.event_id}/nack`, app.acme.consumer, body)).statusCode, 204)
  const failed = {
    ...before,
    status: 'failed',
    delivery_attempts: 1,
    available_at: null,
    failed_at: NOON,
    last_failure_reason: 'no such order',
  }
  t.strictSame(await read(app, event), failed)
  app.clock.advance(86_400_000)
  t.strictSame((await claim(app)).events, [])
  t.strictSame(await readInbox(app), [])
})

t.test('rejected once too often it fails', async (t) => {
  const app = await buildTestApp(t)
  app.clock.set(NOON)
  await givenEvent(app)
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    const { lease_id, event } = await givenClaim(app)
    const body = { lease_id, delay_seconds: 1, reason: `attempt ${attempt}` }
    t.equal((await post(app, `/events/${event.event_id}/nack`, app.acme.consumer, body)).statusCode, 204)
    t.match(await read(app, event), {
      status: attempt < MAX_ATTEMPTS ? 'undelivered' : 'failed',
      last_failure_reason: `attempt ${attempt}`,
    })
    app.clock.advance(1_000)
  }
  t.strictSame((await claim(app)).events, [])
})

t.test('delivered and failed events cannot be rejected', async (t) => {
  const app = await buildTestApp(t)
  const [delivered, failed] = [await givenEvent(app), await givenEvent(app)]
  await givenAcknowledged(app, delivered)
  await givenFailed(app, failed)
  for (const event of [delivered, failed]) {
    const before = await read(app, event)
    const url = `/events/${event.event_id}/nack`
    const without = await post(app, url, app.acme.consumer, { permanent: true, reason: 'x' })
    t.equal(without.statusCode, 409)
    t.match(without.json(), { error: 'conflict' })
    const withLease = await post(app, url, app.acme.consumer, { lease_id: 'x', reason: 'x' })
    t.equal(withLease.statusCode, 409)
    t.match(withLease.json(), { error: 'lease_lost' })
    t.strictSame(await read(app, event), before)
  }
})

t.test('foreign, unknown and impossible ids are the same 404', async (t) => {
  const app = await buildTestApp(t)
  const foreign = await givenEvent(app, {}, app.globex)
  const ids = [foreign.event_id, 'evt_01jd8x5q3v7k2m9n4p6r8s0t10', 'evt_abc123xyz456', 'x'.repeat(150)]
  for (const id of ids) {
    for (const body of [undefined, { lease_id: 'lease_x' }]) {
      const response = await post(app, `/events/${id}/nack`, app.acme.consumer, body)
      t.equal(response.statusCode, 404)
      t.strictSame(response.json(), {
        error: 'not_found',
        message: 'There is no such event.',
        request_id: response.headers['x-request-id'],
      })
    }
  }
})

t.test('every field is checked', async (t) => {
  const app = await buildTestApp(t)
  const { event_id } = await givenEvent(app)
  const url = `/events/${event_id}/nack`
  const wrong: [unknown, string[]][] = [
    [{ lease_id: 1 }, ['lease_id type']],
    [{ delay_seconds: -1 }, ['delay_seconds range']],
    [{ delay_seconds: 43_201 }, ['delay_seconds range']],
    [{ delay_seconds: '5' }, ['delay_seconds type']],
    [{ reason: 5 }, ['reason type']],
    [{ reason: null }, ['reason type']],
    [{ reason: 'x'.repeat(501) }, ['reason length']],
    [{ permanent: 1 }, ['permanent type']],
    [{ x: 1, permanent: 'yes' }, ['permanent type', 'x unknown']],
    [[], ['body type']],
  ]
  for (const [body, faults] of wrong) {
    const response = await post(app, url, app.acme.consumer, body)
    t.equal(response.statusCode, 400, JSON.stringify(body))
    t.strictSame(faultsOf(response), faults)
  }
  t.strictSame(await read(app, { event_id }), await read(app, { event_id }))
  t.equal((await read(app, { event_id })).status, 'pending', 'nothing was written')
})

t.test('a reason of 500 characters comes back as it was, whatever they are', async (t) => {
  const app = await buildTestApp(t)
  const event = await givenEvent(app)
  const reasons = ['', 'ä'.repeat(500), '😀'.repeat(500), 'a\u0000b "c" \\']
  for (const reason of reasons) {
    const body = { reason, delay_seconds: 0 }
    t.equal((await post(app, `/events/${event.event_id}/nack`, app.acme.consumer, body)).statusCode, 204)
    t.equal((await read(app, event)).last_failure_reason, reason)
  }
})
