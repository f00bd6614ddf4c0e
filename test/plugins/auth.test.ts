import fastify from 'fastify'
import t from 'tap'
import { ROLES, SCOPES, type Scope } from '../../src/domain/access.ts'
import { createKey, revokeKey } from '../../src/domain/key-management.ts'
import type { DynamoDB } from '../../src/dynamodb/client.ts'
import { storeUnavailable } from '../../src/errors.ts'
import { registerAuth } from '../../src/plugins/auth.ts'
import { registerRoute } from '../../src/plugins/route.ts'
import { buildTestApp, givenEvent, pathOf, type TestApp } from '../support/app.ts'
import { sendRaw } from '../support/raw-http.ts'

const PUBLIC = /^\/(health|ready|openapi\.json|docs.*)$/

const NO_KEY = { error: 'unauthorized', message: 'A key is needed: Authorization: Bearer <key>.' }
const BAD_KEY = { error: 'unauthorized', message: 'The key is not valid.' }

t.test('every route but the public ones answers 401 without a key', async (t) => {
  const app = await buildTestApp(t)
  const authenticated = app.routes.filter((route) => !PUBLIC.test(route.pattern))
  for (const pattern of ['/events', '/events/:event_id', '/events/:event_id/acknowledge', '/inbox']) {
    t.ok(
      authenticated.some((route) => route.pattern === pattern),
      pattern,
    )
  }
  for (const route of authenticated) {
    for (const method of route.methods) {
      const response = await app.inject({ method, url: pathOf(route) })
      const name = `${method} ${route.pattern}`
      t.equal(response.statusCode, 401, name)
      t.equal(response.headers['www-authenticate'], 'Bearer', name)
      if (method === 'HEAD') continue
      t.strictSame(response.json(), { ...NO_KEY, request_id: response.headers['x-request-id'] }, name)
    }
  }
})

t.test('whatever is no valid key is 401', async (t) => {
  const app = await buildTestApp(t)
  const { authorization } = app.acme.producer
  const token = authorization.slice('Bearer '.length)
  const [, keyId = '', secret = ''] = token.split('_')
  const other = app.globex.producer.authorization.split('_')[2] ?? ''
  const flipped = secret.slice(0, -1) + (secret.endsWith('0') ? '1' : '0')
  const cases: [title: string, authorization: string, body: object][] = [
    ['an empty header', '', NO_KEY],
    ['another scheme', `Basic ${token}`, BAD_KEY],
    ['no scheme', token, BAD_KEY],
    ['no token', 'Bearer', BAD_KEY],
    ['an empty token', 'Bearer ', BAD_KEY],
    ['no token of ours', 'Bearer nonsense', BAD_KEY],
    ['only the key id', `Bearer trg_${keyId}`, BAD_KEY],
    ['another secret', `Bearer trg_${keyId}_${flipped}`, BAD_KEY],
    ['the secret of another key', `Bearer trg_${keyId}_${other}`, BAD_KEY],
    ['an unknown key id', `Bearer trg_${'0'.repeat(16)}_${secret}`, BAD_KEY],
    ['upper case', `Bearer ${token.toUpperCase()}`, BAD_KEY],
    ['more after it', `${authorization}0`, BAD_KEY],
    ['two tokens', `${authorization}, ${authorization}`, BAD_KEY],
    ['10 kB', `Bearer trg_${keyId}_${'0'.repeat(10_000)}`, BAD_KEY],
  ]
  for (const [title, header, body] of cases) {
    const response = await app.inject({ url: '/events', headers: { authorization: header } })
    t.equal(response.statusCode, 401, title)
    t.equal(response.headers['www-authenticate'], 'Bearer', title)
    t.strictSame(response.json(), { ...body, request_id: response.headers['x-request-id'] }, title)
  }
})

