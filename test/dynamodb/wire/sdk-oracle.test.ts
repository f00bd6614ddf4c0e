import {
  BatchGetItemCommand,
  ConditionalCheckFailedException,
  DynamoDBServiceException,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
  type AttributeValue,
  type BatchGetItemCommandInput,
  type DynamoDBClient,
  type GetItemCommandInput,
  type PutItemCommandInput,
  type QueryCommandInput,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb'
import fc from 'fast-check'
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import t, { type Test } from 'tap'
import { createClient, type DynamoDB } from '../../../src/dynamodb/client.ts'
import { openEmbeddedStore } from '../../../src/dynamodb/embedded/embedded-store.ts'
import { migrate } from '../../../src/dynamodb/migrate.ts'
import { createWireClient } from '../../../src/dynamodb/wire/wire-client.ts'
import { dynamoDBLocalEndpoint } from '../../support/dynamodb-local.ts'

/** How many sequences of calls, of up to 15 each. */
const RUNS = Number(process.env.WIRE_RUNS ?? 15)
const TIMEOUT_MS = 10_000

type Item = Record<string, AttributeValue>
type Call =
  | { operation: 'getItem'; input: GetItemCommandInput }
  | { operation: 'batchGetItem'; input: BatchGetItemCommandInput }
  | { operation: 'query'; input: QueryCommandInput }
  | { operation: 'putItem'; input: PutItemCommandInput }
  | { operation: 'updateItem'; input: UpdateItemCommandInput }

/** Stands for the name of the table, of which each of the two has its own. */
const TABLE = 'TABLE'

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom('', '🙂', '"B":"QUJD"', '\\"B":[', '\ud800', '\u2028', 'a'.repeat(3_000)),
)
const number = fc.oneof(
  fc.integer().map(String),
  fc.constantFrom('12345678901234567890123456789012345678', '1E-100', '9.99E+125', '-0', '0.10', 'NaN'),
)
const bytes = fc.uint8Array({ maxLength: 20 })
const few = { minLength: 1, maxLength: 3 }
const name = fc.constantFrom('a', 'B', 'BS', 'S', 'M', 'ключ', 'with space', '$metadata')

const { attribute } = fc.letrec<{ attribute: AttributeValue }>((tie) => ({
  attribute: fc.oneof(
    { depthSize: 'small' },
    fc.record({ S: text }),
    fc.record({ N: number }),
    fc.record({ B: bytes }),
    fc.record({ BOOL: fc.boolean() }),
    fc.constant({ NULL: true as const }),
    fc.record({ SS: fc.uniqueArray(fc.constantFrom('a', 'é', '🙂'), few) }),
    fc.record({ NS: fc.uniqueArray(fc.constantFrom('1', '2', '3e10'), few) }),
    fc.record({ BS: fc.uniqueArray(bytes, { ...few, selector: (one) => one.join() }) }),
    fc.record({ L: fc.array(tie('attribute'), { maxLength: 3 }) }),
    fc.record({ M: fc.dictionary(name, tie('attribute'), { maxKeys: 3, noNullPrototype: true }) }),
  ),
}))

const key = fc
  .record({ pk: fc.constantFrom('p', 'é', ''), sk: fc.constantFrom('1', '2', '3') })
  .map(({ pk, sk }): Item => ({ pk: { S: pk === '' ? 'p' : pk }, sk: { S: sk } }))
const table = fc.constantFrom(...Array<string>(12).fill(TABLE), 'no-such-table', 'x')
const condition = fc.constantFrom(
  undefined,
  undefined,
  'attribute_not_exists(pk)',
  'attribute_exists(pk)',
  'not a condition',
)
const onFailure = fc.constantFrom(undefined, 'ALL_OLD' as const)

/** Without the members that are undefined: the types of the SDK want none. */
const given = <Input extends object>(input: Input) =>
  Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined)) as Input

