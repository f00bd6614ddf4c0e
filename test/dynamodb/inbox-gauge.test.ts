import { GetItemCommand } from '@aws-sdk/client-dynamodb'
import t, { type Test } from 'tap'
import { sampleInbox } from '../../src/dynamodb/inbox-sample.ts'
import { createTaskLease, leaseKey } from '../../src/dynamodb/task-lease.ts'
import { leaseDurationMs, startInboxGauge, type InboxSample } from '../../src/metrics/inbox-gauge.ts'
import { createRecorder } from '../../src/metrics/recorder.ts'
import { startFaultProxy } from '../support/fault-proxy.ts'
import { anyEndpoint } from '../support/observed-service.ts'
import { createMany, createStores, newTenant, openTable, scopeOf, type TestTable } from '../support/table.ts'

const SAMPLE: InboxSample = { depth: 3, isCapped: false, oldestAgeMs: 1_500 }
const soon = () => AbortSignal.timeout(10_000)

function leaseOf({ dynamodb, table, clock }: TestTable, holder: string, durationMs = 60_000) {
  return createTaskLease({
    dynamodb,
    table,
    clock: clock.now,
    name: 'test',
    holder,
    durationMs,
    timeoutMs: 5_000,
  })
}

async function addTenants({ access }: TestTable, count: number) {
  const tenants = Array.from({ length: count }, () => newTenant())
  for (const { name } of tenants) await access.addTenant(name)
  return tenants
}

const delay = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

function startGaugeOf(t: Test, table: TestTable, holder: string, intervalMs: number) {
  const recorder = createRecorder(Date.now)
  const failures: unknown[] = []
  const samples: number[] = []
  const gauge = startInboxGauge({
    lease: leaseOf(table, holder, leaseDurationMs(intervalMs)),
    measure: async () => {
      samples.push(Date.now())
      return SAMPLE
    },
    recorder,
    intervalMs,
    clock: Date.now,
    onFailure: (error) => failures.push(error),
  })
  t.teardown(() => gauge.stop())
  return { gauge, recorder, samples, failures }
}

t.test('a lease has one holder, who may renew it; it lapses and can be given up', async (t) => {
  const table = await openTable(t, await anyEndpoint(t))
  const [a, b] = [leaseOf(table, 'a'), leaseOf(table, 'b')]
  t.equal(await a.hold(), true)
  t.equal(await b.hold(), false)
  t.equal(await a.hold(), true, 'renewed')
  await b.release()
  t.equal(await b.hold(), false, 'nobody can give up what another holds')
  table.clock.advance(60_001)
  t.equal(await b.hold(), true, 'lapsed')
  await b.release()
  t.equal(await a.hold(), true, 'given up')
  const { Item } = await table.client.send(
    new GetItemCommand({ TableName: table.table, Key: leaseKey('test') }),
  )
  t.match(Item, { pk: { S: 'lease#test' }, sk: { S: '-' }, holder: { S: 'a' } })
})

t.test('of ten at once one gets it', async (t) => {
  const table = await openTable(t, await anyEndpoint(t))
  const held = await Promise.all(Array.from({ length: 10 }, (_, n) => leaseOf(table, `task-${n}`).hold()))
  t.equal(held.filter(Boolean).length, 1)
})

t.test('one task of all measures; another takes over within two intervals when it dies', async (t) => {
  const intervalMs = 600
  const endpoint = await anyEndpoint(t)
  const table = await openTable(t, endpoint)
  // The first task dies as a process does: from one moment to the next nothing of it arrives.
  const proxy = await startFaultProxy({ target: endpoint })
  t.teardown(() => proxy.stop())
  const cutOff = createStores((await openTable(t, proxy.endpoint)).client, table.table)
  const first = startGaugeOf(t, { ...table, ...cutOff }, 'first', intervalMs)
  await delay(200)
  const second = startGaugeOf(t, table, 'second', intervalMs)
  await delay(3 * intervalMs)
  t.ok(first.samples.length >= 2, 'the first measures')
  t.equal(second.samples.length, 0, 'the second does not')
  t.match(first.recorder.peek().gauges, { InboxDepth: 3, InboxDepthCapped: 0, InboxOldestAge: 1.5 })
  t.strictSame(second.recorder.peek().gauges, {})

  proxy.faults = { blackHole: true }
  const diedAt = Date.now()
  while (second.samples.length === 0 && Date.now() < diedAt + 5_000) await delay(10)
  const took = second.samples[0]! - diedAt
  t.ok(took <= 2 * intervalMs, `taken over after ${took} ms of ${2 * intervalMs}`)
  proxy.faults = {}
  await proxy.settle()
})

t.test('a task that ends hands over at once', async (t) => {
  const table = await openTable(t, await anyEndpoint(t))
  const { gauge, samples } = startGaugeOf(t, table, 'first', 60_000)
  await delay(300)
  t.equal(samples.length, 1)
  await gauge.stop()
  t.equal(await leaseOf(table, 'second').hold(), true)
})

t.test('a measurement that fails is told, and tried again', async (t) => {
  const recorder = createRecorder(Date.now)
  const failures: unknown[] = []
  let calls = 0
  const gauge = startInboxGauge({
    lease: { hold: async () => true, release: async () => Promise.reject(new Error('away')) },
    measure: async () => {
      if (++calls === 1) throw new Error('throttled')
      return { ...SAMPLE, isCapped: true }
    },
    recorder,
    intervalMs: 40,
    clock: Date.now,
    onFailure: (error) => failures.push(error),
  })
  await delay(200)
  t.match(recorder.peek().gauges, { InboxDepthCapped: 1 })
  await gauge.stop()
  t.match(failures, [{ message: 'throttled' }, { message: 'away' }])
})

t.test('depth and age are those of all tenants, of what can be delivered now', async (t) => {
  const table = await openTable(t, await anyEndpoint(t))
  const { dynamodb, access, clock } = table
  const sample = (maxPages?: number) =>
    sampleInbox(
      {
        dynamodb,
        table: table.table,
        access,
        clock: clock.now,
        ...(maxPages === undefined ? {} : { maxPages }),
      },
      soon(),
    )
  t.strictSame(await sample(), { depth: 0, isCapped: false, oldestAgeMs: 0 })
  const [one, two] = await addTenants(table, 3)
  const ids = await createMany(table, one!, 4)
  clock.advance(10_000)
  await createMany(table, two!, 3)
  clock.advance(5_000)
  const { depth, isCapped, oldestAgeMs } = await sample()
  t.strictSame({ depth, isCapped }, { depth: 7, isCapped: false })
  t.ok(oldestAgeMs >= 15_000 && oldestAgeMs < 17_000, `${oldestAgeMs} ms`)
  await Promise.all(ids.map((id) => table.store.acknowledge(scopeOf(one!), id)))
  const after = await sample()
  t.equal(after.depth, 3)
  t.ok(after.oldestAgeMs < 7_000)
})

t.test('counting ends at its bound, and says so', async (t) => {
  const endpoint = await anyEndpoint(t)
  const proxy = await startFaultProxy({ target: endpoint, faults: {} })
  t.teardown(() => proxy.stop())
  const table = await openTable(t, proxy.endpoint)
  for (const tenant of await addTenants(table, 3)) await createMany(table, tenant, 2)
  const { dynamodb, access, clock } = table
  const result = await sampleInbox(
    { dynamodb, table: table.table, access, clock: clock.now, maxPages: 2 },
    soon(),
  )
  t.strictSame({ ...result, oldestAgeMs: 0 }, { depth: 4, isCapped: true, oldestAgeMs: 0 })
})