t.test('two keys are none, even if one of them or both would do', async (t) => {
  const app = await buildTestApp(t)
  const port = await app.listen()
  const { authorization } = app.acme.producer
  for (const other of [authorization, 'Bearer nonsense', app.globex.producer.authorization]) {
    for (const [first, second] of [
      [authorization, other],
      [other, authorization],
    ]) {
      const response = await sendRaw(
        port,
        `GET /events HTTP/1.1\r\nHost: any\r\nConnection: close\r\nAuthorization: ${first}\r\nAuthorization: ${second}\r\n\r\n`,
        { method: 'GET', url: '/events' },
      )
      t.equal(response.status, 401)
    }
  }
})

t.test('the scheme is taken in any case', async (t) => {
  const app = await buildTestApp(t)
  for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
    const response = await app.inject({
      url: '/events',
      headers: { authorization: app.acme.producer.authorization.replace('Bearer', scheme) },
    })
    t.equal(response.statusCode, 200, scheme)
  }
})

/** Requests that are wrong in every way but their path. */
const WRONG: [title: string, request: Parameters<TestApp['inject']>[0]][] = [
  ['an unknown id', { url: '/events/evt_x' }],
  ['a query that is refused', { url: '/events?limit=0&x=1' }],
  ['a cursor that is none', { url: '/inbox?cursor=x' }],
  ['a body that is refused', { method: 'POST', url: '/events', payload: { event_type: '' } }],
  ['a body too large', { method: 'POST', url: '/events', payload: { a: 'x'.repeat(300_000) } }],
  [
    'no JSON',
    { method: 'POST', url: '/events', payload: '{', headers: { 'content-type': 'application/json' } },
  ],
  [
    'another type',
    { method: 'POST', url: '/events', payload: 'a', headers: { 'content-type': 'text/plain' } },
  ],
  ['a malformed type', { method: 'POST', url: '/events', payload: 'a', headers: { 'content-type': 'a b' } }],
  ['a bad Idempotency-Key', { method: 'POST', url: '/events', headers: { 'idempotency-key': ' ' } }],
  ['nothing to acknowledge', { method: 'POST', url: '/events/x/acknowledge', payload: { a: 1 } }],
]

t.test('401 comes before anything else that is wrong', async (t) => {
  const app = await buildTestApp(t)
  for (const [title, request] of WRONG) {
    const response = await app.inject(request)
    t.equal(response.statusCode, 401, title)
    t.strictSame(response.json(), { ...NO_KEY, request_id: response.headers['x-request-id'] }, title)
  }
})

t.test('401 comes before what a Content-Encoding is answered', async (t) => {
  const app = await buildTestApp(t)
  const response = await app.inject({
    method: 'POST',
    url: '/events',
    headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
    payload: '{}',
  })
  t.equal(response.statusCode, 401)
})

t.test('403 comes before anything else but 401, and depends on no id', async (t) => {
  const app = await buildTestApp(t)
  const { token } = await createKey(app.access, app.clock.now, {
    tenant: app.acme.name,
    scopes: ['admin'],
    name: 'no scope of these routes',
    valid_until: null,
  })
  const { event_id } = await givenEvent(app)
  const foreign = await givenEvent(app, {}, app.globex)
  const own: typeof WRONG = [event_id, foreign.event_id].flatMap((id) => [
    ['an id that exists', { url: `/events/${id}` }],
    ['an id that exists', { method: 'POST', url: `/events/${id}/acknowledge` }],
  ])
  for (const [title, request] of [...WRONG, ...own]) {
    const response = await app.inject({
      ...request,
      headers: { ...request.headers, authorization: `Bearer ${token}` },
    })
    t.equal(response.statusCode, 403, title)
    t.equal(response.json<{ error: string }>().error, 'insufficient_scope', title)
  }
})

t.test('unknown paths and methods are told apart before the key is looked at', async (t) => {
  const app = await buildTestApp(t)
  for (const headers of [{}, { authorization: 'Bearer nonsense' }]) {
    t.equal((await app.inject({ url: '/nowhere', headers })).statusCode, 404)
    t.equal((await app.inject({ method: 'PUT', url: '/inbox', headers })).statusCode, 405)
  }
})

