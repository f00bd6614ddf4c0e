import { randomUUID } from 'node:crypto'
import t, { type Test } from 'tap'
import { toTimestamp } from '../../src/domain/clock.ts'
import { openEmbeddedStore } from '../../src/dynamodb/embedded/embedded-store.ts'
import { dynamoDBLocalEndpoint } from '../support/dynamodb-local.ts'
import { startFaultProxy } from '../support/fault-proxy.ts'
import { createMany, newTenant, openTable, scopeOf } from '../support/table.ts'

/** An event of its own in a table of its own, behind a proxy, and what others do to it. */
async function open(t: Test, endpoint: string) {
  const proxy = await startFaultProxy({ target: endpoint })
  t.teardown(() => proxy.stop())
  const table = await openTable(t, proxy.endpoint)
  const { queue, store, clock } = table
  const scope = scopeOf(newTenant())
  const [id = ''] = await createMany(table, scope.tenant, 1)
  const claim = async () => {
    const [candidate] = await queue.candidates(scope, 1)
    if (!candidate) throw new Error('Nothing can be claimed')
    const lease = { lease_id: `lease_${randomUUID()}`, expires_at: clock.now() + 30_000 }
    const { outcome } = await queue.claim(scope, candidate, lease)
    if (outcome !== 'claimed') throw new Error(`The claim ended as ${outcome}`)
    return lease
  }
  const nack = ({ lease_id, permanent = false }: { lease_id?: string; permanent?: boolean }) =>
    queue.nack(scope, id, { lease_id, delayMs: () => 0, reason: undefined, permanent })
  return {
    queue,
    store,
    clock,
    scope,
    id,
    claim,
    nack,
    read: () => store.get(scope, id),
    /** Loses the answer to the one write; before the store's client sends it again, others do their part. */
    losing: async <Output>(write: () => Promise<Output>, others: () => Promise<unknown>) => {
      const loseAnswer = { next: 1 }
      proxy.faults = { loseAnswer, beforeLoss: others }
      const output = await write()
      proxy.faults = {}
      t.equal(loseAnswer.next, 0, 'an answer was lost')
      return output
    },
    /** The write arrives at the store only after others have done their part. */
    overtaken: async <Output>(write: () => Promise<Output>, others: () => Promise<unknown>) => {
      proxy.faults = {
        beforeWrite: async () => {
          proxy.faults = {}
          await others()
        },
      }
      return write()
    },
  }
}

function testGivenBack(t: Test, endpoint: string): void {
  t.test('given back, and claimed by another before the answer comes: it was given back', async (t) => {
    const { queue, clock, scope, id, claim, losing, read } = await open(t, endpoint)
    const { lease_id } = await claim()
    t.equal(await losing(() => queue.release(scope, id, lease_id, clock.now()), claim), 'done')
    t.match(await read(), { delivery_attempts: 2, lease_expires_at: /Z$/ }, 'the other one holds it still')
    t.equal(
      await queue.release(scope, id, lease_id, clock.now()),
      'lease_lost',
      'asked anew it is not its own',
    )
  })

  t.test('rejected, and claimed by another before the answer comes: it was rejected', async (t) => {
    const { claim, nack, losing, read } = await open(t, endpoint)
    const { lease_id } = await claim()
    t.match(await losing(() => nack({ lease_id }), claim), { outcome: 'delayed' })
    t.match(await read(), { delivery_attempts: 2, lease_expires_at: /Z$/ })
    t.match(await nack({ lease_id }), { outcome: 'lease_lost' })
  })

  t.test('three writes of others are not too many', async (t) => {
    const { queue, clock, scope, id, claim, losing } = await open(t, endpoint)
    const { lease_id } = await claim()
    const others = async () => {
      const other = await claim()
      await queue.release(scope, id, other.lease_id, clock.now())
      await claim()
    }
    t.equal(await losing(() => queue.release(scope, id, lease_id, clock.now()), others), 'done')
  })

  t.test('failed, and redriven by another: it had failed, and is not made to fail again', async (t) => {
    const { queue, clock, scope, id, nack, losing, read } = await open(t, endpoint)
    const others = () => queue.redrive(scope, id, clock.now())
    t.match(await losing(() => nack({ permanent: true }), others), { outcome: 'failed' })
    t.match(await read(), { status: 'pending' })
  })

  t.test('redriven, claimed and failed again: it was redriven, and is not once more', async (t) => {
    const { queue, clock, scope, id, claim, nack, losing, read } = await open(t, endpoint)
    await nack({ permanent: true })
    const others = async () => {
      const { lease_id } = await claim()
      await nack({ lease_id, permanent: true })
    }
    const redriven = await losing(() => queue.redrive(scope, id, clock.now()), others)
    t.match(redriven, { outcome: 'redriven', event: { event_id: id } })
    t.match(await read(), { status: 'failed' })
  })

  t.test('acknowledged, and by another before the answer comes: the first one counts', async (t) => {
    const { store, scope, id, losing } = await open(t, endpoint)
    let second: unknown
    const others = async () => (second = await store.acknowledge(scope, id))
    t.match(await losing(() => store.acknowledge(scope, id), others), { outcome: 'acknowledged' })
    t.match(second, { outcome: 'already_delivered' })
  })
}

