import t, { type Test } from 'tap'
import { startFaultProxy } from '../support/fault-proxy.ts'
import { keysOfNewTenant } from '../support/history/tenant.ts'
import { anyEndpoint } from '../support/observed-service.ts'
import { createHttpClient, firstKeys, startService } from '../support/service.ts'
import { openEmbeddedStore } from '../../src/dynamodb/embedded/embedded-store.ts'
import { ROLES } from '../../src/domain/access.ts'
import { createKey } from '../../src/domain/key-management.ts'
import { openTable } from '../support/table.ts'

const ROUNDS = Number(process.env['SHUTDOWN_ROUNDS'] ?? 1)
const CLIENTS = 20
/** Every fourth client waits for events that do not come. */
const REQUESTS = [
  { path: '/events', body: { event_type: 'a', payload: {} }, role: 'producer', good: 201 },
  { path: '/events', body: { event_type: 'a', payload: {} }, role: 'producer', good: 201 },
  { path: '/inbox/acknowledge', body: { event_ids: ['evt_none'] }, role: 'consumer', good: 200 },
  { path: '/inbox/claim', body: { wait_seconds: 2, limit: 1 }, role: 'idle', good: 200 },
] as const

/** Stops a service that is busy. @returns What its clients had to complain about. */
async function stopUnderLoad(
  t: Test,
  environment: Record<string, string>,
  keys: Record<(typeof REQUESTS)[number]['role'], string>,
): Promise<unknown[]> {
  const service = await startService(t, { ...environment, SHUTDOWN_SETTLE_MS: '500' })
  const call = createHttpClient(t, CLIENTS)
  const failures: unknown[] = []
  let served = 0
  let closings = 0
  async function client(n: number): Promise<void> {
    const { path, body, role, good } = REQUESTS[n % REQUESTS.length]!
    for (;;) {
      try {
        const { status, headers } = await call('POST', service.url + path, keys[role], body)
        if (status === good) served++
        else failures.push(status)
        if (headers.connection === 'close') closings++
      } catch (error) {
        // After it stopped listening there is nothing to connect to; everything else is a lost request.
        if ((error as { code?: string }).code !== 'ECONNREFUSED') failures.push(error)
        return
      }
    }
  }
  const clients = Array.from({ length: CLIENTS }, (_, n) => client(n))
  while (served < 100) await new Promise((resolve) => setTimeout(resolve, 10))
  const stoppedAt = Date.now()
  const code = await service.stop()
  if (code !== 0) failures.push(`exit code ${code}`)
  const ms = Date.now() - stoppedAt
  if (ms > 5_000) failures.push(`ended after ${ms} ms`)
  await Promise.all(clients)
  if (closings === 0) failures.push('no client was asked to leave')
  return failures
}

t.test(`SIGTERM under load loses no request, ${ROUNDS} times`, async (t) => {
  t.setTimeout(30_000 + ROUNDS * 15_000)
  const endpoint = await anyEndpoint(t)
  const { table, access } = await openTable(t, endpoint)
  const environment = { DYNAMODB_ENDPOINT: endpoint, DYNAMODB_TABLE: table }
  const busy = await keysOfNewTenant(access)
  const { consumerKey: idle } = await keysOfNewTenant(access)
  const keys = { producer: busy.producerKey, consumer: busy.consumerKey, idle }
  for (let round = 0; round < ROUNDS; round++) t.strictSame(await stopUnderLoad(t, environment, keys), [])
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
