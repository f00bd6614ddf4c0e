import t from 'tap'
import type { EventAnswer } from '../../src/schemas/event.ts'
import { buildTestApp, givenAcknowledged, givenEvent, type TestApp } from '../support/app.ts'
import { sendRaw } from '../support/raw-http.ts'

const auditOf = (app: TestApp) => app.logs.filter((line) => line['audit'] !== undefined)

const keyIdOf = ({ authorization }: { authorization: string }) => authorization.split('_')[1]

t.test('an acknowledged event is delivered, and out of the inbox', async (t) => {
  const app = await buildTestApp(t)
  app.clock.set('2100-01-01T00:00:00.000Z')
  const event = await givenEvent(app)
  app.clock.advance(1_234)

  const response = await app.inject({
    method: 'POST',
    url: `/events/${event.event_id}/acknowledge`,
    headers: app.acme.consumer,
  })
  t.equal(response.statusCode, 204)
  t.equal(response.body, '')

  const inbox = await app.inject({ url: '/inbox', headers: app.acme.consumer })
  t.strictSame(inbox.json(), [])
  const found = await app.inject({ url: `/events/${event.event_id}`, headers: app.acme.consumer })
  t.equal(found.statusCode, 200)
  t.strictSame(found.json(), {
    ...event,
    status: 'delivered',
    delivered_at: '2100-01-01T00:00:01.234Z',
    available_at: null,
  })
})

t.test('repeating it is 204 again, and delivered_at keeps its first value', async (t) => {
  const app = await buildTestApp(t)
  app.clock.set('2100-01-01T00:00:00.000Z')
  const event = await givenEvent(app)
  for (const { authorization } of [app.acme.consumer, app.acme.admin, app.acme.consumer]) {
    const response = await app.inject({
      method: 'POST',
      url: `/events/${event.event_id}/acknowledge`,
      headers: { authorization },
    })
    t.equal(response.statusCode, 204)
    app.clock.advance(60_000)
  }
  const found = await app.inject({ url: `/events/${event.event_id}`, headers: app.acme.consumer })
  t.equal(found.json<EventAnswer>().delivered_at, '2100-01-01T00:00:00.000Z')
})

t.test('20 at once are 204 each', async (t) => {
  const app = await buildTestApp(t)
  const { event_id } = await givenEvent(app)
  const responses = await Promise.all(
    Array.from({ length: 20 }, () =>
      app.inject({ method: 'POST', url: `/events/${event_id}/acknowledge`, headers: app.acme.consumer }),
    ),
  )
  t.strictSame([...new Set(responses.map((response) => response.statusCode))], [204])
})

t.test('an audit line says each time who acknowledged what', async (t) => {
  const app = await buildTestApp(t)
  app.clock.set('2100-01-01T00:00:00.000Z')
  const { event_id } = await givenEvent(app, { event_type: 'order.paid' })
  for (const { authorization } of [app.acme.consumer, app.acme.admin]) {
    app.clock.advance(1)
    await app.inject({
      method: 'POST',
      url: `/events/${event_id}/acknowledge`,
      headers: { authorization, 'x-request-id': 'audited' },
    })
  }
  const line = {
    level: 30,
    request_id: 'audited',
    audit: 'acknowledge',
    event_id,
    event_type: 'order.paid',
    msg: 'audit',
  }
  t.strictSame(auditOf(app), [
    { ...line, key_id: keyIdOf(app.acme.consumer), repeated: false },
    { ...line, key_id: keyIdOf(app.acme.admin), repeated: true },
  ])
})

t.test('what is refused or not found leaves no audit line', async (t) => {
  const app = await buildTestApp(t)
  const foreign = await givenEvent(app, {}, app.globex)
  for (const [event_id, { authorization }, status] of [
    [foreign.event_id, app.acme.consumer, 404],
    [foreign.event_id, app.globex.producer, 403],
    [foreign.event_id, { authorization: 'Bearer none' }, 401],
  ] as const) {
    const response = await app.inject({
      method: 'POST',
      url: `/events/${event_id}/acknowledge`,
      headers: { authorization },
    })
    t.equal(response.statusCode, status)
  }
  t.strictSame(auditOf(app), [])
  const inbox = await app.inject({ url: '/inbox', headers: app.globex.consumer })
  t.strictSame(inbox.json(), [foreign])
})

t.test('unknown, foreign and malformed ids are the same 404', async (t) => {
  const app = await buildTestApp(t)
  const { event_id } = await givenEvent(app)
  const foreign = await givenEvent(app, {}, app.globex)
  const others = [
    foreign.event_id,
    `evt_${'0'.repeat(26)}`,
    `${event_id.slice(0, -1)}z`,
    'evt_abc123xyz456',
    'undefined',
    '%00',
    'x'.repeat(150),
  ]
  for (const id of others) {
    const response = await app.inject({
      method: 'POST',
      url: `/events/${id}/acknowledge`,
      headers: { ...app.acme.consumer, 'x-request-id': 'same' },
    })
    t.equal(response.statusCode, 404, id)
    t.equal(response.body, '{"error":"not_found","message":"There is no such event.","request_id":"same"}')
  }
})

