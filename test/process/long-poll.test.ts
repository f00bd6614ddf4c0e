import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { ROLES } from '../../src/domain/access.ts'
import { createKey } from '../../src/domain/key-management.ts'
import { openEmbeddedStore } from '../../src/dynamodb/embedded/embedded-store.ts'
import { startFaultProxy } from '../support/fault-proxy.ts'
import { createHttpClient, startService } from '../support/service.ts'
import { openTable } from '../support/table.ts'

const WAITING = 30

t.test('thirty wait on one poller, and SIGTERM answers them all at once', async (t) => {
  const embedded = await openEmbeddedStore({ folder: t.testdir() })
  t.teardown(() => embedded.stop())
  const { table, access } = await openTable(t, embedded.endpoint)
  const wanted = { tenant: 'acme', scopes: ROLES.admin, name: null, valid_until: null }
  const { token } = await createKey(access, Date.now, wanted)
  const proxy = await startFaultProxy({ target: embedded.endpoint })
  t.teardown(() => proxy.stop())
  const environment = { DYNAMODB_ENDPOINT: proxy.endpoint, DYNAMODB_TABLE: table }
  const service = await startService(t, environment)
  const call = createHttpClient(t)

  const body = { wait_seconds: 20, lease_seconds: 30 }
  const answers = Promise.all(
    Array.from({ length: WAITING }, () => call('POST', `${service.url}/inbox/claim`, token, body)),
  )
  await delay(1_500)
  const before = proxy.count('Query')
  const startedAt = Date.now()
  await delay(3_000)
  const queries = proxy.count('Query') - before
  const seconds = Math.ceil((Date.now() - startedAt) / 1_000)
  t.ok(queries >= 1 && queries <= seconds + 1, `${queries} queries in ${seconds} s`)

  const stoppedAt = Date.now()
  const stopped = service.stop()
  for (const answer of await answers) {
    t.equal(answer.status, 200)
    t.strictSame(answer.body, { lease_id: null, lease_expires_at: null, events: [] })
  }
  t.equal(await stopped, 0)
  t.ok(Date.now() - stoppedAt < 8_000, `${Date.now() - stoppedAt} ms`)
})
