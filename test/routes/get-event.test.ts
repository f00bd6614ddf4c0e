import t from 'tap'
import { buildTestApp, givenAcknowledged, givenEvent, RETENTION_MS } from '../support/app.ts'

t.test('an event is found whole, by any key of its tenant that may read', async (t) => {
  const app = await buildTestApp(t)
  app.clock.set('2100-01-01T00:00:00.000Z')
  const { event_id } = await givenEvent(app, { payload: { a: [1] }, metadata: { source: 'shop' } })
  for (const { authorization } of [app.acme.producer, app.acme.consumer, app.acme.admin]) {
    const response = await app.inject({ url: `/events/${event_id}`, headers: { authorization } })
    t.equal(response.statusCode, 200)
    t.strictSame(response.json(), {
      event_id,
      event_type: 'order.created',
      payload: { a: [1] },
      metadata: { source: 'shop' },
      status: 'pending',
      created_at: '2100-01-01T00:00:00.000Z',
      delivered_at: null,
      delivery_attempts: 0,
      available_at: '2100-01-01T00:00:00.000Z',
      lease_expires_at: null,
      last_failure_reason: null,
      failed_at: null,
    })
  }
})

t.test('unknown, foreign and malformed ids are one 404, equal but for the request id', async (t) => {
  const app = await buildTestApp(t)
  const { event_id } = await givenEvent(app)
  const foreign = await givenEvent(app, {}, app.globex)
  const ulid = event_id.slice('evt_'.length)
  const others = [
    foreign.event_id,
    `evt_${'0'.repeat(26)}`,
    `${event_id.slice(0, -1)}${event_id.endsWith('0') ? '1' : '0'}`,
    `${event_id.slice(0, -1)}z`,
    'evt_abc123xyz456',
    'evt_',
    'evt',
    ulid,
    ulid.toUpperCase(),
    event_id.toUpperCase(),
    `${event_id}0`,
    `${event_id}%20`,
    `${event_id}%2f`,
    `%00`,
    '..%2f..',
    '%E2%82%AC',
    '*',
    'undefined',
    '__proto__',
    'batch',
    'x'.repeat(150),
    `evt_${'x'.repeat(10_000)}`,
  ]
  const found = await app.inject({ url: `/events/${event_id}`, headers: app.acme.producer })
  t.equal(found.statusCode, 200)
  for (const id of others) {
    const response = await app.inject({
      url: `/events/${id}`,
      headers: { ...app.acme.producer, 'x-request-id': 'same' },
    })
    t.equal(response.statusCode, 404, id.slice(0, 40))
    t.equal(
      response.body,
      '{"error":"not_found","message":"There is no such event.","request_id":"same"}',
      id.slice(0, 40),
    )
  }
})

t.test('an escaped id is the same id', async (t) => {
  const app = await buildTestApp(t)
  const { event_id } = await givenEvent(app)
  const response = await app.inject({
    url: `/events/%65${event_id.slice(1)}`,
    headers: app.acme.producer,
  })
  t.equal(response.statusCode, 200)
})

t.test(
  '/events/ and /events//acknowledge are no events but unknown paths, with or without a key',
  async (t) => {
    const app = await buildTestApp(t)
    const body = '{"error":"not_found","message":"There is no such path.","request_id":"same"}'
    for (const headers of [{}, app.acme.admin]) {
      for (const [method, url] of [
        ['GET', '/events/'],
        ['GET', '/events/?limit=1'],
        ['DELETE', '/events/'],
        ['POST', '/events//acknowledge'],
        ['GET', '/events//acknowledge'],
      ] as const) {
        const response = await app.inject({ method, url, headers: { ...headers, 'x-request-id': 'same' } })
        t.equal(response.statusCode, 404, `${method} ${url}`)
        t.equal(response.body, body, `${method} ${url}`)
      }
    }
  },
)

t.test('query parameters are refused', async (t) => {
  const app = await buildTestApp(t)
  const { event_id } = await givenEvent(app)
  const response = await app.inject({ url: `/events/${event_id}?verbose=1&x=`, headers: app.acme.producer })
  t.equal(response.statusCode, 400)
  t.strictSame(response.json(), {
    error: 'invalid_request',
    message: 'The request has 2 invalid fields.',
    details: [
      { field: 'verbose', message: 'is not known here', code: 'unknown' },
      { field: 'x', message: 'is not known here', code: 'unknown' },
    ],
    request_id: response.headers['x-request-id'],
  })
})

t.test('a delivered event is found until its retention ends; an open one stays', async (t) => {
  const app = await buildTestApp(t)
  app.clock.set('2100-01-01T00:00:00.000Z')
  const open = await givenEvent(app)
  const delivered = await givenEvent(app)
  await givenAcknowledged(app, delivered)
  const statusOf = async (event_id: string) =>
    (await app.inject({ url: `/events/${event_id}`, headers: app.acme.producer })).statusCode

  app.clock.advance(RETENTION_MS - 1)
  t.equal(await statusOf(delivered.event_id), 200)
  app.clock.advance(1)
  t.equal(await statusOf(delivered.event_id), 404)
  t.equal(await statusOf(open.event_id), 200)

  const again = await app.inject({
    method: 'POST',
    url: `/events/${delivered.event_id}/acknowledge`,
    headers: app.acme.consumer,
  })
  t.equal(again.statusCode, 404)
  for (const url of ['/events', '/events?status=delivered', '/events?event_type=order.created']) {
    const listed = await app.inject({ url, headers: app.acme.producer })
    t.notOk(listed.body.includes(delivered.event_id), url)
  }
})
