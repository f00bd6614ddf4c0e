import t, { type Test } from 'tap'
import { openEmbeddedStore } from '../../src/dynamodb/embedded/embedded-store.ts'
import { createQueueStore } from '../../src/dynamodb/queue-store.ts'
import { dynamoDBLocalEndpoint } from '../support/dynamodb-local.ts'
import { draftOf, newTenant, openTable, scopeOf } from '../support/table.ts'

async function testRelease(t: Test, endpoint: string): Promise<void> {
  const table = await openTable(t, endpoint)
  const queue = createQueueStore({ ...table, clock: table.clock.now, retentionSeconds: 60, maxAttempts: 3 })
  const scope = scopeOf(newTenant())
  const draft = draftOf(table, { deliver_at: table.clock.now() + 60_000 })
  await table.store.create(scope, draft)
  const outcome = await queue.release(scope, draft.event_id, 'lease_unknown', draft.deliver_at ?? 0)
  t.equal(outcome, 'lease_lost', 'an event that nobody ever held is not taken for one that was given back')
}

t.test('on DynamoDB Local', async (t) => {
  const endpoint = await dynamoDBLocalEndpoint(t)
  if (endpoint === undefined) {
    t.pass('needs DynamoDB Local', { skip: 'there is no Java runtime' })
    return
  }
  await testRelease(t, endpoint)
})

t.test('on the embedded store', async (t) => {
  const embedded = await openEmbeddedStore({ folder: t.testdir() })
  t.teardown(() => embedded.stop())
  await testRelease(t, embedded.endpoint)
})
