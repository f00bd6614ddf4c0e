import fastify from 'fastify'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { registerRefusals } from '../../src/plugins/refusals.ts'

/** A busy app that answers with the status in its path, at a time that stands still until it is moved. */
async function given(t: Test) {
  const state = { now: 0, held: 0 }
  const eventLoop = { utilization: 1 }
  const app = fastify()
  t.teardown(() => app.close())
  app.decorateRequest('slot')
  app.decorateRequest('isLongPoll', false)
  app.addHook('onResponse', async (request) => {
    if (request.isLongPoll) state.held++
  })
  registerRefusals(app, { eventLoop, now: () => state.now })
  app.get('/:status', async ({ params }, reply) =>
    reply.code(Number((params as { status: string }).status)).send('x'),
  )
  await app.ready()
  let answered = 0
  const ask = (status: number, count: number) =>
    Array.from({ length: count }, async () => {
      const response = await app.inject({ url: `/${status}` })
      answered++
      return response.statusCode
    })
  return { state, eventLoop, ask, answered: () => answered }
}

t.test(
  'the first refusals go out at once; many are held, a second at most; the rest of the answers never',
  async (t) => {
    const { state, ask, answered } = await given(t)
    const refusals = [...ask(429, 150), ...ask(503, 150)]
    await delay(100)
    t.equal(answered(), 100)
    t.strictSame(
      new Set(await Promise.all([...ask(200, 50), ...ask(401, 50), ...ask(500, 50)])),
      new Set([200, 401, 500]),
    )
    t.equal(answered(), 250)

    state.now += 100
    await delay(100)
    t.equal(answered(), 300, 'fifty more in 100 ms')
    state.now += 899
    await delay(100)
    t.equal(answered(), 400, 'no more than can have been saved')
    state.now += 1
    await Promise.all(refusals)
    t.equal(state.held, 200, 'whose durations say nothing about the service')
    state.now += 1_000
    await Promise.all(ask(503, 100))
    t.equal(state.held, 200, 'and all is as before')
  },
)

t.test('when very many are held, the next ones are answered at once', async (t) => {
  const { state, ask, answered } = await given(t)
  const refusals = ask(503, 5_300)
  while (answered() < 300) await delay(10)
  await delay(50)
  t.equal(answered(), 300)
  state.now += 1_000
  await Promise.all(refusals)
})

t.test('while there is time to spare, no refusal is held', async (t) => {
  const { state, eventLoop, ask } = await given(t)
  eventLoop.utilization = 0.79
  await Promise.all(ask(429, 1_000))
  t.equal(state.held, 0)
})
