/**
 * Who may do what: every route that is registered against every kind of key. The expectations stand here and nowhere in
 * the code, so that a new route without one fails, and so does one that asks for another scope.
 */
import t from 'tap'
import { ROLES, type Role } from '../../src/domain/access.ts'
import { createKey, revokeKey } from '../../src/domain/key-management.ts'
import type { DynamoDB } from '../../src/dynamodb/client.ts'
import type { Event } from '../../src/schemas/event.ts'
import { buildTestApp, givenEvent, type KeyHeaders, type TestApp } from '../support/app.ts'
import { claim, givenFailed, read, resultsOf } from '../support/queue.ts'

interface Access {
  /** Nobody needs a key, or these roles alone are served. */
  roles: Role[] | 'public'
  body?: (eventId: string) => object
  /** What the event of the request must be for it to be served; pending unless it is said. */
  given?: 'failed'
}

const everyone: Role[] = ['producer', 'consumer', 'admin']
const some = (eventId: string) => ({ lease_id: 'lease_x', event_ids: [eventId] })

const EXPECTED: Record<string, Access> = {
  'GET /health': { roles: 'public' },
  'GET /ready': { roles: 'public' },
  'GET /openapi.json': { roles: 'public' },
  'POST /events': { roles: ['producer', 'admin'], body: () => ({ event_type: 'a', payload: {} }) },
  'POST /events/batch': {
    roles: ['producer', 'admin'],
    body: () => ({ events: [{ event_type: 'a', payload: {} }] }),
  },
  'GET /events': { roles: everyone },
  'GET /events/:event_id': { roles: everyone },
  'POST /events/:event_id/acknowledge': { roles: ['consumer', 'admin'] },
  'POST /events/:event_id/nack': { roles: ['consumer', 'admin'] },
  'POST /events/:event_id/redrive': { roles: ['admin'], given: 'failed' },
  'GET /inbox': { roles: ['consumer', 'admin'] },
  'GET /inbox/stats': { roles: ['consumer', 'admin'] },
  'POST /inbox/claim': { roles: ['consumer', 'admin'] },
  'POST /inbox/extend': { roles: ['consumer', 'admin'], body: some },
  'POST /inbox/release': { roles: ['consumer', 'admin'], body: some },
  'POST /inbox/acknowledge': { roles: ['consumer', 'admin'], body: (eventId) => ({ event_ids: [eventId] }) },
  'POST /inbox/redrive': { roles: ['admin'] },
  'GET /stats': { roles: ['admin'] },
}
/** The page that shows the document, and its files. */
const isDocumentation = (name: string) => /^GET \/docs(\/|$)/.test(name)

const guarded = Object.entries(EXPECTED).filter(([, { roles }]) => roles !== 'public')
const named = guarded.filter(([name]) => name.includes(':event_id'))

/** A request of the route about this event, wrong in nothing. */
function requestOf([name, { body }]: [string, Access], eventId: string) {
  const [method = '', pattern = ''] = name.split(' ')
  const payload = body?.(eventId)
  return {
    method: method as 'GET' | 'POST',
    url: pattern.replace(':event_id', eventId),
    ...(payload === undefined ? {} : { payload }),
  }
}

async function keyOf(app: TestApp, valid_until: number | null = null) {
  const wanted = { tenant: app.acme.name, scopes: ROLES.admin, name: null, valid_until }
  return createKey(app.access, app.clock.now, wanted)
}

const bearer = (token: string): KeyHeaders => ({ authorization: `Bearer ${token}` })

/** Every kind of header that is no key. */
async function givenNoKeys(app: TestApp): Promise<[what: string, headers: Record<string, string>][]> {
  const [expired, revoked, good] = [
    await keyOf(app, app.clock.now() + 1_000),
    await keyOf(app),
    await keyOf(app),
  ]
  await revokeKey(app.access, app.clock.now, revoked.key.key_id)
  app.clock.advance(1_000)
  const [, id = '', secret = ''] = good.token.split('_')
  return [
    ['no header', {}],
    ['an empty header', { authorization: '' }],
    ['another scheme', { authorization: `Basic ${good.token}` }],
    ['no token', bearer('')],
    ['a malformed token', bearer(`trg_${id}`)],
    ['a truncated token', bearer(good.token.slice(0, -1))],
    ['a token with more behind it', bearer(`${good.token}0`)],
    ['8 kB', bearer(`trg_${id}_${'0'.repeat(8_000)}`)],
    ['an unknown key', bearer(`trg_${'0'.repeat(16)}_${secret}`)],
    ['another secret', bearer(`trg_${id}_${secret.split('').reverse().join('')}`)],
    ['a revoked key', bearer(revoked.token)],
    ['an expired key', bearer(expired.token)],
  ]
}

