import { CreateTableCommand } from '@aws-sdk/client-dynamodb'
import { randomUUID } from 'node:crypto'
import t from 'tap'
import { createClient } from '../../src/dynamodb/client.ts'
import { migrate } from '../../src/dynamodb/migrate.ts'
import { tableDefinition } from '../../src/dynamodb/table.ts'
import { dynamoDBLocalEndpoint } from '../support/dynamodb-local.ts'

const endpoint = await dynamoDBLocalEndpoint(t)
const client = createClient({ endpoint: endpoint ?? '', region: 'local' })
t.teardown(() => {
  client.destroy()
})
const skip = endpoint === undefined ? 'there is no Java runtime' : false

t.test('a table is made once, by however many at once', { skip }, async (t) => {
  const table = `events-${randomUUID()}`
  const results = await Promise.all([migrate(client, table), migrate(client, table), migrate(client, table)])
  t.ok(results.some(({ created }) => created))
  t.strictSame(await migrate(client, table), { created: false })
})

t.test('a table that differs is refused, with everything that differs', { skip }, async (t) => {
  const table = `events-${randomUUID()}`
  const definition = tableDefinition(table)
  const [status, inbox] = definition.GlobalSecondaryIndexes
  if (!status || !inbox) throw new Error('The definition has two indexes')
  await client.send(
    new CreateTableCommand({
      ...definition,
      AttributeDefinitions: definition.AttributeDefinitions.map((attribute) => attribute),
      KeySchema: inbox.KeySchema,
      GlobalSecondaryIndexes: [
        { ...status, KeySchema: definition.KeySchema },
        { ...inbox, IndexName: 'Other', KeySchema: status.KeySchema },
      ],
    }),
  )
  await t.rejects(migrate(client, table), {
    message:
      `The table ${table} is not as it should be: the key is (inbox_key HASH, available_at RANGE), ` +
      'not (pk HASH, sk RANGE); the key of StatusIndex is another; the index InboxIndex is missing.',
  })
})

t.test('an index that projects too little is refused', { skip }, async (t) => {
  const table = `events-${randomUUID()}`
  const definition = tableDefinition(table)
  const GlobalSecondaryIndexes = definition.GlobalSecondaryIndexes.map((index) => ({
    ...index,
    Projection: { ProjectionType: 'INCLUDE' as const, NonKeyAttributes: ['event_type'] },
  }))
  await client.send(new CreateTableCommand({ ...definition, GlobalSecondaryIndexes }))
  await t.rejects(
    migrate(client, table),
    /StatusIndex does not have status, delivered_at, failed_at, expires_at; InboxIndex/,
  )
})