const callOf = (operation: Call['operation']) => (input: object) =>
  ({ operation, input: given(input) }) as Call

const put = fc
  .record({
    TableName: table,
    Item: fc
      .tuple(key, fc.dictionary(name, attribute, { maxKeys: 4, noNullPrototype: true }))
      .map(([key, others]) => ({ ...others, ...key })),
    ConditionExpression: condition,
    ReturnValues: fc.constantFrom(undefined, undefined, 'ALL_OLD', 'ALL_OLD', 'ALL_NEW'),
    ReturnValuesOnConditionCheckFailure: onFailure,
    ReturnConsumedCapacity: fc.constantFrom(undefined, 'TOTAL'),
  })
  .map(callOf('putItem'))
const get = fc
  .record({
    TableName: table,
    Key: key,
    ConsistentRead: fc.constantFrom(undefined, true, false),
    ProjectionExpression: fc.constantFrom(undefined, 'pk', 'a.b[0]', 'wrong expression'),
  })
  .map(callOf('getItem'))
const update = fc
  .record({
    TableName: table,
    Key: key,
    UpdateExpression: fc.constantFrom('SET #n = :v', 'SET #n = :v REMOVE a', 'SET'),
    ExpressionAttributeNames: name.map((one) => ({ '#n': one })),
    ExpressionAttributeValues: attribute.map((one) => ({ ':v': one })),
    ConditionExpression: condition,
    ReturnValues: fc.constantFrom(undefined, 'ALL_NEW', 'ALL_OLD', 'UPDATED_NEW', 'UPDATED_OLD'),
    ReturnValuesOnConditionCheckFailure: onFailure,
  })
  .map(callOf('updateItem'))
const query = fc
  .record({
    TableName: table,
    KeyConditionExpression: fc.constantFrom('pk = :pk', 'pk = :pk', 'pk < :pk'),
    ExpressionAttributeValues: fc.constantFrom({ ':pk': { S: 'p' } }, { ':pk': { S: 'é' } }),
    Limit: fc.constantFrom(undefined, undefined, 1, 1, 2, 0),
    ScanIndexForward: fc.constantFrom(undefined, false),
    Select: fc.constantFrom(undefined, 'COUNT'),
    ExclusiveStartKey: fc.option(key, { nil: undefined, freq: 4 }),
  })
  .map(callOf('query'))
const batchGet = fc
  .record({ table, Keys: fc.array(key, { maxLength: 4 }), ConsistentRead: fc.boolean() })
  .map(({ table, ...wanted }) => callOf('batchGetItem')({ RequestItems: { [table]: wanted } }))

const calls = fc.array(
  fc.oneof({ weight: 3, arbitrary: put }, { weight: 2, arbitrary: update }, get, query, batchGet),
  {
    minLength: 3,
    maxLength: 15,
  },
)

/** One sequence that is always run, in which everything happens that should be compared. */
const EXAMPLE: Call[] = [
  {
    operation: 'putItem',
    input: { TableName: TABLE, Item: { pk: { S: 'p' }, sk: { S: '1' }, B: { B: Buffer.from('é') } } },
  },
  {
    operation: 'putItem',
    input: {
      TableName: TABLE,
      Item: { pk: { S: 'p' }, sk: { S: '1' } },
      ConditionExpression: 'attribute_not_exists(pk)',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    },
  },
  { operation: 'getItem', input: { TableName: TABLE, Key: { pk: { S: 'p' } } } },
  { operation: 'getItem', input: { TableName: 'no-such-table', Key: { pk: { S: 'p' }, sk: { S: '1' } } } },
]

function replaceName(value: unknown, from: string, to: string): unknown {
  if (typeof value === 'string') return value.replaceAll(from, to)
  if (value instanceof Uint8Array) return Buffer.from(value)
  if (Array.isArray(value)) return value.map((one) => replaceName(one, from, to))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([, member]) => member !== undefined)
  return Object.fromEntries(
    entries.map(([name, member]) => [name === from ? to : name, replaceName(member, from, to)]),
  )
}