t.test('every route that is registered has its expectation here, and no other has one', async (t) => {
  const app = await buildTestApp(t)
  const names = app.routes.flatMap(({ pattern, methods }) =>
    methods.filter((method) => method !== 'HEAD').map((method) => `${method} ${pattern}`),
  )
  t.strictSame(names.filter((name) => !isDocumentation(name)).toSorted(), Object.keys(EXPECTED).toSorted())
})

t.test('public routes need no key', async (t) => {
  const app = await buildTestApp(t)
  for (const route of Object.entries(EXPECTED).filter(([, { roles }]) => roles === 'public')) {
    t.equal((await app.inject(requestOf(route, ''))).statusCode, 200, route[0])
  }
})

t.test('what is no key is 401 everywhere, with one answer, and does nothing', async (t) => {
  const app = await buildTestApp(t)
  const event = await givenEvent(app)
  const keys = await givenNoKeys(app)
  for (const route of guarded) {
    for (const [what, headers] of keys) {
      const name = `${route[0]} with ${what}`
      const request = { ...requestOf(route, event.event_id), headers: { ...headers, 'x-request-id': 'same' } }
      const response = await app.inject(request)
      t.equal(response.statusCode, 401, name)
      t.equal(response.headers['www-authenticate'], 'Bearer', name)
      const isMissing = (headers['authorization'] ?? '') === ''
      const message = isMissing ? 'A key is needed: Authorization: Bearer <key>.' : 'The key is not valid.'
      t.equal(response.body, JSON.stringify({ error: 'unauthorized', message, request_id: 'same' }), name)
    }
  }
  t.strictSame(await read(app, event), event)
})

t.test('a key elsewhere than in its header is none', async (t) => {
  const app = await buildTestApp(t)
  const { token } = await keyOf(app)
  for (const [name, request] of [
    ['the query', { url: `/events?authorization=Bearer%20${token}&access_token=${token}&key=${token}` }],
    ['a cookie', { url: '/events', headers: { cookie: `authorization=Bearer ${token}; key=${token}` } }],
    [
      'another header',
      { url: '/events', headers: { 'x-api-key': token, 'proxy-authorization': `Bearer ${token}` } },
    ],
    ['the address', { url: '/events', headers: { host: `trg:${token}@any.example` } }],
  ] as const) {
    t.equal((await app.inject(request)).statusCode, 401, name)
  }
})

t.test('each role is served where it may be, and is 403 everywhere else', async (t) => {
  const app = await buildTestApp(t)
  for (const route of guarded) {
    for (const role of everyone) {
      const event = await givenEvent(app)
      if (route[1].given === 'failed') await givenFailed(app, event)
      const before = await read(app, event)
      const response = await app.inject({ ...requestOf(route, event.event_id), headers: app.acme[role] })
      const name = `${route[0]} as ${role}`
      if (route[1].roles.includes(role)) {
        t.ok(response.statusCode < 300, `${name}: ${response.statusCode}`)
        continue
      }
      t.equal(response.statusCode, 403, name)
      t.match(response.json(), { error: 'insufficient_scope' }, name)
      t.strictSame(await read(app, event), before, `${name} changes nothing`)
    }
  }
})

/** Each write has an id of its own, and each extension its place in their order. */
const OWN = [':operation', ':asked_at', ':new_extend_order']
const withoutOwn = (name: string, value: unknown) => (OWN.includes(name) ? {} : value)

/** Notes what the app asks of its table. @returns Also what takes the calls, with `ID` in place of an event's. */
function recordCalls() {
  const calls: string[] = []
  const intercept = (dynamodb: DynamoDB): DynamoDB =>
    Object.fromEntries(
      Object.entries(dynamodb).map(([name, call]) => [
        name,
        (input: object, signal: AbortSignal) => {
          calls.push(`${name} ${JSON.stringify(input, withoutOwn)}`)
          return (call as (input: object, signal: AbortSignal) => unknown)(input, signal)
        },
      ]),
    ) as unknown as DynamoDB
  const taken = (eventId: string) =>
    calls
      .splice(0)
      .map((call) => call.replaceAll(eventId.slice('evt_'.length), 'ID').replaceAll(/lease_\w+/g, 'LEASE'))
  return { intercept, taken }
}

t.test('a foreign id is an unknown one: the same answer, for the same calls to the table', async (t) => {
  const { intercept, taken } = recordCalls()
  const app = await buildTestApp(t, { intercept })
  app.clock.set('2100-01-01T00:00:00.000Z')
  const foreign = await givenEvent(app)
  const unknown = foreign.event_id.replace(/^evt_.{10}/, 'evt_01jd8x5q3v')
  // Known from now on, so that no look-up of the key comes between.
  await app.inject({ url: '/events', headers: app.globex.admin })
  taken('')
  for (const route of named) {
    const answers = []
    for (const id of [foreign.event_id, unknown]) {
      const headers = { ...app.globex.admin, 'x-request-id': 'same' }
      const { statusCode, headers: answered, body } = await app.inject({ ...requestOf(route, id), headers })
      const others = Object.entries(answered).filter(([name]) => name !== 'date')
      answers.push({ statusCode, others, body, calls: taken(id) })
    }
    t.equal(answers[0]?.statusCode, 404, route[0])
    t.ok((answers[0]?.calls.length ?? 0) > 0, `${route[0]} asks the table`)
    t.strictSame(answers[0], answers[1], route[0])
  }
  t.strictSame(await read(app, foreign), foreign, 'and nothing happened to the event')
})

