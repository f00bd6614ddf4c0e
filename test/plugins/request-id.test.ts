import t from 'tap'
import { buildTestApp } from '../support/app.ts'
import { sendRaw } from '../support/raw-http.ts'

const OURS = /^req_[0-9a-f]{16}$/

t.test('a well-formed X-Request-Id is taken over, on every kind of answer', async (t) => {
  const app = await buildTestApp(t)
  for (const given of ['a', '0', 'A.b_c-9', 'x'.repeat(128), '..', '-']) {
    for (const [url, headers, status] of [
      ['/health', {}, 200],
      ['/events', app.acme.producer, 200],
      ['/events?limit=0', app.acme.producer, 400],
      ['/events', {}, 401],
      ['/inbox', app.acme.producer, 403],
      ['/nowhere', {}, 404],
      ['/events/%zz', {}, 400],
      ['/docs', {}, 200],
    ] as const) {
      const response = await app.inject({ url, headers: { ...headers, 'x-request-id': given } })
      t.equal(response.statusCode, status, url)
      t.equal(response.headers['x-request-id'], given, url)
      // That error bodies have it as well is checked for every answer (support/openapi-responses.ts).
    }
  }
})

t.test('any other X-Request-Id is replaced by one of ours', async (t) => {
  const app = await buildTestApp(t)
  for (const given of ['', ' ', 'a b', 'a/b', 'a,b', 'a:b', 'ä', 'a\t', '"a"', '<b>', 'x'.repeat(129)]) {
    const response = await app.inject({ url: '/nowhere', headers: { 'x-request-id': given } })
    t.equal(response.statusCode, 404)
    t.match(response.headers['x-request-id'], OURS, given)
  }
})

t.test('without one each answer has its own', async (t) => {
  const app = await buildTestApp(t)
  const ids = new Set<unknown>()
  for (let n = 0; n < 50; n++) ids.add((await app.inject({ url: '/health' })).headers['x-request-id'])
  t.equal(ids.size, 50)
})

t.test('two X-Request-Id headers are none', async (t) => {
  const app = await buildTestApp(t)
  const port = await app.listen()
  const response = await sendRaw(
    port,
    'GET /health HTTP/1.1\r\nHost: any\r\nX-Request-Id: a\r\nX-Request-Id: b\r\nConnection: close\r\n\r\n',
    { method: 'GET', url: '/health' },
  )
  t.equal(response.status, 200)
  t.match(response.headers['x-request-id'], OURS)
})
