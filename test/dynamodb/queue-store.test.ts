import t from 'tap'
import { openEmbeddedStore } from '../../src/dynamodb/embedded/embedded-store.ts'
import { dynamoDBLocalEndpoint } from '../support/dynamodb-local.ts'
import { testQueueStore } from '../support/queue-store-contract.ts'
import { openTable } from '../support/table.ts'

t.test('on DynamoDB Local', async (t) => {
  const endpoint = await dynamoDBLocalEndpoint(t)
  if (endpoint === undefined) {
    t.pass('needs DynamoDB Local', { skip: 'there is no Java runtime' })
    return
  }
  testQueueStore(t, await openTable(t, endpoint))
})

t.test('on the embedded store', async (t) => {
  const embedded = await openEmbeddedStore({ folder: t.testdir() })
  t.teardown(() => embedded.stop())
  testQueueStore(t, await openTable(t, embedded.endpoint))
})
