import { randomUUID } from 'node:crypto'
import pMap from 'p-map'
import t, { type Test } from 'tap'
import { createClient } from '../../src/dynamodb/client.ts'
import { createQueueStore } from '../../src/dynamodb/queue-store.ts'
import { openEmbeddedStore } from '../../src/dynamodb/embedded/embedded-store.ts'
import { dynamoDBLocalEndpoint } from '../support/dynamodb-local.ts'
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.ts'
import {
  createMany,
  createStores,
  draftOf,
  newTenant,
  openTable,
  scopeOf,
  walk,
  type TestTable,
} from '../support/table.ts'

/** What the service promises, under what no emulator does by itself. */
function testPromises(t: Test, endpoint: string): void {
  /** A table of its own; only what the stores do after its making goes through the proxy. */
  async function open(t: Test): Promise<{ proxy: FaultProxy; table: TestTable }> {
    const proxy = await startFaultProxy({ target: endpoint })
    t.teardown(() => proxy.stop())
    return { proxy, table: await openTable(t, proxy.endpoint) }
  }

  const idsOf = (items: { event_id: string }[]) => items.map((item) => item.event_id)

  t.test(
    'the index is 2 s behind: nothing acknowledged shows, and what is open is offered in time',
    async (t) => {
      const { proxy, table } = await open(t)
      const { store, clock } = table
      const scope = scopeOf(newTenant(2))
      const old = await createMany(table, scope.tenant, 30)
      proxy.faults = { indexLagMs: 2_000 }
      await Promise.all(old.slice(0, 25).map((id) => store.acknowledge(scope, id)))
      const fresh = await createMany(table, scope.tenant, 3)
      const read = async () =>
        idsOf(
          (
            await walk((position) => store.inbox(scope, { limit: 4, position, available_until: clock.now() }))
          ).flat(),
        )
      t.strictSame(await read(), old.slice(25), 'stale rows are dropped, and what lies behind them is found')
      t.match(await store.get(scope, fresh[0] ?? ''), { status: 'pending' }, 'reads by id are never stale')
      const listed = await walk((position) => store.list(scope, { limit: 10, position }))
      t.strictSame(idsOf(listed.flat()), [...old, ...fresh].toReversed(), 'nor is the list')
      await proxy.settle()
      t.strictSame(await read(), [...old.slice(25), ...fresh])
    },
  )

  t.test('query pages are short, or empty with a continuation: walks are complete', async (t) => {
    const { proxy, table } = await open(t)
    const { store, clock } = table
    const scope = scopeOf(newTenant(3))
    const ids = await createMany(table, scope.tenant, 25)
    for (const faults of [{ shortPages: 1 }, { emptyPages: 0.5 }, { shortPages: 2, emptyPages: 0.6 }]) {
      proxy.faults = faults
      const listed = await walk((position) => store.list(scope, { limit: 10, position }))
      t.strictSame(idsOf(listed.flat()), ids.toReversed(), `list with ${JSON.stringify(faults)}`)
      const pending = await walk((position) => store.list(scope, { limit: 10, status: 'pending', position }))
      t.strictSame(idsOf(pending.flat()), ids.toReversed(), `list by status with ${JSON.stringify(faults)}`)
      const available_until = clock.now()
      const inbox = await walk((position) => store.inbox(scope, { limit: 10, available_until, position }))
      t.strictSame(idsOf(inbox.flat()), ids, `inbox with ${JSON.stringify(faults)}`)
    }
  })

  t.test('query pages are short, or empty with a continuation: what can be claimed is found', async (t) => {
    const { proxy, table } = await open(t)
    const scope = scopeOf(newTenant(3))
    const ids = await createMany(table, scope.tenant, 25)
    for (const faults of [{ shortPages: 3 }, { emptyPages: { next: 3 } }]) {
      proxy.faults = faults
      const candidates = await table.queue.candidates(scope, 100)
      t.strictSame(idsOf(candidates).sort(), ids.toSorted(), JSON.stringify(faults))
    }
  })

  t.test('a third of the keys comes back unprocessed: no event is left out', async (t) => {
    const { proxy, table } = await open(t)
    const { store, clock } = table
    const scope = scopeOf(newTenant())
    const ids = await createMany(table, scope.tenant, 60)
    proxy.faults = { unprocessedKeys: 0.3 }
    t.strictSame(idsOf((await store.inbox(scope, { limit: 60, available_until: clock.now() })).items), ids)
    proxy.faults = { unprocessedKeys: 1 }
    const hurried = scopeOf(scope.tenant, 300)
    await t.rejects(store.inbox(hurried, { limit: 60, available_until: clock.now() }), {
      code: 'unavailable',
    })
  })

  t.test('the answer to every write is lost once: each write happens once and is recognised', async (t) => {
    const { proxy, table } = await open(t)
    const { store, idempotency } = table
    const scope = scopeOf(newTenant())
    const lose = async <Output>(write: () => Promise<Output>) => {
      proxy.faults = { loseAnswer: { next: 1 } }
      return write()
    }
    const draft = draftOf(table)
    t.match(await lose(() => store.create(scope, draft)), {
      event: { event_id: draft.event_id, status: 'pending' },
      created: true,
    })
    const record = { event_id: draft.event_id, body_hash: 'h' }
    t.strictSame(await lose(() => idempotency.claim(scope, 'key', record)), record)
    const acknowledged = { outcome: 'acknowledged', event_type: 'order.created' }
    t.strictSame(await lose(() => store.acknowledge(scope, draft.event_id)), acknowledged)
    t.equal((await store.list(scope, { limit: 10 })).items.length, 1)
  })

  t.test('a write that failed as unavailable may have happened; a repeat undoes nothing', async (t) => {
    const { proxy, table } = await open(t)
    const { store } = table
    const scope = scopeOf(newTenant())
    const draft = draftOf(table)
    proxy.faults = { stallBody: true }
    await t.rejects(store.create(scopeOf(scope.tenant, 500), draft), { code: 'unavailable' })
    proxy.faults = {}
    t.match(await store.acknowledge(scope, draft.event_id), { outcome: 'acknowledged' })
    t.match(await store.create(scope, draft), { event: { status: 'delivered' }, created: false })
  })

  t.test(
    'everything is throttled: calls fail as unavailable within their deadline, then work again',
    async (t) => {
      const { proxy, table } = await open(t)
      const { store, clock } = table
      const { tenant } = scopeOf(newTenant())
      const ids = await createMany(table, tenant, 3)
      proxy.faults = { throttle: 1 }
      const calls = Array.from({ length: 40 }, async (_, n) => {
        const scope = scopeOf(tenant, 2_500)
        if (n % 3 === 0) return store.create(scope, draftOf(table))
        return n % 3 === 1
          ? store.get(scope, ids[0] ?? '')
          : store.inbox(scope, { limit: 5, available_until: clock.now() })
      })
      const results = await Promise.allSettled(calls)
      t.ok(
        results.every(
          (result) =>
            result.status === 'rejected' && (result.reason as { code?: string }).code === 'unavailable',
        ),
      )
      proxy.faults = {}
      const { items } = await store.inbox(scopeOf(tenant), { limit: 5, available_until: clock.now() })
      t.strictSame(idsOf(items), ids)
    },
  )

  t.test('the store is gone, silent, stalled or failing: calls end as unavailable', async (t) => {
    const { proxy, table } = await open(t)
    const client = createClient({ endpoint: proxy.endpoint, region: 'local' })
    t.teardown(() => {
      client.destroy()
    })
    const { store } = createStores(client, table.table)
    const tenant = newTenant()
    for (const faults of [{ refuse: true }, { blackHole: true }, { stallBody: true }, { serverError: 1 }]) {
      proxy.faults = faults
      await proxy.settle()
      const failure = store.get(scopeOf(tenant, 1_000), table.newEventId(0))
      await t.rejects(
        failure,
        { code: 'unavailable', headers: { 'retry-after': '1' } },
        JSON.stringify(faults),
      )
    }
    proxy.faults = {}
    await proxy.settle()
    t.equal(await store.get(scopeOf(tenant), table.newEventId(0)), undefined)
  })

  t.test(
    'the verbs of the queue recognise their own writes: no attempt burnt, no false conflict',
    async (t) => {
      const { proxy, table } = await open(t)
      const { store, queue, clock } = table
      const scope = scopeOf(newTenant())
      const lose = async <Output>(write: () => Promise<Output>) => {
        proxy.faults = { loseAnswer: { next: 1 } }
        return write()
      }
      const [id = ''] = await createMany(table, scope.tenant, 1)
      const claim = async () => {
        const [candidate] = await queue.candidates(scope, 1)
        if (!candidate) throw new Error('Nothing can be claimed')
        const lease = { lease_id: `lease_${randomUUID()}`, expires_at: clock.now() + 30_000 }
        return { lease, claim: await lose(() => queue.claim(scope, candidate, lease)) }
      }
      const first = await claim()
      t.match(first.claim, { outcome: 'claimed', event: { delivery_attempts: 1 } })
      t.equal(
        await lose(() => queue.extend(scope, id, { ...first.lease, expires_at: clock.now() + 60_000 }, 1)),
        'done',
      )
      t.equal(await lose(() => queue.release(scope, id, first.lease.lease_id, clock.now())), 'done')
      const second = await claim()
      t.match(second.claim, { outcome: 'claimed', event: { delivery_attempts: 2 } })
      const rejection = { lease_id: second.lease.lease_id, delayMs: () => 5, reason: 'r', permanent: false }
      t.match(await lose(() => queue.nack(scope, id, rejection)), { outcome: 'delayed' })
      clock.advance(10)
      t.match(
        await lose(() => queue.nack(scope, id, { ...rejection, lease_id: undefined, permanent: true })),
        { outcome: 'failed' },
      )
      t.match(await lose(() => queue.redrive(scope, id, clock.now())), { outcome: 'redriven' })
      t.match(await store.get(scope, id), { status: 'pending', delivery_attempts: 0 })
    },
  )

  t.test('a redrive is recognised, though somebody claimed before it was sent again', async (t) => {
    const { table } = await open(t)
    const { queue, clock, dynamodb } = table
    const scope = scopeOf(newTenant())
    const [id = ''] = await createMany(table, scope.tenant, 1)
    const rejection = { lease_id: undefined, delayMs: () => 0, reason: undefined, permanent: true }
    t.match(await queue.nack(scope, id, rejection), { outcome: 'failed' })
    const losing: typeof dynamodb = {
      ...dynamodb,
      async updateItem(input, signal) {
        await dynamodb.updateItem(input, signal)
        const [candidate] = await queue.candidates(scope, 1)
        const lease = { lease_id: 'lease_1', expires_at: clock.now() + 30_000 }
        t.match(candidate && (await queue.claim(scope, candidate, lease)), { outcome: 'claimed' })
        return dynamodb.updateItem(input, signal)
      },
    }
    const store = { ...table, clock: clock.now, retentionSeconds: 60, maxAttempts: 3 }
    const redriving = createQueueStore({ ...store, dynamodb: losing })
    t.match(await redriving.redrive(scope, id, clock.now()), {
      outcome: 'redriven',
      event: { event_id: id, status: 'undelivered' },
    })
    t.match(await queue.redrive(scope, id, clock.now() + 1), { outcome: 'conflict' })
  })

  t.test('the work of a request is bounded', async (t) => {
    const { proxy, table } = await open(t)
    const { store, clock } = table
    const shards = 2
    const scope = scopeOf(newTenant(shards))
    const ids = await createMany(table, scope.tenant, 120)
    proxy.faults = { indexLagMs: 60_000 }
    await pMap(ids.slice(0, 119), (id) => store.acknowledge(scope, id), { concurrency: 16 })
    const before = proxy.count()
    await store.inbox(scope, { limit: 10, available_until: clock.now() })
    t.ok(proxy.count() - before <= 4 * (2 * shards + 2), `${proxy.count() - before} calls`)
  })
}

t.test('on DynamoDB Local', async (t) => {
  const endpoint = await dynamoDBLocalEndpoint(t)
  if (endpoint === undefined) {
    t.pass('needs DynamoDB Local', { skip: 'there is no Java runtime' })
    return
  }
  testPromises(t, endpoint)
})

t.test('on the embedded store', async (t) => {
  const embedded = await openEmbeddedStore({ folder: t.testdir() })
  t.teardown(() => embedded.stop())
  testPromises(t, embedded.endpoint)
})