const COMMANDS = {
  getItem: GetItemCommand,
  batchGetItem: BatchGetItemCommand,
  query: QueryCommand,
  putItem: PutItemCommand,
  updateItem: UpdateItemCommand,
}

const callSdk =
  (client: DynamoDBClient) =>
  ({ operation, input }: Call): Promise<object> =>
    client.send(new (COMMANDS[operation] as typeof GetItemCommand)(input as GetItemCommandInput))

const callWire =
  (wire: DynamoDB) =>
  ({ operation, input }: Call): Promise<object> =>
    wire[operation](input as never, AbortSignal.timeout(TIMEOUT_MS))

/** The items of a batch come in any order. */
function withoutOrder(answer: { Responses?: Record<string, object[]> }): object {
  const keyOf = (item: object) => JSON.stringify([Reflect.get(item, 'pk'), Reflect.get(item, 'sk')])
  for (const items of Object.values(answer.Responses ?? {}))
    items.sort((a, b) => keyOf(a).localeCompare(keyOf(b)))
  return answer
}

/** What a call gave that callers can see, whichever client it was and whatever its table is called. */
async function outcome(call: Call, table: string, send: (call: Call) => Promise<object>): Promise<unknown> {
  const sent = replaceName(call, TABLE, table) as Call
  const answer = await send(sent).catch((error: unknown) => {
    if (!(error instanceof DynamoDBServiceException)) throw error
    const { name, message, $fault, $metadata } = error
    const isCondition = error instanceof ConditionalCheckFailedException
    return { name, message, $fault, $metadata, isCondition, ...(isCondition && { Item: error.Item }) }
  })
  const { $metadata, name, message, ...rest } = answer as Partial<Error> &
    Pick<DynamoDBServiceException, '$metadata'>
  const { httpStatusCode, attempts, requestId } = $metadata
  const seen = { ...withoutOrder(rest as object), name, message }
  return replaceName({ ...seen, httpStatusCode, attempts, hasId: Boolean(requestId) }, table, TABLE)
}

async function compare(t: Test, endpoint: string): Promise<void> {
  const client = createClient({ endpoint, region: 'local' })
  const wire = createWireClient(client, { onThrottle: () => undefined, onEndpoint: () => undefined })
  t.teardown(async () => {
    client.destroy()
    await wire.close()
  })
  const seen = new Map<string, number>()
  await fc.assert(
    fc.asyncProperty(calls, async (calls) => {
      const [ofSdk, ofWire] = [`sdk-${randomUUID()}`, `wir-${randomUUID()}`]
      await migrate(client, ofSdk)
      await migrate(client, ofWire)
      for (const call of calls) {
        const expected = await outcome(call, ofSdk, callSdk(client))
        assert.deepEqual(await outcome(call, ofWire, callWire(wire)), expected)
        const { name = 'done' } = expected as { name?: string }
        seen.set(name, (seen.get(name) ?? 0) + 1)
      }
    }),
    { numRuns: RUNS, examples: [[EXAMPLE]] },
  )
  t.comment(JSON.stringify(Object.fromEntries(seen)))
  for (const name of [
    'done',
    'ConditionalCheckFailedException',
    'ValidationException',
    'ResourceNotFoundException',
  ]) {
    t.ok(seen.get(name), `${name} came about`)
  }
}

t.test('answers and errors are those of the SDK, on DynamoDB Local', async (t) => {
  const endpoint = await dynamoDBLocalEndpoint(t)
  if (endpoint === undefined) t.pass('needs DynamoDB Local', { skip: 'there is no Java runtime' })
  else await compare(t, endpoint)
})

t.test('answers and errors are those of the SDK, on the embedded store', async (t) => {
  const embedded = await openEmbeddedStore({ folder: t.testdir() })
  t.teardown(() => embedded.stop())
  await compare(t, embedded.endpoint)
})
