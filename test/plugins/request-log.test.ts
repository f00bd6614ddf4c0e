import t from 'tap'
import { buildTestApp, givenEvent, type TestApp } from '../support/app.ts'

/** The lines of requests, without how long they took and how long they were. */
function requestLines({ logs }: TestApp) {
  return logs
    .filter(({ msg }) => msg === 'request')
    .map(({ duration_ms, bytes, ...line }) => ({
      ...line,
      isMeasured: Number(duration_ms) > 0 && Number(bytes) > 0,
    }))
}

t.test('each request is one line, with its route, its key and its id', async (t) => {
  const app = await buildTestApp(t)
  const { event_id } = await givenEvent(app)
  app.logs.length = 0
  await app.inject({
    url: `/events/${event_id}?x=secret`,
    headers: { ...app.acme.producer, 'x-request-id': 'mine' },
  })
  await app.inject({ url: '/inbox', headers: { 'x-request-id': 'keyless' } })
  await app.inject({ method: 'PUT', url: '/nowhere', headers: { 'x-request-id': 'lost' } })
  t.strictSame(requestLines(app), [
    {
      level: 30,
      request_id: 'mine',
      method: 'GET',
      route: '/events/:event_id',
      status: 400,
      request_bytes: 0,
      tenant: app.acme.name,
      key_id: app.acme.producer.authorization.split('_')[1],
      event_id,
      error: 'invalid_request',
      msg: 'request',
      isMeasured: true,
    },
    {
      level: 30,
      request_id: 'keyless',
      method: 'GET',
      route: '/inbox',
      status: 401,
      request_bytes: 0,
      error: 'unauthorized',
      msg: 'request',
      isMeasured: true,
    },
    {
      level: 30,
      request_id: 'lost',
      method: 'PUT',
      route: 'unmatched',
      status: 404,
      request_bytes: 0,
      error: 'not_found',
      msg: 'request',
      isMeasured: true,
    },
  ])
})

t.test('checks that come every few seconds are logged at debug alone', async (t) => {
  const app = await buildTestApp(t)
  for (const url of ['/health', '/ready', '/openapi.json']) {
    app.logs.length = 0
    await app.inject({ url })
    t.strictSame(
      requestLines(app).map(({ level }) => level),
      [20],
      url,
    )
  }
})

t.test('no line has anything of a payload', async (t) => {
  const app = await buildTestApp(t)
  const secret = 'the-client-s-own-business'
  await givenEvent(app, { payload: { secret }, metadata: { secret } })
  await app.inject({
    method: 'POST',
    url: '/events',
    headers: app.acme.producer,
    payload: { event_type: secret.repeat(10), payload: { secret }, [secret]: secret },
  })
  await app.inject({ url: '/inbox', headers: app.acme.consumer })
  t.ok(app.logs.length >= 3)
  t.notOk(JSON.stringify(app.logs).includes(secret))
})
