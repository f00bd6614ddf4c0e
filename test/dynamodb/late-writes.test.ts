import { ConditionalCheckFailedException, type UpdateItemCommandInput } from '@aws-sdk/client-dynamodb'
import { randomUUID } from 'node:crypto'
import t, { type Test } from 'tap'
import type { DynamoDB } from '../../src/dynamodb/client.ts'
import { openEmbeddedStore } from '../../src/dynamodb/embedded/embedded-store.ts'
import { createEventStore } from '../../src/dynamodb/event-store.ts'
import { availableAt } from '../../src/dynamodb/keys.ts'
import { createQueueStore } from '../../src/dynamodb/queue-store.ts'
import { dynamoDBLocalEndpoint } from '../support/dynamodb-local.ts'
import {
  createMany,
  MAX_ATTEMPTS,
  newTenant,
  openTable,
  RETENTION_SECONDS,
  scopeOf,
} from '../support/table.ts'

/**
 * A store whose every refused write was sent before, without an answer: that first try is still on its way, and arrives
 * when `arrive` is called.
 */
function delaying(dynamodb: DynamoDB, attempts: number) {
  let first: UpdateItemCommandInput | undefined
  const updateItem: DynamoDB['updateItem'] = async (input, signal) => {
    first ??= input
    try {
      return await dynamodb.updateItem(input, signal)
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) error.$metadata.attempts = attempts
      throw error
    }
  }
  const arrive = async (): Promise<'took place' | 'refused'> => {
    if (!first) throw new Error('Nothing was written')
    return dynamodb.updateItem(first, AbortSignal.timeout(5_000)).then(
      () => 'took place',
      () => 'refused',
    )
  }
  return { calls: { ...dynamodb, updateItem }, arrive }
}

/** An event, and a caller whose first try of each write is late. */
async function open(t: Test, endpoint: string, attempts = 2) {
  const opened = await openTable(t, endpoint)
  const { dynamodb, table, queue, store, clock } = opened
  const scope = scopeOf(newTenant())
  const [id = ''] = await createMany(opened, scope.tenant, 1)
  const { calls, arrive } = delaying(dynamodb, attempts)
  const options = { dynamodb: calls, table, clock: clock.now, retentionSeconds: RETENTION_SECONDS }
  const fail = () =>
    queue.nack(scope, id, { lease_id: undefined, delayMs: () => 0, reason: undefined, permanent: true })
  const claim = async () => {
    const [candidate] = await queue.candidates(scope, 1)
    const lease = { lease_id: `lease_${randomUUID()}`, expires_at: clock.now() + 30_000 }
    if (candidate) await queue.claim(scope, candidate, lease)
    return lease.lease_id
  }
  return {
    scope,
    id,
    queue,
    clock,
    fail,
    claim,
    arrive,
    late: {
      store: createEventStore(options),
      queue: createQueueStore({ ...options, maxAttempts: MAX_ATTEMPTS }),
    },
    status: async () => (await store.get(scope, id))?.status,
  }
}

function testLateWrites(t: Test, endpoint: string): void {
  t.test('a redrive that was a conflict does not take place later', async (t) => {
    const { scope, id, clock, late, fail, arrive, status } = await open(t, endpoint)
    t.match(await late.queue.redrive(scope, id, clock.now()), { outcome: 'conflict' })
    await fail()
    t.equal(await arrive(), 'refused')
    t.equal(await status(), 'failed')
  })

  t.test('an acknowledgement whose lease was lost does not take place later', async (t) => {
    const { scope, id, queue, clock, late, claim, arrive, status } = await open(t, endpoint)
    const held = await claim()
    t.match(await late.store.acknowledge(scope, id, 'lease_of_somebody_else'), { outcome: 'lease_lost' })
    t.equal(await queue.release(scope, id, held, clock.now()), 'done')
    t.equal(await arrive(), 'refused')
    t.equal(await status(), 'undelivered')
  })

  t.test('a claim that was lost does not take place later', async (t) => {
    const { scope, id, queue, clock, late, claim, arrive, status } = await open(t, endpoint)
    const [seen] = await queue.candidates(scope, 1)
    if (!seen) throw new Error('There is nothing to claim')
    const held = await claim()
    const lease = { lease_id: `lease_${randomUUID()}`, expires_at: clock.now() + 30_000 }
    t.match(await late.queue.claim(scope, seen, lease), { outcome: 'lost' })
    const back = availableAt(seen.availability)
    t.equal(await queue.release(scope, id, held, back), 'done', 'it stands where it was seen')
    t.strictSame((await queue.candidates(scope, 1))[0]?.availability, seen.availability)
    t.equal(await arrive(), 'refused')
    t.equal(await status(), 'undelivered')
  })

  t.test('what was sent once costs no further write', async (t) => {
    const { scope, id, clock, late, fail, arrive, status } = await open(t, endpoint, 1)
    t.match(await late.queue.redrive(scope, id, clock.now()), { outcome: 'conflict' })
    await fail()
    t.equal(await arrive(), 'took place', 'which shows that the tests above can fail')
    t.equal(await status(), 'pending')
  })
}

t.test('DynamoDB Local', async (t) => {
  const endpoint = await dynamoDBLocalEndpoint(t)
  if (endpoint !== undefined) testLateWrites(t, endpoint)
})

t.test('The embedded store', async (t) => {
  const store = await openEmbeddedStore({ folder: t.testdir() })
  t.teardown(() => store.stop())
  testLateWrites(t, store.endpoint)
})
