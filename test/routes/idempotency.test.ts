import t from 'tap'
import type { DynamoDB } from '../../src/dynamodb/client.ts'
import { storeUnavailable } from '../../src/errors.ts'
import type { EventAnswer } from '../../src/schemas/event.ts'
import {
  buildTestApp,
  givenAcknowledged,
  IDEMPOTENCY_WINDOW_MS,
  type TenantKeys,
  type TestApp,
} from '../support/app.ts'

/** The headers of a producer that repeats safely. */
const withKey = (key: string, { producer }: TenantKeys) => ({ ...producer, 'idempotency-key': key })

const ORDER = { event_type: 'order.created', payload: { id: 42, lines: [1, 2] } }

async function listAll(app: TestApp, headers = app.acme.producer): Promise<EventAnswer[]> {
  const response = await app.inject({ url: '/events?limit=100', headers })
  return response.json()
}

t.test('the same key and body give the same event again, marked as a replay', async (t) => {
  const app = await buildTestApp(t)
  const first = await app.inject({
    method: 'POST',
    url: '/events',
    headers: withKey('order-42', app.acme),
    payload: ORDER,
  })
  t.equal(first.statusCode, 201)
  t.equal(first.headers['idempotent-replayed'], undefined)

  const again = await app.inject({
    method: 'POST',
    url: '/events',
    headers: withKey('order-42', app.acme),
    payload: ORDER,
  })
  t.equal(again.statusCode, 201)
  t.equal(again.headers['idempotent-replayed'], 'true')
  t.equal(again.headers['location'], first.headers['location'])
  t.strictSame(again.json(), first.json())
  t.equal((await listAll(app)).length, 1)
})

t.test('bodies are compared as JSON: spacing, order and spelling make no difference', async (t) => {
  const app = await buildTestApp(t)
  const bodies = [
    '{"event_type":"a","payload":{"x":1,"y":{"b":[1,2],"a":"é"}},"metadata":{"m":1e2}}',
    '{"metadata":{"m":100},"payload":{"y":{"a":"\\u00e9","b":[1.0,2]},"x":1},"event_type":"a"}',
    ' {\n\t"payload" : { "x":0, "x":1 , "y":{"b":[ 1 , 2 ],"a":"\\u00E9"} }, "metadata":{"m":1E+2},\r\n"event_type":"\\u0061" } ',
  ]
  const ids = new Set<string>()
  for (const payload of bodies) {
    const response = await app.inject({
      method: 'POST',
      url: '/events',
      headers: { ...withKey('same', app.acme), 'content-type': 'application/json' },
      payload,
    })
    t.equal(response.statusCode, 201)
    ids.add(response.json<EventAnswer>().event_id)
  }
  t.equal(ids.size, 1)
})

t.test('the same key with another body is refused, and nothing is stored', async (t) => {
  const app = await buildTestApp(t)
  const first = await app.inject({
    method: 'POST',
    url: '/events',
    headers: withKey('order-42', app.acme),
    payload: ORDER,
  })
  const others = [
    { ...ORDER, event_type: 'order.changed' },
    { ...ORDER, payload: { id: 43, lines: [1, 2] } },
    { ...ORDER, payload: { id: '42', lines: [1, 2] } },
    { ...ORDER, payload: { id: 42, lines: [2, 1] } },
    { ...ORDER, metadata: {} },
  ]
  for (const payload of others) {
    const response = await app.inject({
      method: 'POST',
      url: '/events',
      headers: withKey('order-42', app.acme),
      payload,
    })
    t.equal(response.statusCode, 422)
    t.strictSame(response.json(), {
      error: 'idempotency_key_reused',
      message: 'This Idempotency-Key was used with another body; nothing was stored.',
      details: [
        { field: 'Idempotency-Key', message: 'was used with another body', code: 'idempotency_key_reused' },
      ],
      request_id: response.headers['x-request-id'],
    })
  }
  t.strictSame(
    (await listAll(app)).map((event) => event.event_id),
    [first.json<EventAnswer>().event_id],
  )
})

t.test('bodies that differ in a lone surrogate alone are different', async (t) => {
  const app = await buildTestApp(t)
  const statuses: number[] = []
  for (const text of ['\\ud800', '\\ud801', '\\udc00', '\\ufffd', '\\ud800']) {
    const response = await app.inject({
      method: 'POST',
      url: '/events',
      headers: { ...withKey('surrogates', app.acme), 'content-type': 'application/json' },
      payload: `{"event_type":"a","payload":{"text":"${text}"}}`,
    })
    statuses.push(response.statusCode)
  }
  t.strictSame(statuses, [201, 422, 422, 422, 201])
})

t.test('bodies of which one names the other are different', async (t) => {
  const app = await buildTestApp(t)
  const statuses: number[] = []
  for (const payload of ['{"a":{}}', '{"a":[]}', '{"a":null}', '{"a":"{}"}', '{}', '{"a":{"toJSON":1}}']) {
    const response = await app.inject({
      method: 'POST',
      url: '/events',
      headers: { ...withKey('kinds', app.acme), 'content-type': 'application/json' },
      payload: `{"event_type":"a","payload":${payload}}`,
    })
    statuses.push(response.statusCode)
  }
  t.strictSame(statuses, [201, 422, 422, 422, 422, 422])
})

