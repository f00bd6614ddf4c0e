import fastify from 'fastify'
import t, { type Test } from 'tap'
import { registerErrorEnvelope } from '../../src/plugins/error-envelope.ts'
import { registerRateLimit } from '../../src/plugins/rate-limit.ts'
import { createKey } from '../../src/domain/key-management.ts'
import { ROLES } from '../../src/domain/access.ts'
import { buildTestApp } from '../support/app.ts'

/** An app whose key, and the limit of it, is what the request says; time stands still until it is moved. */
async function given(t: Test, perSecond: number) {
  const state = { now: 1_000, refused: 0 }
  const app = fastify()
  t.teardown(() => app.close())
  registerErrorEnvelope(app)
  app.addHook('onRequest', async (request) => {
    const { key, limit } = request.query as { key: string; limit?: string }
    const tenant = { name: 't', shards: 1, read_shards: 1 }
    request.principal = {
      key_id: key,
      scopes: [],
      tenant,
      rate_limit: limit === undefined ? null : Number(limit),
    }
  })
  const count = () => state.refused++
  const recorder = { count, observe: count, gauge: count }
  registerRateLimit(app, { perSecond, recorder, now: () => state.now })
  app.get('/', async () => 'served')
  const ask = async (query: Record<string, string>) => {
    const { statusCode, headers } = await app.inject({ url: '/', query })
    return { status: statusCode, limit: headers['ratelimit'], policy: headers['ratelimit-policy'], headers }
  }
  return { state, ask }
}

t.test('a key has what it saved in two seconds at once, then its rate; the headers say so', async (t) => {
  const { state, ask } = await given(t, 5)
  for (let n = 1; n <= 10; n++) {
    t.match(await ask({ key: 'a' }), {
      status: 200,
      policy: '"key";q=10;w=2',
      limit: `"key";r=${10 - n};t=${n > 5 ? 2 : 1}`,
    })
  }
  const refused = await ask({ key: 'a' })
  t.match(refused, { status: 429, policy: '"key";q=10;w=2', limit: '"key";r=0;t=1' })
  t.equal(refused.headers['retry-after'], '1')
  t.equal(state.refused, 1)
  t.equal((await ask({ key: 'b' })).status, 200, 'another key has its own')

  state.now += 199
  t.equal((await ask({ key: 'a' })).status, 429)
  state.now += 1
  t.equal((await ask({ key: 'a' })).status, 200)
  t.equal((await ask({ key: 'a' })).status, 429)
  state.now += Number(refused.headers['retry-after']) * 1_000
  t.equal((await ask({ key: 'a' })).status, 200, 'whoever waits as told is served')
})

t.test('a key may have a limit of its own, and another one later', async (t) => {
  const { ask } = await given(t, 1_000)
  t.match(await ask({ key: 'a', limit: '1' }), {
    status: 200,
    policy: '"key";q=2;w=2',
    limit: '"key";r=1;t=1',
  })
  await ask({ key: 'a', limit: '1' })
  t.equal((await ask({ key: 'a', limit: '1' })).status, 429)
  t.match(await ask({ key: 'a', limit: '3' }), {
    status: 200,
    policy: '"key";q=6;w=2',
    limit: '"key";r=5;t=1',
  })
})

t.test('without a limit there is none, and no header', async (t) => {
  const { ask } = await given(t, Infinity)
  for (let n = 0; n < 50; n++)
    t.match(await ask({ key: 'a' }), { status: 200, limit: undefined, policy: undefined })
  t.match(await ask({ key: 'b', limit: '1' }), { status: 200, policy: '"key";q=2;w=2' })
})

t.test('it remembers a bounded number of keys', async (t) => {
  const { ask } = await given(t, 1)
  for (let n = 0; n < 3; n++) await ask({ key: 'first' })
  t.equal((await ask({ key: 'first' })).status, 429)
  for (let n = 0; n < 10_000; n++) await ask({ key: `k${n}` })
  t.equal((await ask({ key: 'first' })).status, 200, 'the longest unused is forgotten')
})

t.test(
  'in the app: per key, on every route with a key and on no other, counted after the key is known',
  async (t) => {
    const app = await buildTestApp(t, { limits: { requestsPerSecond: 1 } })
    const ask = (headers = {}) => app.inject({ url: '/events', headers })
    const answers = await Promise.all(Array.from({ length: 30 }, () => ask(app.acme.producer)))
    const served = answers.filter(({ statusCode }) => statusCode === 200)
    const refused = answers.filter(({ statusCode }) => statusCode === 429)
    t.ok(served.length >= 2 && refused.length >= 10, `${served.length} served, ${refused.length} refused`)
    t.equal(served.length + refused.length, 30)
    for (const response of refused) {
      t.strictSame(response.json(), {
        error: 'rate_limited',
        message: 'The key has made too many requests. Try again.',
        request_id: response.headers['x-request-id'],
      })
    }
    t.equal((await ask(app.acme.consumer)).statusCode, 200)
    t.equal((await ask()).headers['ratelimit'], undefined)
    for (const url of ['/health', '/ready', '/openapi.json', '/docs', '/nothing']) {
      for (let n = 0; n < 5; n++) {
        const { statusCode, headers } = await app.inject({ url, headers: app.acme.producer })
        t.not(statusCode, 429, url)
        t.equal(headers['ratelimit'], undefined, url)
      }
    }
  },
)

t.test('a stored limit counts instead of the default', async (t) => {
  const app = await buildTestApp(t, { limits: { requestsPerSecond: 1 } })
  const wanted = {
    tenant: app.acme.name,
    scopes: ROLES.producer,
    name: null,
    valid_until: null,
    rate_limit: 50,
  }
  const { token } = await createKey(app.access, Date.now, wanted)
  const response = await app.inject({ url: '/events', headers: { authorization: `Bearer ${token}` } })
  t.equal(response.headers['ratelimit-policy'], '"key";q=100;w=2')
})
