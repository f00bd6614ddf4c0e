import { METHODS } from 'node:http'
import t from 'tap'
import { buildTestApp, pathOf, type Route } from '../support/app.ts'
import { sendRaw } from '../support/raw-http.ts'

const methodsIn = ({ headers }: { headers: Record<string, unknown> }) =>
  String(headers['allow']).split(', ').toSorted()

/** The methods that a path has: its own where it has some, else those of its patterns. */
function methodsAt(routes: Route[], path: string): string[] {
  const own = routes.find(({ pattern }) => pattern === path)
  if (own) return own.methods.toSorted()
  const matches = ({ pattern }: Route) =>
    new RegExp(`^${pattern.replaceAll(/:[a-z_]+/g, '[^/]+').replace('*', '.*')}$`).test(path)
  return [...new Set(routes.filter(matches).flatMap((route) => route.methods))].toSorted()
}

t.test('every path answers 405 and Allow to the methods it does not have, without a key', async (t) => {
  const app = await buildTestApp(t)
  const routes = app.routes.filter((route) => route.pattern !== '/docs/')
  const patterns = routes.map((route) => route.pattern)
  for (const pattern of [
    '/events',
    '/events/:event_id',
    '/events/:event_id/acknowledge',
    '/inbox',
    '/health',
  ]) {
    t.ok(patterns.includes(pattern), pattern)
  }
  for (const route of routes) {
    const url = pathOf(route)
    const allowed = methodsAt(routes, url)
    // CONNECT is no request to a path: Node closes its connection.
    for (const method of METHODS.filter((name) => !allowed.includes(name) && name !== 'CONNECT')) {
      // What the router takes for an event id is an unknown one.
      if (url === '/events/batch' && ['GET', 'HEAD'].includes(method)) continue
      const response = await app.inject({ method, url })
      const name = `${method} ${route.pattern}`
      t.equal(response.statusCode, 405, name)
      t.strictSame(methodsIn(response), allowed, name)
      if (method === 'HEAD') continue
      t.strictSame(response.json(), {
        error: 'method_not_allowed',
        message: 'This path does not have this method.',
        request_id: response.headers['x-request-id'],
      })
    }
  }
})

t.test('Allow is complete for /docs/ too, which the router has as a second spelling', async (t) => {
  const app = await buildTestApp(t)
  const response = await app.inject({ method: 'DELETE', url: '/docs/' })
  t.equal(response.statusCode, 405)
  t.strictSame(methodsIn(response), ['GET', 'HEAD'])
})

t.test('Allow has only what the document has for a path, though a pattern matches it too', async (t) => {
  const app = await buildTestApp(t)
  const response = await app.inject({ method: 'PUT', url: '/events/batch' })
  t.equal(response.statusCode, 405)
  t.equal(response.headers['allow'], 'POST')
  const read = await app.inject({ url: '/events/batch', headers: app.acme.admin })
  t.equal(read.statusCode, 404, 'an unknown event id')
})

t.test('405 is the same with a key, with a query, and for escaped paths', async (t) => {
  const app = await buildTestApp(t)
  for (const [method, url, allow] of [
    ['DELETE', '/events', ['GET', 'HEAD', 'POST']],
    ['DELETE', '/events?limit=none', ['GET', 'HEAD', 'POST']],
    ['POST', '/inbox?', ['GET', 'HEAD']],
    ['PUT', '/events/a%2Fb', ['GET', 'HEAD']],
    ['GET', '/events/a%2Fb/acknowledge', ['POST']],
  ] as const) {
    const response = await app.inject({ method, url, headers: app.acme.admin })
    t.equal(response.statusCode, 405, url)
    t.strictSame(methodsIn(response), allow, url)
  }
})

t.test('an escaped path is the same path', async (t) => {
  const app = await buildTestApp(t)
  const found = await app.inject({ url: '/%65vents', headers: app.acme.admin })
  t.equal(found.statusCode, 200)
  const response = await app.inject({ method: 'PUT', url: '/%65vents' })
  t.equal(response.statusCode, 405)
  t.strictSame(methodsIn(response), ['GET', 'HEAD', 'POST'])
})

