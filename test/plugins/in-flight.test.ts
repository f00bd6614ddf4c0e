import type { InjectOptions } from 'fastify'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { LOAD_CLASSES, type LoadClass } from '../../src/plugins/load-class.ts'
import { watchEventLoop } from '../../src/plugins/event-loop.ts'
import { registerInFlight, registerOverload } from '../../src/plugins/in-flight.ts'
import { registerRoute } from '../../src/plugins/route.ts'
import { Slots } from '../../src/plugins/slots.ts'
import type { DynamoDB } from '../../src/dynamodb/client.ts'
import type { CounterName } from '../../src/metrics/names.ts'
import fastify from 'fastify'
import { buildTestApp, type TestApp } from '../support/app.ts'

const CLASSES = Object.keys(LOAD_CLASSES) as LoadClass[]

/** Holds every call for events back until it is opened; those for keys go through. */
function createGate() {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const state = { underWay: 0, most: 0 }
  const hold =
    <Input, Output>(call: (input: Input, signal: AbortSignal) => Promise<Output>) =>
    async (input: Input, signal: AbortSignal) => {
      if (/"[kt]#/.test(JSON.stringify(input))) return call(input, signal)
      state.most = Math.max(state.most, ++state.underWay)
      await promise
      state.underWay--
      return call(input, signal)
    }
  const intercept = (dynamodb: DynamoDB): DynamoDB => ({
    ...dynamodb,
    getItem: hold(dynamodb.getItem.bind(dynamodb)),
    putItem: hold(dynamodb.putItem.bind(dynamodb)),
    query: hold(dynamodb.query.bind(dynamodb)),
  })
  const open = () => {
    resolve(undefined)
  }
  return { state, intercept, open }
}

/** Counts what is refused. */
function createCounts() {
  const counts: Partial<Record<CounterName, number>> = {}
  const recorder = {
    count: (name: CounterName) => {
      counts[name] = (counts[name] ?? 0) + 1
    },
    observe: () => undefined,
    gauge: () => undefined,
  }
  return { counts, recorder }
}

const create = ({ acme }: TestApp, headers = acme.producer): InjectOptions => ({
  method: 'POST',
  url: '/events',
  headers,
  payload: { event_type: 'a', payload: {} },
})

const statusesOf = (answers: { statusCode: number }[]) => answers.map(({ statusCode }) => statusCode)

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await delay(5)
}

t.test(
  'what is under way is bounded; more is refused at once, lists before creates before acknowledgements',
  async (t) => {
    const gate = createGate()
    const { counts, recorder } = createCounts()
    const app = await buildTestApp(t, { intercept: gate.intercept, limits: { maxInFlight: 20 }, recorder })
    const held = Array.from({ length: 18 }, () => app.inject(create(app)))
    await until(() => gate.state.underWay === 18)

    const refused = await app.inject(create(app, app.globex.producer))
    t.equal(refused.statusCode, 503)
    t.equal(refused.headers['retry-after'], '1')
    t.strictSame(refused.json(), {
      error: 'unavailable',
      message: 'The service has too much to do. Try again.',
      request_id: refused.headers['x-request-id'],
    })
    for (const url of ['/events', '/inbox']) {
      t.equal((await app.inject({ url, headers: app.acme.consumer })).statusCode, 503, url)
    }
    t.equal((await app.inject({ url: '/events' })).statusCode, 503, 'before a key is looked at')
    for (const url of ['/health', '/ready', '/openapi.json'])
      t.equal((await app.inject({ url })).statusCode, 200, url)
    t.equal((await app.inject({ url: '/nothing' })).statusCode, 404)

    // Two more are read by id or acknowledged.
    held.push(app.inject({ url: '/events/evt_01jd8x5q3v7k2m9n4p6r8s0t1w', headers: app.acme.consumer }))
    await until(() => gate.state.underWay === 19)
    t.equal((await app.inject({ url: '/events/evt_x', headers: app.acme.consumer })).statusCode, 503)
    const acknowledge = {
      method: 'POST',
      url: '/events/evt_x/acknowledge',
      headers: app.acme.consumer,
    } as const
    t.equal((await app.inject(acknowledge)).statusCode, 404, 'an acknowledgement is served to the last')
    t.strictSame(counts.RefusedByLoad, 5)

    gate.open()
    t.strictSame(statusesOf(await Promise.all(held)), [...Array<number>(18).fill(201), 404])
    t.equal(gate.state.most, 19)
    t.strictSame(
      statusesOf(await Promise.all(Array.from({ length: 15 }, () => app.inject(create(app))))),
      Array(15).fill(201),
    )
  },
)

