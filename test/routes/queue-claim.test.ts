import t from 'tap'
import { buildTestApp, givenAcknowledged, givenEvent, givenEvents, MAX_ATTEMPTS } from '../support/app.ts'
import { claim, faultsOf, givenClaim, idsOf, post, read, readInbox } from '../support/queue.ts'

const NOON = '2026-11-23T12:00:00.000Z'
const NOTHING = { lease_id: null, lease_expires_at: null, events: [] }

t.test('without a body the defaults hold: ten events for 30 seconds, oldest first', async (t) => {
  const app = await buildTestApp(t)
  app.clock.set(NOON)
  const events = await givenEvents(app, 12)
  const response = await post(app, '/inbox/claim', app.acme.consumer)
  t.equal(response.statusCode, 200)
  const { lease_id, ...claimed } = response.json<{ lease_id: string }>()
  t.match(lease_id, /^lease_[0-9a-f]{32}$/)
  t.strictSame(claimed, {
    lease_expires_at: '2026-11-23T12:00:30.000Z',
    events: events.slice(0, 10).map((event) => ({
      ...event,
      status: 'undelivered',
      delivery_attempts: 1,
      // What is stored ends a second later than what is told: clocks differ.
      available_at: '2026-11-23T12:00:31.000Z',
      lease_expires_at: '2026-11-23T12:00:30.000Z',
    })),
  })
  t.strictSame(await readInbox(app), events.slice(10), 'the inbox does not show what is held')
  t.strictSame(idsOf((await claim(app)).events), idsOf(events.slice(10)), 'and nobody else gets it')
  t.strictSame(await claim(app), NOTHING)
})

t.test('an empty body, null and an empty object are no body', async (t) => {
  const app = await buildTestApp(t)
  const headers = { ...app.acme.consumer, 'content-type': 'application/json' }
  for (const payload of ['', 'null', '{}']) {
    const response = await app.inject({ method: 'POST', url: '/inbox/claim', headers, payload })
    t.equal(response.statusCode, 200)
    t.strictSame(response.json(), NOTHING)
  }
  const text = { ...app.acme.consumer, 'content-type': 'text/plain' }
  const response = await app.inject({ method: 'POST', url: '/inbox/claim', headers: text, payload: '' })
  t.equal(response.statusCode, 200)
})

t.test('limit and lease_seconds are as asked, at both ends', async (t) => {
  const app = await buildTestApp(t)
  app.clock.set(NOON)
  const events = await givenEvents(app, 4)
  const one = await givenClaim(app, { limit: 1, lease_seconds: 1 })
  t.strictSame(idsOf(one.events), idsOf(events.slice(0, 1)))
  t.equal(one.lease_expires_at, '2026-11-23T12:00:01.000Z')
  const rest = await givenClaim(app, { limit: 100, lease_seconds: 43_200 })
  t.strictSame(idsOf(rest.events), idsOf(events.slice(1)))
  t.equal(rest.lease_expires_at, '2026-11-24T00:00:00.000Z')
  t.not(rest.lease_id, one.lease_id)
})

t.test('a hundred at once', async (t) => {
  const app = await buildTestApp(t)
  const batch = Array.from({ length: 100 }, (_, n) => ({ event_type: 'a', payload: { n } }))
  for (let n = 0; n < 2; n++) await post(app, '/events/batch', app.acme.producer, { events: batch })
  const { events } = await givenClaim(app, { limit: 100 })
  t.equal(new Set(idsOf(events)).size, 100)
  t.strictSame(idsOf(events), idsOf(events).sort(), 'oldest first')
  const second = await givenClaim(app, { limit: 100 })
  t.equal(new Set([...idsOf(events), ...idsOf(second.events)]).size, 200)
})

t.test('every field is checked, and every fault told at once', async (t) => {
  const app = await buildTestApp(t)
  const wrong: [unknown, string[]][] = [
    [{ limit: 0 }, ['limit range']],
    [{ limit: 101 }, ['limit range']],
    [{ limit: 1.5 }, ['limit type']],
    [{ limit: '5' }, ['limit type']],
    [{ limit: null }, ['limit type']],
    [{ lease_seconds: 0 }, ['lease_seconds range']],
    [{ lease_seconds: 43_201 }, ['lease_seconds range']],
    [{ lease_seconds: true }, ['lease_seconds type']],
    [{ wait_seconds: -1 }, ['wait_seconds range']],
    [{ wait_seconds: 21 }, ['wait_seconds range']],
    [{ wait_seconds: 0.5 }, ['wait_seconds type']],
    [{ event_type: 'a' }, ['event_type unknown']],
    [
      { limit: 0, lease_seconds: 0, wait_seconds: 99, x: 1 },
      ['lease_seconds range', 'limit range', 'wait_seconds range', 'x unknown'],
    ],
    [[], ['body type']],
    ['10', ['body type']],
    [10, ['body type']],
  ]
  for (const [body, faults] of wrong) {
    const response = await post(app, '/inbox/claim', app.acme.consumer, body)
    t.equal(response.statusCode, 400, JSON.stringify(body))
    t.strictSame(faultsOf(response), faults)
  }
  const headers = { ...app.acme.consumer, 'content-type': 'application/json' }
  const broken = await app.inject({ method: 'POST', url: '/inbox/claim', headers, payload: '{"limit":' })
  t.equal(broken.statusCode, 400)
  t.strictSame(faultsOf(broken), ['body invalid_json'])
  const query = await post(app, '/inbox/claim?limit=5', app.acme.consumer)
  t.equal(query.statusCode, 400)
  t.strictSame(faultsOf(query), ['limit unknown'])
})