t.test('a target is told apart as the router reads it: absolute, or with what follows a #', async (t) => {
  const app = await buildTestApp(t)
  const port = await app.listen()
  for (const [method, url, status] of [
    ['GET', 'http://any.example/health', 200],
    ['PUT', 'http://any.example/health', 405],
    ['PUT', '/health#x', 405],
    ['GET', '/health#%zz', 200],
    ['GET', '/nowhere#%zz', 404],
    ['PUT', '/nowhere#%zz', 404],
    ['PUT', 'http://any.example/nowhere?%zz', 404],
  ] as const) {
    const request = `${method} ${url} HTTP/1.1\r\nHost: any\r\nConnection: close\r\n\r\n`
    const path = url.replace('http://any.example', '').replace(/[?#].*/, '')
    const response = await sendRaw(port, request, { method, url: path })
    t.equal(response.status, status, `${method} ${url}`)
  }
})

t.test('405 comes before the body is read, whatever it is', async (t) => {
  const app = await buildTestApp(t)
  const port = await app.listen()
  for (const headers of [
    'Content-Length: 1000000000',
    'Transfer-Encoding: chunked',
    'Content-Encoding: gzip',
  ]) {
    const response = await sendRaw(
      port,
      `PUT /events HTTP/1.1\r\nHost: any\r\nConnection: close\r\nContent-Type: no type\r\n${headers}\r\n\r\n`,
      { method: 'PUT', url: '/events' },
    )
    t.equal(response.status, 405, headers)
  }
})

t.test('methods that Node knows and the router does not are 405 on a real connection too', async (t) => {
  const app = await buildTestApp(t)
  const port = await app.listen()
  for (const method of ['PROPFIND', 'OPTIONS', 'QUERY', 'TRACE', 'M-SEARCH']) {
    const response = await sendRaw(
      port,
      `${method} /inbox HTTP/1.1\r\nHost: any\r\nConnection: close\r\n\r\n`,
      { method, url: '/inbox' },
    )
    t.equal(response.status, 405, method)
    t.equal(response.headers['allow'], 'GET, HEAD', method)
  }
})

t.test('HEAD is GET without a body, and needs the same key', async (t) => {
  const app = await buildTestApp(t)
  for (const [url, headers, status] of [
    ['/health', {}, 200],
    ['/openapi.json', {}, 200],
    ['/events', app.acme.producer, 200],
    ['/inbox', app.acme.consumer, 200],
    ['/inbox', app.acme.producer, 403],
    ['/inbox', {}, 401],
    ['/events/evt_x', app.acme.producer, 404],
  ] as const) {
    const head = await app.inject({ method: 'HEAD', url, headers: { ...headers, 'x-request-id': 'same' } })
    t.equal(head.statusCode, status, url)
    t.equal(head.body, '')
    const get = await app.inject({ url, headers: { ...headers, 'x-request-id': 'same' } })
    t.equal(get.statusCode, status, url)
    t.equal(head.headers['content-length'], get.headers['content-length'], url)
  }
})

t.test('unknown paths are 404 for every method, without a key', async (t) => {
  const app = await buildTestApp(t)
  const urls = [
    '/',
    '/nowhere',
    '/events/x/y',
    '/events/x/acknowledge/',
    '/Events',
    '//events',
    '/inbox/',
    '/health/',
  ]
  for (const url of [...urls, '/.env', '/events;a=b', '*']) {
    for (const method of ['GET', 'POST', 'DELETE', 'OPTIONS', 'PROPFIND'] as const) {
      const response = await app.inject({ method, url })
      t.equal(response.statusCode, 404, `${method} ${url}`)
      t.strictSame(response.json(), {
        error: 'not_found',
        message: 'There is no such path.',
        request_id: response.headers['x-request-id'],
      })
    }
  }
})