t.test('those that come at the very same time are no more than the bound either', async (t) => {
  const gate = createGate()
  const app = await buildTestApp(t, { intercept: gate.intercept, limits: { maxInFlight: 20 } })
  const statuses: number[] = []
  const asked = Array.from({ length: 40 }, async () => {
    statuses.push((await app.inject(create(app))).statusCode)
  })
  await until(() => statuses.length + gate.state.underWay === 40)
  t.strictSame(statuses, Array(22).fill(503))
  gate.open()
  await Promise.all(asked)
  t.equal(statuses.filter((status) => status === 201).length, 18)
  t.equal(gate.state.most, 18)
})

t.test('one tenant cannot take all places', async (t) => {
  const gate = createGate()
  const { counts, recorder } = createCounts()
  const app = await buildTestApp(t, {
    intercept: gate.intercept,
    limits: { maxInFlightPerTenant: 10 },
    recorder,
  })
  const held = Array.from({ length: 9 }, () => app.inject(create(app)))
  await until(() => gate.state.underWay === 9)
  const refused = await app.inject(create(app))
  t.equal(refused.statusCode, 503)
  t.equal(refused.headers['retry-after'], '1')
  t.match(refused.json(), {
    error: 'unavailable',
    message: 'Too many requests of yours are under way. Try again.',
  })
  held.push(app.inject(create(app, app.globex.producer)))
  await until(() => gate.state.underWay === 10)
  gate.open()
  t.strictSame(statusesOf(await Promise.all(held)), Array(10).fill(201))
  t.strictSame(counts.RefusedByTenant, 1)
})

t.test('whoever waits for events takes no place', async (t) => {
  const app = await buildTestApp(t, { limits: { maxInFlight: 4 } })
  const claim = { method: 'POST', url: '/inbox/claim', headers: app.acme.consumer } as const
  const waiting: ReturnType<typeof app.inject>[] = []
  for (let n = 0; n < 12; n++) {
    waiting.push(app.inject({ ...claim, payload: { wait_seconds: 3 } }))
    await delay(50)
  }
  t.equal((await app.inject(claim)).statusCode, 200)
  t.strictSame(statusesOf(await Promise.all(waiting)), Array(12).fill(200))
})

t.test(
  'hanging up does not free a place before the work is done; then it does, pipelined or not',
  async (t) => {
    const gate = createGate()
    const app = await buildTestApp(t, { intercept: gate.intercept, limits: { maxInFlight: 10 } })
    const port = await app.listen()
    const { authorization } = app.acme.consumer
    const get = `GET /events/evt_01jd8x5q3v7k2m9n4p6r8s0t1w HTTP/1.1\r\nHost: any\r\nAuthorization: ${authorization}\r\n\r\n`
    const post =
      `POST /events HTTP/1.1\r\nHost: any\r\nAuthorization: ${app.acme.producer.authorization}\r\n` +
      'Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"event'
    const sockets = [get.repeat(4), get, get, get, get, post, post].map((text) => {
      const socket = connect({ host: '127.0.0.1', port })
      socket.write(text)
      return socket
    })
    await until(() => gate.state.underWay === 8)
    await Promise.all(
      sockets.map(async (socket) => {
        socket.destroy()
        await once(socket, 'close')
      }),
    )
    await delay(200)
    const ask = () => app.inject({ url: '/events/evt_x', headers: { authorization } })
    t.equal((await ask()).statusCode, 404, 'two places of ten are free: their bodies never came')
    t.equal(
      (await app.inject({ url: '/events', headers: { authorization } })).statusCode,
      503,
      'eight are not',
    )
    gate.open()
    await until(() => gate.state.underWay === 0)
    await delay(100)
    t.equal((await app.inject({ url: '/events', headers: { authorization } })).statusCode, 200)
  },
)

