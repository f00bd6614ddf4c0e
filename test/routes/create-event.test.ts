import t from 'tap'
import type { EventAnswer } from '../../src/schemas/event.ts'
import { buildTestApp, givenEvents } from '../support/app.ts'

t.test('an event is stored, answered whole and found under its Location', async (t) => {
  const app = await buildTestApp(t)
  app.clock.set('2100-01-01T00:00:00.000Z')

  const created = await app.inject({
    method: 'POST',
    url: '/events',
    headers: app.acme.producer,
    payload: { event_type: 'order.created', payload: { order_id: 42 }, metadata: { source: 'shop' } },
  })
  t.equal(created.statusCode, 201)
  const { event_id } = created.json<EventAnswer>()
  t.match(event_id, /^evt_[0-7][0-9a-hjkmnp-tv-z]{25}$/)
  t.strictSame(created.json(), {
    event_id,
    event_type: 'order.created',
    payload: { order_id: 42 },
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
  t.equal(created.headers['location'], `/events/${event_id}`)
  t.equal(created.headers['idempotent-replayed'], undefined)

  const found = await app.inject({ url: `/events/${event_id}`, headers: app.acme.producer })
  t.equal(found.statusCode, 200)
  t.strictSame(found.json(), created.json())
})

t.test('metadata may be left out or null, and is null then', async (t) => {
  const app = await buildTestApp(t)
  for (const metadata of [undefined, null]) {
    const response = await app.inject({
      method: 'POST',
      url: '/events',
      headers: app.acme.producer,
      payload: { event_type: 'order.created', payload: {}, metadata },
    })
    t.equal(response.statusCode, 201)
    t.equal(response.json<EventAnswer>().metadata, null)
  }
})

t.test('event types of every allowed form are accepted', async (t) => {
  const app = await buildTestApp(t)
  for (const event_type of ['a', '7', 'A.b_c-d:e/f', 'x'.repeat(100)]) {
    const response = await app.inject({
      method: 'POST',
      url: '/events',
      headers: app.acme.producer,
      payload: { event_type, payload: {} },
    })
    t.equal(response.statusCode, 201, event_type)
    t.equal(response.json<EventAnswer>().event_type, event_type)
  }
})

t.test('other event types are refused', async (t) => {
  const app = await buildTestApp(t)
  const refused = ['', '.a', '-a', '_a', ':a', '/a', 'a b', 'a\n', 'ä', 'a,b', 'a#b', 'x'.repeat(101)]
  for (const event_type of [...refused, 42, null, true, ['a'], { a: 1 }]) {
    const response = await app.inject({
      method: 'POST',
      url: '/events',
      headers: app.acme.producer,
      payload: { event_type, payload: {} },
    })
    t.equal(response.statusCode, 400, JSON.stringify(event_type))
    const { error, details } = response.json<{ error: string; details: { field: string }[] }>()
    t.equal(error, 'invalid_request')
    t.strictSame([...new Set(details.map(({ field }) => field))], ['event_type'])
  }
})

t.test('payload and metadata must be objects, and are never converted', async (t) => {
  const app = await buildTestApp(t)
  for (const wrong of [[], [{}], 'text', '{}', 42, true, '']) {
    const response = await app.inject({
      method: 'POST',
      url: '/events',
      headers: app.acme.producer,
      payload: { event_type: 'order.created', payload: wrong, metadata: wrong },
    })
    t.equal(response.statusCode, 400, JSON.stringify(wrong))
    t.strictSame(response.json(), {
      error: 'invalid_request',
      message: 'The request has 2 invalid fields.',
      details: [
        { field: 'payload', message: 'must be object', code: 'type' },
        { field: 'metadata', message: 'must be object or null', code: 'type' },
      ],
      request_id: response.headers['x-request-id'],
    })
  }
  const listed = await app.inject({ url: '/events', headers: app.acme.producer })
  t.strictSame(listed.json(), [])
})

t.test('payload: null is refused', async (t) => {
  const app = await buildTestApp(t)
  const response = await app.inject({
    method: 'POST',
    url: '/events',
    headers: app.acme.producer,
    payload: { event_type: 'order.created', payload: null },
  })
  t.equal(response.statusCode, 400)
  t.strictSame(response.json(), {
    error: 'invalid_request',
    message: 'The request has an invalid field.',
    details: [{ field: 'payload', message: 'must be object', code: 'type' }],
    request_id: response.headers['x-request-id'],
  })
})

t.test('members with the names of ours and of Object are the client’s own inside payload', async (t) => {
  const app = await buildTestApp(t)
  const payload = {
    event_id: 'evt_1',
    status: 'delivered',
    constructor: { prototype: 1 },
    toString: null,
    toJSON: 'text',
    prototype: {},
    hasOwnProperty: 1,
    '': { '': [] },
    'a.b': { '/': '~' },
    $ref: '#/definitions/x',
    length: 0,
    then: 'no promise',
  }
  const created = await app.inject({
    method: 'POST',
    url: '/events',
    headers: app.acme.producer,
    payload: { event_type: 'order.created', payload, metadata: payload },
  })
  t.equal(created.statusCode, 201)
  // As texts: such members mislead what compares objects.
  t.equal(JSON.stringify(created.json<EventAnswer>().payload), JSON.stringify(payload))
  t.equal(JSON.stringify(created.json<EventAnswer>().metadata), JSON.stringify(payload))

  const inbox = await app.inject({ url: '/inbox', headers: app.acme.consumer })
  t.equal(inbox.body, `[${created.body}]`)
})

t.test('ids ascend also within a millisecond', async (t) => {
  const app = await buildTestApp(t)
  app.clock.set('2100-01-01T00:00:00.000Z')
  const events = await givenEvents(app, 5)
  const ids = events.map((event) => event.event_id)
  t.strictSame(ids.toSorted(), ids)
  t.equal(new Set(ids).size, 5)
  t.strictSame([...new Set(events.map((event) => event.created_at))], ['2100-01-01T00:00:00.000Z'])
})