t.test('a key that expired or was revoked is 401, as if it never was', async (t) => {
  const app = await buildTestApp(t)
  app.clock.set('2100-01-01T00:00:00.000Z')
  const wanted = { tenant: app.acme.name, scopes: ROLES.producer, name: null }
  const expiring = await createKey(app.access, app.clock.now, {
    ...wanted,
    valid_until: app.clock.now() + 5_000,
  })
  const revoked = await createKey(app.access, app.clock.now, { ...wanted, valid_until: null })
  const statusWith = async ({ token }: { token: string }) =>
    (await app.inject({ url: '/events', headers: { authorization: `Bearer ${token}` } })).statusCode

  t.equal(await statusWith(expiring), 200)
  t.equal(await statusWith(revoked), 200)
  await revokeKey(app.access, app.clock.now, revoked.key.key_id)
  app.clock.advance(4_999)
  t.equal(await statusWith(expiring), 200)
  app.clock.advance(1)
  t.equal(await statusWith(expiring), 401)
  app.clock.advance(60_000)
  t.equal(await statusWith(revoked), 401)
})

t.test('while keys cannot be looked up the answer is 503, never 401', async (t) => {
  const fail = () => Promise.reject(storeUnavailable(new Error('nobody listens')))
  const app = await buildTestApp(t, { intercept: (dynamodb): DynamoDB => ({ ...dynamodb, getItem: fail }) })
  const response = await app.inject({ url: '/events', headers: app.acme.producer })
  t.equal(response.statusCode, 503)
  t.equal(response.headers['retry-after'], '1')
  t.equal(response.headers['www-authenticate'], undefined)
  t.strictSame(response.json(), {
    error: 'unavailable',
    message: 'The event store does not answer now. Try again.',
    request_id: response.headers['x-request-id'],
  })
})

t.test('no log line has a key', async (t) => {
  const app = await buildTestApp(t)
  await app.inject({ url: '/events', headers: app.acme.producer })
  await app.inject({ url: '/inbox', headers: app.acme.producer })
  await app.inject({ url: '/inbox', headers: { authorization: `${app.acme.producer.authorization}0` } })
  const secret = app.acme.producer.authorization.split('_')[2] ?? ''
  t.ok(app.logs.length >= 3)
  t.notOk(JSON.stringify(app.logs).includes(secret))
})

t.test('a route without a scope does not start', async (t) => {
  for (const config of [undefined, {}]) {
    const app = fastify()
    t.teardown(() => app.close())
    app.register(async (scope) => {
      await registerAuth(scope, { authenticator: { authenticate: async () => undefined } })
      scope.get('/forgotten', { ...(config && { config }) }, async () => 'served')
    })
    const start = async () => {
      await app.ready()
    }
    await t.rejects(start, { message: 'The route /forgotten declares no scope: set config.scope' })
  }
})

t.test('a route is served to keys with its scope alone', async (t) => {
  const app = fastify()
  registerRoute(app)
  t.teardown(() => app.close())
  app.register(async (scope) => {
    await registerAuth(scope, {
      authenticator: {
        authenticate: async (token) => ({
          key_id: 'k',
          scopes: [token as Scope],
          tenant: { name: 't', shards: 1, read_shards: 1 },
          rate_limit: null,
        }),
      },
    })
    scope.get('/claimed', { config: { scope: 'inbox:claim' } }, async () => 'served')
  })
  for (const scope of SCOPES) {
    const response = await app.inject({ url: '/claimed', headers: { authorization: `Bearer ${scope}` } })
    // Without the error envelope an AppError is Fastify's 500.
    t.equal(response.statusCode, scope === 'inbox:claim' ? 200 : 500, scope)
  }
})
