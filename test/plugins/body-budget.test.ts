import fastify from 'fastify'
import { once } from 'node:events'
import { connect, type AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { registerBodyBudget } from '../../src/plugins/body-budget.ts'
import { registerRoute } from '../../src/plugins/route.ts'

t.test(
  'bodies on their way are bounded in the process and for each tenant, until they are there or given up',
  async (t) => {
    const app = fastify({ bodyLimit: 100 })
    registerRoute(app)
    t.teardown(() => app.close())
    app.addHook('onRequest', async (request) => {
      const tenant = { name: String(request.headers['x-tenant']), shards: 1, read_shards: 1 }
      request.principal = { key_id: 'k', scopes: [], tenant, rate_limit: null }
    })
    let refused = 0
    const recorder = { count: () => refused++, observe: () => undefined, gauge: () => undefined }
    registerBodyBudget(app, { recorder, maxBytes: 250, maxBytesPerTenant: 150 })
    app.post('/', async () => 'served')
    await app.listen({ host: '127.0.0.1', port: 0 })
    const { port } = app.server.address() as AddressInfo

    const post = (tenant: string, length: number) =>
      app.inject({
        method: 'POST',
        url: '/',
        headers: { 'x-tenant': tenant, 'content-type': 'text/plain' },
        payload: 'x'.repeat(length),
      })
    const isServed = async (tenant: string, length: number) => (await post(tenant, length)).statusCode === 200
    const sendHalf = async (tenant: string, framing: string) => {
      const socket = connect({ host: '127.0.0.1', port })
      socket.on('error', () => undefined)
      socket.write(
        `POST / HTTP/1.1\r\nHost: a\r\nX-Tenant: ${tenant}\r\nContent-Type: text/plain\r\n${framing}\r\n\r\n5\r\n`,
      )
      await delay(100)
      return socket
    }

    for (let n = 0; n < 10; n++) t.ok(await isServed('a', 100), 'what is there is forgotten')
    const one = await sendHalf('a', 'Content-Length: 100')
    t.notOk(await isServed('a', 60), 'this tenant has too much on its way')
    t.ok(await isServed('a', 50))
    t.ok(await isServed('b', 100))
    const two = await sendHalf('b', 'Transfer-Encoding: chunked')
    t.notOk(await isServed('c', 60), 'all together have')
    t.ok(await isServed('c', 50))
    t.equal((await post('c', 101)).statusCode, 413, 'too large is too large')
    t.equal(refused, 2)
    for (const socket of [one, two]) {
      socket.destroy()
      await once(socket, 'close')
    }
    await delay(100)
    for (const tenant of ['a', 'b', 'c']) t.ok(await isServed(tenant, 100), 'given up')
  },
)
