import t from 'tap'
import { openEmbeddedStore } from '../../src/dynamodb/embedded/embedded-store.ts'
import { ROLES } from '../../src/domain/access.ts'
import { createKey } from '../../src/domain/key-management.ts'
import { startFaultProxy } from '../support/fault-proxy.ts'
import { createHttpClient, startService } from '../support/service.ts'
import { openTable } from '../support/table.ts'

t.test('without DynamoDB the process starts, stays up and recovers by itself', async (t) => {
  const embedded = await openEmbeddedStore({ folder: t.testdir() })
  t.teardown(() => embedded.stop())
  const { table, access } = await openTable(t, embedded.endpoint)
  const { token } = await createKey(access, Date.now, {
    tenant: 'a',
    scopes: ROLES.admin,
    name: null,
    valid_until: null,
  })
  const proxy = await startFaultProxy({ target: embedded.endpoint, faults: { refuse: true } })
  t.teardown(() => proxy.stop())
  const service = await startService(t, { DYNAMODB_ENDPOINT: proxy.endpoint, DYNAMODB_TABLE: table })
  const call = createHttpClient(t)
  const path = `${service.url}/events/evt_01jd8x5q3v7k2m9n4p6r8s0t1w`
  const unavailable = {
    error: 'unavailable',
    message: 'The event store does not answer now. Try again.',
  }

  async function expectOutage(what: string): Promise<void> {
    for (const url of [path, `${service.url}/events`, `${service.url}/inbox`]) {
      const startedAt = Date.now()
      const answer = await call('GET', url, token)
      t.equal(answer.status, 503, what)
      t.match(answer.body, unavailable)
      t.equal(answer.headers['retry-after'], '1')
      t.ok(Date.now() - startedAt < 3_000, `${what}: within 3 s`)
    }
    t.equal((await call('GET', `${service.url}/health`)).status, 200)
    t.equal((await call('GET', `${service.url}/ready`)).status, 200)
  }

  await expectOutage('refused, before any key is known')
  proxy.faults = {}
  await proxy.settle()
  t.equal((await call('GET', path, token)).status, 404, 'recovered')
  for (const faults of [{ refuse: true }, { blackHole: true }, { throttle: 1 }]) {
    proxy.faults = faults
    await proxy.settle()
    await expectOutage(JSON.stringify(faults))
  }
  proxy.faults = {}
  await proxy.settle()
  t.equal((await call('GET', path, token)).status, 404, 'recovered')
  t.equal(await service.stop(), 0)
})
