import t from 'tap'
import { startFaultProxy } from '../support/fault-proxy.ts'
import { createHttpClient, firstKeys, startService } from '../support/service.ts'
import { openEmbeddedStore } from '../../src/dynamodb/embedded/embedded-store.ts'
import { ROLES } from '../../src/domain/access.ts'
import { createKey } from '../../src/domain/key-management.ts'
import { openTable } from '../support/table.ts'

t.test('SIGTERM under load loses no request', async (t) => {
  const service = await startService(t, { DATA_FOLDER: t.testdir(), SHUTDOWN_SETTLE_MS: '500' })
  const { producer } = await firstKeys(service)
  const call = createHttpClient(t, 20)
  const failures: unknown[] = []
  let served = 0
  let isOver = false
  async function post(): Promise<void> {
    while (!isOver) {
      try {
        const { status, headers } = await call('POST', `${service.url}/events`, producer, {
          event_type: 'a',
          payload: {},
        })
        if (status === 201) served++
        else failures.push(status)
        if (headers.connection === 'close') closings++
      } catch (error) {
        // After it stopped listening there is nothing to connect to; everything else is a lost request.
        if ((error as { code?: string }).code !== 'ECONNREFUSED') failures.push(error)
        isOver = true
      }
    }
  }
  let closings = 0
  const clients = Array.from({ length: 20 }, post)
  while (served < 100) await new Promise((resolve) => setTimeout(resolve, 10))
  t.equal(await service.stop(), 0)
  await Promise.all(clients)
  t.strictSame(failures, [])
  t.ok(closings > 0, 'clients were asked to leave')
})

t.test(
  'requests under way are answered, idle connections do not hold it up, and readiness tells',
  async (t) => {
    const embedded = await openEmbeddedStore({ folder: t.testdir() })
    t.teardown(() => embedded.stop())
    const { table, access } = await openTable(t, embedded.endpoint)
    const { token } = await createKey(access, Date.now, {
      tenant: 'slow',
      scopes: ROLES.producer,
      name: null,
      valid_until: null,
    })
    const proxy = await startFaultProxy({ target: embedded.endpoint })
    t.teardown(() => proxy.stop())
    const service = await startService(t, {
      DYNAMODB_ENDPOINT: proxy.endpoint,
      DYNAMODB_TABLE: table,
      SHUTDOWN_SETTLE_MS: '300',
    })
    const call = createHttpClient(t)
    t.equal((await call('GET', `${service.url}/ready`)).status, 200)
    const body = { event_type: 'a', payload: {} }
    t.equal((await call('POST', `${service.url}/events`, token, body)).status, 201)

    proxy.faults = { latencyMs: 1_000 }
    const answers = Promise.all(
      Array.from({ length: 5 }, () => call('POST', `${service.url}/events`, token, body)),
    )
    await new Promise((resolve) => setTimeout(resolve, 100))
    const startedAt = Date.now()
    const stopped = service.stop()
    await new Promise((resolve) => setTimeout(resolve, 100))
    const ready = await call('GET', `${service.url}/ready`)
    t.equal(ready.status, 503)
    t.match(ready.body, { error: 'unavailable' })
    t.equal((await call('GET', `${service.url}/health`)).status, 200)
    for (const { status } of await answers) t.equal(status, 201)
    t.equal(await stopped, 0)
    t.ok(Date.now() - startedAt < 5_000, 'it ended long before any keep-alive time')
  },
)

t.test('requests that do not end are cut at the deadline of the shutdown', async (t) => {
  const service = await startService(t, { DATA_FOLDER: t.testdir(), SHUTDOWN_TIMEOUT_MS: '300' })
  await firstKeys(service)
  const { connect } = await import('node:net')
  const { hostname, port } = new URL(service.url)
  const socket = connect(Number(port), hostname)
  t.teardown(() => socket.destroy())
  socket.on('error', () => undefined)
  socket.write('POST /events HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n')
  await new Promise((resolve) => setTimeout(resolve, 100))
  const startedAt = Date.now()
  t.equal(await service.stop(), 0)
  t.ok(Date.now() - startedAt < 4_000)
})
