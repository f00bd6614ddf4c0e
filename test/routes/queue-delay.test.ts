import t from 'tap'
import { buildTestApp, givenEvent } from '../support/app.ts'
import { claim, faultsOf, idsOf, post, read, readInbox } from '../support/queue.ts'

const NOON = '2026-11-23T12:00:00.000Z'

t.test('a delayed event is readable and listed at once, and in the inbox from then', async (t) => {
  const app = await buildTestApp(t)
  app.clock.set(NOON)
  for (const [when, change] of [
    ['deliver_at', { deliver_at: '2026-11-23T13:00:10.000+01:00' }],
    ['delay_seconds', { delay_seconds: 10 }],
  ] as const) {
    const body = { event_type: 'order.created', payload: { when }, ...change }
    const response = await post(app, '/events', app.acme.producer, body)
    t.equal(response.statusCode, 201)
    const { event_id } = response.json<{ event_id: string }>()
    t.strictSame(response.json(), {
      event_id,
      event_type: 'order.created',
      payload: { when },
      metadata: null,
      status: 'pending',
      created_at: NOON,
      delivered_at: null,
      delivery_attempts: 0,
      available_at: '2026-11-23T12:00:10.000Z',
      lease_expires_at: null,
      last_failure_reason: null,
      failed_at: null,
    })
    t.strictSame(await read(app, { event_id }), response.json())
  }
  for (const url of ['/events', '/events?status=pending']) {
    const list = await app.inject({ url, headers: app.acme.producer })
    t.equal(list.json<unknown[]>().length, 2, url)
  }
  app.clock.set('2026-11-23T12:00:09.999Z')
  t.strictSame(await readInbox(app), [])
  t.strictSame((await claim(app)).events, [])
  app.clock.set('2026-11-23T12:00:10.000Z')
  t.equal((await readInbox(app)).length, 2)
  t.equal((await claim(app)).events.length, 2)
})

t.test('the past, now and no delay mean at once', async (t) => {
  const app = await buildTestApp(t)
  app.clock.set(NOON)
  for (const change of [
    { deliver_at: '2020-01-01T00:00:00Z' },
    { deliver_at: '0001-01-01T00:00:00Z' },
    { deliver_at: NOON },
    { delay_seconds: 0 },
  ]) {
    const event = await givenEvent(app, change)
    t.equal(event.available_at, NOON, JSON.stringify(change))
    t.strictSame(idsOf((await claim(app)).events), [event.event_id])
  }
})

t.test('the inbox goes by the time of becoming available', async (t) => {
  const app = await buildTestApp(t)
  app.clock.set(NOON)
  const late = await givenEvent(app, { delay_seconds: 20 })
  const soon = await givenEvent(app, { delay_seconds: 10 })
  app.clock.advance(15_000)
  const now = await givenEvent(app)
  app.clock.advance(15_000)
  t.strictSame(idsOf(await readInbox(app)), idsOf([soon, now, late]))
  t.strictSame(idsOf((await claim(app)).events), idsOf([soon, now, late]))
})

t.test('at most 90 days ahead, and told in one way', async (t) => {
  const app = await buildTestApp(t)
  app.clock.set(NOON)
  const most = '2027-02-21T12:00:00.000Z'
  t.equal((await givenEvent(app, { deliver_at: most })).available_at, most)
  t.equal((await givenEvent(app, { delay_seconds: 90 * 86_400 })).available_at, most)
  const wrong: [object, string[]][] = [
    [{ deliver_at: '2027-02-21T12:00:00.001Z' }, ['deliver_at range']],
    [{ deliver_at: '9999-12-31T23:59:59Z' }, ['deliver_at range']],
    [{ delay_seconds: 90 * 86_400 + 1 }, ['delay_seconds range']],
    [{ delay_seconds: -1 }, ['delay_seconds range']],
    [{ delay_seconds: 1.5 }, ['delay_seconds type']],
    [{ delay_seconds: null }, ['delay_seconds type']],
    [{ deliver_at: 'tomorrow' }, ['deliver_at format']],
    [{ deliver_at: '2026-11-23' }, ['deliver_at format']],
    [{ deliver_at: 1_790_000_000 }, ['deliver_at type']],
    [{ deliver_at: NOON, delay_seconds: 0 }, ['delay_seconds exclusive']],
  ]
  for (const [change, faults] of wrong) {
    const body = { event_type: 'a', payload: {}, ...change }
    const response = await post(app, '/events', app.acme.producer, body)
    t.equal(response.statusCode, 400, JSON.stringify(change))
    t.strictSame(faultsOf(response), faults)
  }
})

t.test('a delayed event can be acknowledged, and rejected, before its time', async (t) => {
  const app = await buildTestApp(t)
  app.clock.set(NOON)
  const first = await givenEvent(app, { delay_seconds: 60 })
  const second = await givenEvent(app, { delay_seconds: 60 })
  const acknowledged = await post(app, `/events/${first.event_id}/acknowledge`, app.acme.consumer)
  t.equal(acknowledged.statusCode, 204)
  const nacked = await post(app, `/events/${second.event_id}/nack`, app.acme.consumer, { delay_seconds: 5 })
  t.equal(nacked.statusCode, 204)
  app.clock.advance(60_000)
  t.strictSame(idsOf((await claim(app)).events), [second.event_id])
})

t.test('the delay is part of what a key stands for', async (t) => {
  const app = await buildTestApp(t)
  app.clock.set(NOON)
  const send = (change: object) =>
    app.inject({
      method: 'POST',
      url: '/events',
      headers: { ...app.acme.producer, 'idempotency-key': 'later' },
      payload: { event_type: 'a', payload: {}, ...change },
    })
  const first = await send({ delay_seconds: 60 })
  app.clock.advance(30_000)
  const replay = await send({ delay_seconds: 60 })
  t.equal(replay.statusCode, 201)
  t.strictSame(replay.json(), first.json(), 'its time does not move')
  t.equal((await send({ delay_seconds: 61 })).statusCode, 422)
  t.equal((await send({})).statusCode, 422)
})