/** An app with a route of each class, over an event loop that is as late as it is told to be. */
async function givenLoop(t: Test) {
  const eventLoop = { delayMs: 0 }
  const app = fastify()
  registerRoute(app)
  t.teardown(() => app.close())
  const { recorder } = createCounts()
  registerOverload(app, { maxInFlight: 1_000, maxLoopDelayMs: 100, slots: new Slots(), eventLoop, recorder })
  for (const load of CLASSES) app.get(`/${load}`, { config: { load } }, async () => 'served')
  await app.ready()
  const served = async () => {
    const statuses = await Promise.all(CLASSES.map(async (load) => (await app.inject(`/${load}`)).statusCode))
    return CLASSES.filter((_, at) => statuses[at] === 200)
  }
  return { eventLoop, served }
}

t.test('the later the event loop, the more classes are refused, and acknowledgements last', async (t) => {
  const { eventLoop, served } = await givenLoop(t)
  for (const [ms, classes] of [
    [100, ['list', 'inbox', 'claim', 'create', 'get', 'acknowledge']],
    [101, ['inbox', 'claim', 'create', 'get', 'acknowledge']],
    [151, ['claim', 'create', 'get', 'acknowledge']],
    [201, ['create', 'get', 'acknowledge']],
    [301, ['get', 'acknowledge']],
    [401, ['acknowledge']],
    [601, []],
    [0, CLASSES],
  ] as const) {
    eventLoop.delayMs = ms
    t.strictSame(await served(), classes, `${ms} ms`)
  }
})

t.test('a loop that is blocked for long is seen to be late, and forgotten when it is not', async (t) => {
  const app = fastify()
  t.teardown(() => app.close())
  let skipped = 0
  const eventLoop = watchEventLoop(app, () => performance.now() + skipped)
  // Each time the timer fires it seems to be a second late.
  for (let n = 0; n < 5; n++) {
    skipped += 1_000
    const before = eventLoop.delayMs
    await until(() => eventLoop.delayMs !== before)
  }
  t.ok(eventLoop.delayMs > 400, `${eventLoop.delayMs} ms`)
  await until(() => eventLoop.delayMs < 100)
})

t.test('a loop that has much to do is seen to be busy, and forgotten when it has not', async (t) => {
  const app = fastify()
  t.teardown(() => app.close())
  const eventLoop = watchEventLoop(app, () => performance.now())
  const work = setInterval(() => {
    const until = performance.now() + 40
    while (performance.now() < until);
  }, 1)
  await until(() => eventLoop.utilization > 0.8)
  clearInterval(work)
  await until(() => eventLoop.utilization < 0.5)
})

t.test('a route that declares no class does not start', async (t) => {
  const app = fastify()
  t.teardown(() => app.close())
  const { recorder } = createCounts()
  const limits = { maxInFlight: 1, maxLoopDelayMs: 1 }
  registerOverload(app, { ...limits, slots: new Slots(), eventLoop: { delayMs: 0 }, recorder })
  t.throws(() => app.get('/new', async () => 'x'), {
    message: 'The route /new declares no class of load: set config.load',
  })
})

t.test('a client that does not read its answer is cut', async (t) => {
  const slots = new Slots()
  const app = fastify()
  registerRoute(app)
  t.teardown(() => app.close())
  const { recorder } = createCounts()
  app.addHook('onRequest', async (request) => {
    const tenant = { name: 't', shards: 1, read_shards: 1 }
    request.principal = { key_id: 'k', scopes: [], tenant, rate_limit: null }
  })
  registerInFlight(app, { maxInFlight: 10, maxInFlightPerTenant: 10, slots, recorder })
  app.get('/', { config: { load: 'list' } }, async () => 'x'.repeat(20_000_000))
  await app.listen({ host: '127.0.0.1', port: 0 })
  const socket = connect({ host: '127.0.0.1', port: (app.server.address() as { port: number }).port })
  socket.on('error', () => undefined)
  socket.write('GET / HTTP/1.1\r\nHost: any\r\n\r\n')
  socket.pause()
  await until(() => slots.open.length === 1)
  await delay(200)
  for (const slot of slots.open) slot.cut(performance.now() + 20_000)
  await delay(50)
  t.equal(slots.open.length, 1, 'not before 30 s')
  for (const slot of slots.open) slot.cut(performance.now() + 30_001)
  await until(() => slots.open.length === 0)
  socket.destroy()
})