t.test('50 clients with one key at the same moment create one event', async (t) => {
  const app = await buildTestApp(t)
  const responses = await Promise.all(
    Array.from({ length: 50 }, () =>
      app.inject({
        method: 'POST',
        url: '/events',
        headers: withKey('once', app.acme),
        payload: ORDER,
      }),
    ),
  )
  t.strictSame([...new Set(responses.map((response) => response.statusCode))], [201])
  t.equal(new Set(responses.map((response) => response.body)).size, 1)
  t.equal(responses.filter((response) => response.headers['idempotent-replayed'] === undefined).length, 1)
  t.equal((await listAll(app)).length, 1)
  const inbox = await app.inject({ url: '/inbox', headers: app.acme.consumer })
  t.equal(inbox.json<EventAnswer[]>().length, 1)
})

t.test('of 50 clients with one key and two bodies, those with one body succeed', async (t) => {
  const app = await buildTestApp(t)
  const responses = await Promise.all(
    Array.from({ length: 50 }, (_, n) =>
      app.inject({
        method: 'POST',
        url: '/events',
        headers: withKey('either', app.acme),
        payload: { event_type: 'a', payload: { n: n % 2 } },
      }),
    ),
  )
  const statuses = responses.map((response) => response.statusCode)
  const [first, second] = [0, 1].map((rest) => [...new Set(statuses.filter((_, n) => n % 2 === rest))])
  t.strictSame([first, second].flat().toSorted(), [201, 422])
  t.equal((await listAll(app)).length, 1)
})

t.test('a key belongs to the tenant, not to the API key', async (t) => {
  const app = await buildTestApp(t)
  const responses = []
  for (const { authorization } of [app.acme.producer, app.acme.admin, app.globex.producer]) {
    responses.push(
      await app.inject({
        method: 'POST',
        url: '/events',
        headers: { authorization, 'idempotency-key': 'order-42' },
        payload: ORDER,
      }),
    )
  }
  t.strictSame(
    responses.map((response) => [response.statusCode, response.headers['idempotent-replayed']]),
    [
      [201, undefined],
      [201, 'true'],
      [201, undefined],
    ],
  )
  const [first, replay, foreign] = responses.map((response) => response.json<EventAnswer>().event_id)
  t.equal(replay, first)
  t.not(foreign, first)
  t.equal((await listAll(app, app.globex.producer)).length, 1)
})

t.test('keys of every allowed form are different keys', async (t) => {
  const app = await buildTestApp(t)
  const keys = ['a', 'A', '!', '~', '"a"', 'a,b', 'x'.repeat(254), 'x'.repeat(255)]
  const ids = new Set<string>()
  for (const key of keys) {
    const response = await app.inject({
      method: 'POST',
      url: '/events',
      headers: withKey(key, app.acme),
      payload: ORDER,
    })
    t.equal(response.statusCode, 201, key)
    ids.add(response.json<EventAnswer>().event_id)
  }
  t.equal(ids.size, keys.length)
})

t.test('other keys are refused', async (t) => {
  const app = await buildTestApp(t)
  for (const key of ['', 'a b', 'a\tb', 'schlüssel', 'x'.repeat(256)]) {
    const response = await app.inject({
      method: 'POST',
      url: '/events',
      headers: withKey(key, app.acme),
      payload: ORDER,
    })
    t.equal(response.statusCode, 400, JSON.stringify(key))
    t.strictSame(response.json(), {
      error: 'invalid_request',
      message: 'The request has an invalid field.',
      details: [{ field: 'Idempotency-Key', message: 'must match ^[\\x21-\\x7e]{1,255}$', code: 'pattern' }],
      request_id: response.headers['x-request-id'],
    })
  }
  t.strictSame(await listAll(app), [])
})

t.test('a request that is refused does not use up its key', async (t) => {
  const app = await buildTestApp(t)
  const refused = await app.inject({
    method: 'POST',
    url: '/events',
    headers: withKey('order-42', app.acme),
    payload: { ...ORDER, payload: 'no object' },
  })
  t.equal(refused.statusCode, 400)
  const corrected = await app.inject({
    method: 'POST',
    url: '/events',
    headers: withKey('order-42', app.acme),
    payload: ORDER,
  })
  t.equal(corrected.statusCode, 201)
  t.equal(corrected.headers['idempotent-replayed'], undefined)
})

t.test('an event that is too large as stored does not use up its key', async (t) => {
  const app = await buildTestApp(t)
  const numbers = `[${Array<string>(20_000).fill('1e20').join(',')}]`
  const refused = await app.inject({
    method: 'POST',
    url: '/events',
    headers: { ...withKey('order-42', app.acme), 'content-type': 'application/json' },
    payload: `{"event_type":"a","payload":{"numbers":${numbers}}}`,
  })
  t.equal(refused.statusCode, 413)
  const corrected = await app.inject({
    method: 'POST',
    url: '/events',
    headers: withKey('order-42', app.acme),
    payload: ORDER,
  })
  t.equal(corrected.statusCode, 201)
})