t.test('no body, an empty one and an empty object are taken, under any type or none', async (t) => {
  const app = await buildTestApp(t)
  const { event_id } = await givenEvent(app)
  const types = [
    undefined,
    'application/json',
    'text/plain',
    'application/x-www-form-urlencoded',
    'no type',
    '',
  ]
  for (const type of types) {
    for (const payload of [undefined, '']) {
      const response = await app.inject({
        method: 'POST',
        url: `/events/${event_id}/acknowledge`,
        headers: { ...app.acme.consumer, ...(type === undefined ? {} : { 'content-type': type }) },
        ...(payload === undefined ? {} : { payload }),
      })
      t.equal(response.statusCode, 204, `type: ${type ?? 'none'}`)
    }
  }
  for (const payload of ['{}', ' { } ', 'null']) {
    const response = await app.inject({
      method: 'POST',
      url: `/events/${event_id}/acknowledge`,
      headers: { ...app.acme.consumer, 'content-type': 'application/json' },
      payload,
    })
    t.equal(response.statusCode, 204, payload)
  }
})

for (const [title, headers] of [
  ['no type', ''],
  ['the type of JSON', 'Content-Type: application/json\r\n'],
  ['another type', 'Content-Type: text/plain; charset=utf-8\r\n'],
  ['a malformed type', 'Content-Type: no type at all\r\n'],
  ['an empty type', 'Content-Type:\r\n'],
] as const) {
  t.test(`a chunked body that turns out empty is taken under ${title}`, async (t) => {
    const app = await buildTestApp(t)
    const port = await app.listen()
    const { event_id } = await givenEvent(app)
    const url = `/events/${event_id}/acknowledge`
    const response = await sendRaw(
      port,
      `POST ${url} HTTP/1.1\r\nHost: any\r\nAuthorization: ${app.acme.consumer.authorization}\r\n` +
        `${headers}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n`,
      { method: 'POST', url },
    )
    t.equal(response.status, 204)
  })
}

t.test('any other body is refused, and changes nothing', async (t) => {
  const app = await buildTestApp(t)
  const event = await givenEvent(app)
  const unknown = (field: string) => ({ field, message: 'is not known here', code: 'unknown' })
  const type = { field: 'body', message: 'must be object or null', code: 'type' }
  const cases: [body: string, details: object[]][] = [
    ['{"by":"x","at":1}', [unknown('by'), unknown('at')]],
    ['[]', [type]],
    ['"text"', [type]],
    ['true', [type]],
    ['0', [type]],
    ['{', [{ field: 'body', message: 'is not valid JSON', code: 'invalid_json' }]],
    [
      '{"__proto__":1}',
      [
        { field: '__proto__', message: 'is a name that cannot be kept', code: 'forbidden_name' },
        unknown('__proto__'),
      ],
    ],
  ]
  for (const [payload, details] of cases) {
    const response = await app.inject({
      method: 'POST',
      url: `/events/${event.event_id}/acknowledge`,
      headers: { ...app.acme.consumer, 'content-type': 'application/json' },
      payload,
    })
    t.equal(response.statusCode, 400, payload)
    t.strictSame(response.json(), {
      error: 'invalid_request',
      message:
        details.length === 1
          ? 'The request has an invalid field.'
          : `The request has ${details.length} invalid fields.`,
      details,
      request_id: response.headers['x-request-id'],
    })
  }
  const inbox = await app.inject({ url: '/inbox', headers: app.acme.consumer })
  t.strictSame(inbox.json(), [event])
})

t.test('a body of another type, malformed or not, is refused', async (t) => {
  const app = await buildTestApp(t)
  const event = await givenEvent(app)
  for (const type of ['text/plain', 'no type at all', 'application/jsonx', '']) {
    const response = await app.inject({
      method: 'POST',
      url: `/events/${event.event_id}/acknowledge`,
      headers: { ...app.acme.consumer, 'content-type': type },
      payload: '{}',
    })
    t.equal(response.statusCode, 415, type)
    t.strictSame(response.json(), {
      error: 'unsupported_media_type',
      message: 'Bodies are taken as Content-Type: application/json.',
      request_id: response.headers['x-request-id'],
    })
  }
  const inbox = await app.inject({ url: '/inbox', headers: app.acme.consumer })
  t.strictSame(inbox.json(), [event])
})

t.test('query parameters are refused', async (t) => {
  const app = await buildTestApp(t)
  const { event_id } = await givenEvent(app)
  const response = await app.inject({
    method: 'POST',
    url: `/events/${event_id}/acknowledge?force=1`,
    headers: app.acme.consumer,
  })
  t.equal(response.statusCode, 400)
  t.strictSame(response.json(), {
    error: 'invalid_request',
    message: 'The request has an invalid field.',
    details: [{ field: 'force', message: 'is not known here', code: 'unknown' }],
    request_id: response.headers['x-request-id'],
  })
})

t.test('an acknowledged event is in no inbox, whatever the filter', async (t) => {
  const app = await buildTestApp(t)
  const [first, second] = [await givenEvent(app), await givenEvent(app)]
  await givenAcknowledged(app, first)
  for (const url of ['/inbox', '/inbox?event_type=order.created', '/inbox?limit=1']) {
    const response = await app.inject({ url, headers: app.acme.consumer })
    t.strictSame(response.json(), [second], url)
    t.equal(response.headers['link'], undefined, url)
  }
})