t.test('a batch of foreign ids is one of unknown ids, under a foreign lease too', async (t) => {
  const { intercept, taken } = recordCalls()
  const app = await buildTestApp(t, { intercept })
  app.clock.set('2100-01-01T00:00:00.000Z')
  await givenEvent(app)
  const { lease_id, events } = await claim(app)
  const [held] = events as [Event]
  const unknown = held.event_id.replace(/^evt_.{10}/, 'evt_01jd8x5q3v')
  await app.inject({ url: '/events', headers: app.globex.admin })
  taken('')
  for (const verb of ['extend', 'release', 'acknowledge']) {
    const answers = []
    for (const [event_id, lease] of [
      [held.event_id, lease_id],
      [unknown, 'lease_unknown'],
    ] as const) {
      const payload = { event_ids: [event_id], lease_id: lease }
      const response = await app.inject({
        method: 'POST',
        url: `/inbox/${verb}`,
        headers: app.globex.admin,
        payload,
      })
      answers.push({ results: resultsOf(response), length: response.body.length, calls: taken(event_id) })
    }
    t.strictSame(answers[0]?.results, ['not_found'], verb)
    t.strictSame(answers[0], answers[1], verb)
  }
  t.strictSame(await read(app, held), held, 'and its holder still has it')
})

t.test('nothing of a tenant shows in lists, inbox, claims or counts of another', async (t) => {
  const app = await buildTestApp(t)
  const marker = 'of-acme-alone'
  const [pending, failed] = [
    await givenEvent(app, { event_type: marker, payload: { marker } }),
    await givenEvent(app, { event_type: marker }),
  ]
  await givenFailed(app, failed)
  const headers = app.globex.admin
  const none = {
    available: 0,
    delayed: 0,
    leased: 0,
    failed: 0,
    oldest_available_age_seconds: null,
    capped: false,
  }
  for (const [request, expected] of [
    [{ url: '/events' }, []],
    [{ url: `/events?event_type=${marker}` }, []],
    [{ url: '/events?status=pending' }, []],
    [{ url: '/events?status=failed' }, []],
    [{ url: '/inbox' }, []],
    [{ url: '/inbox/stats' }, none],
    [
      { method: 'POST', url: '/inbox/claim' },
      { lease_id: null, lease_expires_at: null, events: [] },
    ],
    [
      { method: 'POST', url: '/inbox/redrive' },
      { matched: 0, redriven: 0, next_cursor: null },
    ],
  ] as const) {
    const response = await app.inject({ ...request, headers })
    t.strictSame(response.json(), expected, request.url)
  }
  t.strictSame(await read(app, pending), pending)
  t.equal((await read(app, failed)).status, 'failed')
})

t.test('an idempotency key of one tenant says nothing to another', async (t) => {
  const app = await buildTestApp(t)
  const post = (headers: KeyHeaders, payload: object) =>
    app.inject({
      method: 'POST',
      url: '/events',
      headers: { ...headers, 'idempotency-key': 'same' },
      payload,
    })
  const first = await post(app.acme.producer, { event_type: 'a', payload: { n: 1 } })
  const other = await post(app.globex.producer, { event_type: 'b', payload: { n: 2 } })
  t.equal(other.statusCode, 201, 'neither a replay nor a conflict')
  t.equal(other.headers['idempotent-replayed'], undefined)
  t.not(other.json<Event>().event_id, first.json<Event>().event_id)
  const batch = { events: [{ event_type: 'c', payload: {}, idempotency_key: 'same' }] }
  const theirs = await app.inject({
    method: 'POST',
    url: '/events/batch',
    headers: app.globex.admin,
    payload: batch,
  })
  t.match(theirs.json(), { results: [{ status: 422 }] }, 'their own key, that is')
})

t.test('what the service alone decides cannot be sent', async (t) => {
  const app = await buildTestApp(t)
  const members = [
    'event_id',
    'status',
    'created_at',
    'delivered_at',
    'delivery_attempts',
    'tenant',
    'pk',
    'lease_id',
  ]
  for (const member of [...members, 'available_at', 'expires_at', 'failed_at']) {
    const payload = { event_type: 'a', payload: {}, [member]: 'x' }
    const response = await app.inject({ method: 'POST', url: '/events', headers: app.acme.admin, payload })
    t.equal(response.statusCode, 400, member)
    t.match(response.json(), { details: [{ field: member, code: 'unknown' }] })
  }
  t.strictSame((await app.inject({ url: '/events', headers: app.acme.admin })).json(), [])
})