t.test('a replay answers the event as it stands now', async (t) => {
  const app = await buildTestApp(t)
  app.clock.set('2100-01-01T00:00:00.000Z')
  const first = await app.inject({
    method: 'POST',
    url: '/events',
    headers: withKey('order-42', app.acme),
    payload: ORDER,
  })
  app.clock.advance(1_000)
  await givenAcknowledged(app, first.json())
  const again = await app.inject({
    method: 'POST',
    url: '/events',
    headers: withKey('order-42', app.acme),
    payload: ORDER,
  })
  t.equal(again.statusCode, 201)
  t.equal(again.headers['idempotent-replayed'], 'true')
  t.strictSame(again.json(), {
    ...first.json<EventAnswer>(),
    status: 'delivered',
    delivered_at: '2100-01-01T00:00:01.000Z',
    available_at: null,
  })
  const inbox = await app.inject({ url: '/inbox', headers: app.acme.consumer })
  t.strictSame(inbox.json(), [])
})

t.test('a key counts for its window and is free again after it', async (t) => {
  const app = await buildTestApp(t)
  app.clock.set('2100-01-01T00:00:00.000Z')
  const create = () =>
    app.inject({
      method: 'POST',
      url: '/events',
      headers: withKey('order-42', app.acme),
      payload: ORDER,
    })
  const first = await create()
  app.clock.advance(IDEMPOTENCY_WINDOW_MS - 1)
  const replay = await create()
  t.equal(replay.headers['idempotent-replayed'], 'true')
  t.strictSame(replay.json(), first.json())

  app.clock.advance(1)
  const anew = await create()
  t.equal(anew.statusCode, 201)
  t.equal(anew.headers['idempotent-replayed'], undefined)
  t.not(anew.json<EventAnswer>().event_id, first.json<EventAnswer>().event_id)

  const other = await app.inject({
    method: 'POST',
    url: '/events',
    headers: withKey('order-42', app.acme),
    payload: { ...ORDER, payload: {} },
  })
  t.equal(other.statusCode, 422, 'the window of the second event has begun')
})

/** Lets the key record through and fails so many writes of events after it. */
function dieBeforeTheEvent(failures: number) {
  let left = failures
  return (dynamodb: DynamoDB): DynamoDB => ({
    ...dynamodb,
    async putItem(input, signal) {
      if (input.Item?.['pk']?.S?.startsWith('e#') && left-- > 0) throw storeUnavailable()
      return dynamodb.putItem(input, signal)
    },
  })
}

t.test('a retry finishes what died between the key record and the event', async (t) => {
  const app = await buildTestApp(t, { intercept: dieBeforeTheEvent(1) })
  const died = await app.inject({
    method: 'POST',
    url: '/events',
    headers: withKey('order-42', app.acme),
    payload: ORDER,
  })
  t.equal(died.statusCode, 503)
  t.strictSame(await listAll(app), [])

  const retried = await app.inject({
    method: 'POST',
    url: '/events',
    headers: withKey('order-42', app.acme),
    payload: ORDER,
  })
  t.equal(retried.statusCode, 201)
  t.strictSame(retried.json<EventAnswer>().payload, ORDER.payload)
  const inbox = await app.inject({ url: '/inbox', headers: app.acme.consumer })
  t.strictSame(inbox.json(), [retried.json()])

  const again = await app.inject({
    method: 'POST',
    url: '/events',
    headers: withKey('order-42', app.acme),
    payload: ORDER,
  })
  t.strictSame(again.json(), retried.json())
  t.equal((await listAll(app)).length, 1)
})

t.test('20 retries at once finish one event', async (t) => {
  const app = await buildTestApp(t, { intercept: dieBeforeTheEvent(3) })
  const create = () =>
    app.inject({
      method: 'POST',
      url: '/events',
      headers: withKey('order-42', app.acme),
      payload: ORDER,
    })
  t.equal((await create()).statusCode, 503)
  const responses = await Promise.all(Array.from({ length: 20 }, create))
  t.strictSame(responses.map((response) => response.statusCode).toSorted(), [
    ...Array<number>(18).fill(201),
    503,
    503,
  ])
  const bodies = responses.filter((response) => response.statusCode === 201).map((response) => response.body)
  t.equal(new Set(bodies).size, 1)
  t.equal((await listAll(app)).length, 1)
})

t.test('without a key every request makes an event', async (t) => {
  const app = await buildTestApp(t)
  for (let n = 0; n < 3; n++) {
    const response = await app.inject({
      method: 'POST',
      url: '/events',
      headers: app.acme.producer,
      payload: ORDER,
    })
    t.equal(response.statusCode, 201)
    t.equal(response.headers['idempotent-replayed'], undefined)
  }
  t.equal((await listAll(app)).length, 3)
})