t.test('a lease ends by itself a second after what was told, and each hand-out counts', async (t) => {
  const app = await buildTestApp(t)
  app.clock.set(NOON)
  const event = await givenEvent(app)
  const first = await givenClaim(app, { lease_seconds: 10 })
  app.clock.set('2026-11-23T12:00:09.999Z')
  t.equal((await read(app, event)).lease_expires_at, '2026-11-23T12:00:10.000Z')
  app.clock.set('2026-11-23T12:00:10.000Z')
  t.match(await read(app, event), {
    status: 'undelivered',
    lease_expires_at: null,
    available_at: '2026-11-23T12:00:11.000Z',
  })
  app.clock.set('2026-11-23T12:00:10.999Z')
  t.strictSame(await claim(app), NOTHING, 'clocks of tasks may differ by a second')
  t.strictSame(await readInbox(app), [])
  app.clock.set('2026-11-23T12:00:11.000Z')
  t.strictSame(idsOf(await readInbox(app)), [event.event_id])
  const second = await givenClaim(app)
  t.equal(second.event.delivery_attempts, 2)
  t.not(second.lease_id, first.lease_id)
})

t.test('when its attempts are used up an event fails instead of being handed out', async (t) => {
  const app = await buildTestApp(t)
  app.clock.set(NOON)
  const event = await givenEvent(app)
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    t.equal((await givenClaim(app, { lease_seconds: 1 })).event.delivery_attempts, attempt)
    app.clock.advance(2_000)
  }
  const healthy = await givenEvent(app)
  t.strictSame(idsOf((await claim(app, { limit: 1 })).events), [healthy.event_id], 'it is in nobody’s way')
  t.strictSame(await read(app, event), {
    ...event,
    status: 'failed',
    delivery_attempts: MAX_ATTEMPTS,
    available_at: null,
    failed_at: '2026-11-23T12:00:06.000Z',
  })
  const failed = await app.inject({ url: '/events?status=failed', headers: app.acme.consumer })
  t.equal(failed.statusCode, 200)
  t.strictSame(failed.json(), [
    {
      event_id: event.event_id,
      event_type: event.event_type,
      status: 'failed',
      created_at: NOON,
      delivered_at: null,
      failed_at: '2026-11-23T12:00:06.000Z',
    },
  ])
})

t.test('a hundred used-up events at the head block nothing', async (t) => {
  const app = await buildTestApp(t)
  app.clock.set(NOON)
  const poison = Array.from({ length: 100 }, () => ({ event_type: 'poison', payload: {} }))
  await post(app, '/events/batch', app.acme.producer, { events: poison })
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    t.equal((await givenClaim(app, { limit: 100, lease_seconds: 1 })).events.length, 100)
    app.clock.advance(2_000)
  }
  const healthy = await givenEvents(app, 3)
  t.strictSame(idsOf((await claim(app, { limit: 2 })).events), idsOf(healthy.slice(0, 2)))
  t.strictSame(idsOf((await claim(app)).events), idsOf(healthy.slice(2)))
  const failed = await app.inject({ url: '/events?status=failed&limit=100', headers: app.acme.consumer })
  t.equal(failed.json<unknown[]>().length, 100, 'and none is lost')
})

t.test('claims at once never share an event', async (t) => {
  const app = await buildTestApp(t)
  const events = await givenEvents(app, 30)
  const claims = await Promise.all(Array.from({ length: 20 }, () => claim(app, { limit: 2 })))
  const held = claims.flatMap(({ events }) => idsOf(events))
  t.equal(held.length, 30)
  t.strictSame(held.toSorted(), idsOf(events).sort())
  const leases = claims.map(({ lease_id }) => lease_id).filter((lease) => lease !== null)
  t.equal(new Set(leases).size, leases.length, 'each has a lease of its own')
})

t.test(
  'what was acknowledged without a claim, and what is another tenant’s, is not handed out',
  async (t) => {
    const app = await buildTestApp(t)
    const event = await givenEvent(app)
    await givenAcknowledged(app, event)
    await givenEvent(app, {}, app.globex)
    t.strictSame(await claim(app), NOTHING)
  },
)

t.test('an answer ends at 4 MiB of bodies', async (t) => {
  const app = await buildTestApp(t)
  await givenEvents(app, 20, { payload: { text: 'x'.repeat(250_000) } })
  const first = await givenClaim(app, { limit: 100 })
  t.equal(first.events.length, 16)
  t.equal((await givenClaim(app, { limit: 100 })).events.length, 4)
})