function testExtended(t: Test, endpoint: string): void {
  t.test('an extension whose answer was lost does not undo a newer one', async (t) => {
    const { queue, scope, id, claim, losing, read } = await open(t, endpoint)
    const lease = await claim()
    const longer = { ...lease, expires_at: lease.expires_at + 60_000 }
    const others = () => queue.extend(scope, id, longer, 2)
    t.equal(await losing(() => queue.extend(scope, id, lease, 1), others), 'done')
    t.match(await read(), { lease_expires_at: toTimestamp(longer.expires_at) })
  })

  t.test('an extension that comes late does not shorten the lease', async (t) => {
    const { queue, scope, id, claim, overtaken, read } = await open(t, endpoint)
    const lease = await claim()
    const longer = { ...lease, expires_at: lease.expires_at + 60_000 }
    const others = () => queue.extend(scope, id, longer, 2)
    t.equal(await overtaken(() => queue.extend(scope, id, lease, 1), others), 'done')
    t.match(await read(), { lease_expires_at: toTimestamp(longer.expires_at) })
  })

  t.test('a late one may lengthen it; what is asked for last may shorten it', async (t) => {
    const { queue, scope, id, claim, overtaken, read } = await open(t, endpoint)
    const lease = await claim()
    const longer = { ...lease, expires_at: lease.expires_at + 60_000 }
    const others = () => queue.extend(scope, id, lease, 2)
    t.equal(await overtaken(() => queue.extend(scope, id, longer, 1), others), 'done')
    t.match(await read(), { lease_expires_at: toTimestamp(longer.expires_at) })
    t.equal(await queue.extend(scope, id, lease, 3), 'done')
    t.match(await read(), { lease_expires_at: toTimestamp(lease.expires_at) })
  })

  t.test('a new lease knows nothing of the extensions of the one before', async (t) => {
    const { queue, clock, scope, id, claim, read } = await open(t, endpoint)
    const first = await claim()
    t.equal(await queue.extend(scope, id, first, 9), 'done')
    clock.advance(32_000)
    const second = await claim()
    const shorter = { ...second, expires_at: second.expires_at - 20_000 }
    t.equal(await queue.extend(scope, id, shorter, 1), 'done')
    t.match(await read(), { lease_expires_at: toTimestamp(shorter.expires_at) })
  })
}

function testLostAnswers(t: Test, endpoint: string): void {
  testGivenBack(t, endpoint)
  testExtended(t, endpoint)
}

t.test('on DynamoDB Local', async (t) => {
  const endpoint = await dynamoDBLocalEndpoint(t)
  if (endpoint === undefined) {
    t.pass('needs DynamoDB Local', { skip: 'there is no Java runtime' })
    return
  }
  testLostAnswers(t, endpoint)
})

t.test('on the embedded store', async (t) => {
  const embedded = await openEmbeddedStore({ folder: t.testdir() })
  t.teardown(() => embedded.stop())
  testLostAnswers(t, embedded.endpoint)
})
