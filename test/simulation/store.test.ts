/** DynamoDB Local is the judge of the simulated store: every call is put to both, and the answers have to be equal. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import type { Tenant } from '../../src/domain/access.ts'
import { createEventIds } from '../../src/domain/event-id.ts'
import type { CallScope } from '../../src/domain/ports.ts'
import type { DynamoDB } from '../../src/dynamodb/client.ts'
import { createEventStore } from '../../src/dynamodb/event-store.ts'
import { createIdempotencyStore } from '../../src/dynamodb/idempotency-store.ts'
import type { Item } from '../../src/dynamodb/keys.ts'
import { createQueueStore } from '../../src/dynamodb/queue-store.ts'
import { dynamoDBLocalEndpoint } from '../support/dynamodb-local.ts'
import { newTenant, openTable, scopeOf } from '../support/table.ts'
import { compareWith, direct, type Difference } from './store/oracle.ts'
import { SimulatedStore } from './store/simulated-store.ts'

const RUNS = Number(process.env['SIMULATED_STORE_RUNS'] ?? 12)
const MAX_ATTEMPTS = 2
const START = Date.parse('2026-03-01T00:00:00.000Z')

const endpoint = await dynamoDBLocalEndpoint(t)
const skip = endpoint === undefined && 'there is no Java runtime'

interface Ground {
  both: DynamoDB
  table: string
  differences: Difference[]
}

async function openGround(t: Test): Promise<Ground> {
  const { dynamodb: oracle, table } = await openTable(t, endpoint ?? '')
  const store = new SimulatedStore({ table, now: () => 0, lagMs: () => 0, tellsFound: true })
  const differences: Difference[] = []
  const both = compareWith(oracle, direct(store), (difference) => differences.push(difference))
  return { both, table, differences }
}

/** The stores of the service, driven over a few events of one tenant. */
function createDriver({ both: dynamodb, table }: Ground, tenant: Tenant) {
  let now = START
  const clock = () => now
  const options = { dynamodb, table, clock, retentionSeconds: 60, maxAttempts: MAX_ATTEMPTS }
  const [events, queue] = [createEventStore(options), createQueueStore(options)]
  const keys = createIdempotencyStore({ ...options, windowSeconds: 30 })
  const newEventId = createEventIds(clock)
  const ids: string[] = []
  const scope: CallScope = scopeOf(tenant)
  const id = (n: number) => ids[n % Math.max(1, ids.length)] ?? newEventId(0)
  const lease = (n: number) => `lease_${n % 3}`
  const type = (n: number) => (n % 2 === 0 ? undefined : `type_${n % 3}`)
  const rejection = (n: number) => ({
    lease_id: n % 2 === 0 ? lease(n) : undefined,
    delayMs: () => 5 * n,
    reason: n % 3 === 0 ? 'because' : undefined,
    permanent: n % 5 === 0,
  })
  const verbs: ((n: number) => Promise<unknown>)[] = [
    async (n) => {
      const event_id = newEventId(n % tenant.shards)
      ids.push(event_id)
      await events.create(scope, {
        event_id,
        event_type: `type_${n % 3}`,
        body: `{"payload":{"n":${n}},"metadata":null}`,
      })
    },
    (n) => events.create(scope, { event_id: id(n), event_type: 'again', body: '{}' }),
    (n) => events.get(scope, id(n)),
    (n) => events.acknowledge(scope, id(n), n % 2 === 0 ? undefined : lease(n)),
    async (n) => {
      const found = await queue.candidates(scope, 1 + (n % 3))
      for (const candidate of found)
        await queue.claim(scope, candidate, { lease_id: lease(n), expires_at: now + 10 * n })
    },
    (n) => queue.extend(scope, id(n), { lease_id: lease(n), expires_at: now + 20 * n }, now + n),
    (n) => queue.release(scope, id(n), lease(n), now),
    (n) => queue.nack(scope, id(n), rejection(n)),
    (n) => queue.redrive(scope, id(n), now),
    (n) => events.list(scope, { limit: 1 + (n % 4), event_type: type(n), created_after: START - n }),
    (n) => events.list(scope, { limit: 1 + (n % 4), status: n % 2 === 0 ? 'failed' : 'undelivered' }),
    (n) => events.inbox(scope, { limit: 1 + (n % 4), event_type: type(n), available_until: now }),
    (n) => queue.failed(scope, { limit: 1 + (n % 4), event_type: type(n), failed_before: now + 1 }),
    () => queue.stats(scope),
    (n) => keys.claim(scope, `key ${n % 3}`, { event_id: newEventId(0), body_hash: String(n % 2) }),
    async (n) => {
      now += n * 1_000
    },
  ]
  return (verb: number, n: number) => verbs[verb % verbs.length]?.(n)
}

t.test('whatever the stores of the service say is answered as DynamoDB answers it', { skip }, async (t) => {
  const ground = await openGround(t)
  const steps = fc.array(fc.tuple(fc.nat(), fc.nat(30)), { minLength: 10, maxLength: 40 })
  await fc.assert(
    fc.asyncProperty(steps, async (steps) => {
      const perform = createDriver(ground, newTenant(2))
      for (const [verb, n] of [...Array.from({ length: 4 }, (_, n): [number, number] => [0, n]), ...steps])
        await perform(verb, n)
      const [difference] = ground.differences.splice(0)
      if (difference) throw new Error(JSON.stringify(difference, null, 2))
    }),
    { numRuns: RUNS },
  )
})

const attribute = fc.constantFrom('#a', 'b', 'n', 'm')
const value = fc.constantFrom(':s', ':t', ':n', ':m')
const operand = fc.oneof(attribute, value)
const comparison = fc.oneof(
  fc
    .tuple(operand, fc.constantFrom('=', '<>', '<', '<=', '>', '>='), operand)
    // DynamoDB refuses an operand that is compared with itself.
    .filter(([left, , right]) => left !== right && !(left.startsWith(':') && right.startsWith(':')))
    .map((parts) => parts.join(' ')),
  attribute.map((name) => `attribute_exists(${name})`),
  attribute.map((name) => `attribute_not_exists(${name})`),
  fc.tuple(attribute, fc.constantFrom(':s', ':t')).map(([name, prefix]) => `begins_with(${name}, ${prefix})`),
  attribute.map((name) => `${name} BETWEEN :n AND :m`),
  attribute.map((name) => `${name} BETWEEN :s AND :t`),
)
const condition = fc.letrec<{ any: string }>((tie) => ({
  any: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    comparison,
    fc
      .tuple(tie('any'), fc.constantFrom('AND', 'OR'), tie('any'))
      .map(([a, word, b]) => `(${a}) ${word} ${b}`),
    tie('any').map((inner) => `NOT (${inner})`),
  ),
})).any
const VALUES: Item = { ':s': { S: 'a' }, ':t': { S: 'b' }, ':n': { N: '1' }, ':m': { N: '10' } }
const anyValue = fc.constantFrom<AttributeValue>(
  { S: 'a' },
  { S: 'ab' },
  { S: 'b' },
  { N: '1' },
  { N: '9' },
  { N: '10' },
)
const item = fc.dictionary(fc.constantFrom('a', 'b', 'n', 'm'), anyValue)

/** The placeholders that the expressions use, and no others. */
function placeholdersOf(...expressions: string[]) {
  const used = new Set(expressions.join(' ').match(/[#:]\w+/g))
  const values = Object.entries(VALUES).filter(([name]) => used.has(name))
  return {
    ...(used.has('#a') ? { ExpressionAttributeNames: { '#a': 'a' } } : {}),
    ...(values.length > 0 ? { ExpressionAttributeValues: Object.fromEntries(values) } : {}),
  }
}

t.test(
  'any condition, filter and update of the subset means what it means to DynamoDB',
  { skip },
  async (t) => {
    const { both, table: TableName, differences } = await openGround(t)
    const { signal } = new AbortController()
    let serial = 0
    const update = fc.constantFrom(
      'SET #a = :s',
      'SET b = n, n = n + :n REMOVE m',
      'SET m = n - :m REMOVE b, #a',
      'SET b = if_not_exists(#a, :s), n = if_not_exists(n, :n) + :m',
      'SET #a = :t, m = :m',
    )
    const property = fc.asyncProperty(
      item,
      condition,
      update,
      fc.boolean(),
      async (item, text, update, isThere) => {
        const Key: Item = { pk: { S: 'any' }, sk: { S: String(serial++) } }
        const ReturnValuesOnConditionCheckFailure = 'ALL_OLD' as const
        const ignore = () => undefined
        if (isThere) await both.putItem({ TableName, Item: { ...item, ...Key } }, signal)
        const query = {
          TableName,
          ConsistentRead: true,
          KeyConditionExpression: 'pk = :partition AND sk BETWEEN :from AND :to',
          FilterExpression: text,
          ...placeholdersOf(text),
        }
        const ExpressionAttributeValues = {
          ...placeholdersOf(text).ExpressionAttributeValues,
          ...{ ':partition': Key['pk']!, ':from': Key['sk']!, ':to': Key['sk']! },
        }
        await both.query({ ...query, ExpressionAttributeValues }, signal).catch(ignore)
        const conditional = { TableName, ConditionExpression: text, ReturnValuesOnConditionCheckFailure }
        await both
          .updateItem(
            {
              ...conditional,
              Key,
              UpdateExpression: update,
              ReturnValues: 'UPDATED_NEW',
              ...placeholdersOf(text, update),
            },
            signal,
          )
          .catch(ignore)
        await both
          .putItem({ ...conditional, Item: { ...item, ...Key }, ...placeholdersOf(text) }, signal)
          .catch(ignore)
        await both.getItem({ TableName, Key, ConsistentRead: true }, signal)
        const [difference] = differences.splice(0)
        if (difference) throw new Error(JSON.stringify(difference, null, 2))
      },
    )
    await fc.assert(property, { numRuns: 10 * RUNS })
  },
)

t.test('what is not simulated is refused', async (t) => {
  const store = new SimulatedStore({ table: 'events', now: () => 0, lagMs: () => 0, tellsFound: true })
  const TableName = 'events'
  const Key = { pk: { S: 'p' }, sk: { S: 's' } }
  const refused = { name: 'ValidationException' }
  t.throws(() => store.getItem({ TableName, Key }), refused, 'stale reads')
  t.throws(
    () => store.getItem({ TableName, Key, ConsistentRead: true, ReturnConsumedCapacity: 'TOTAL' }),
    refused,
  )
  for (const ConditionExpression of [
    'size(a) > :n',
    'a IN (:n)',
    'a.b = :n',
    'a = :n AND',
    'contains(a, :n)',
  ]) {
    const values = { ExpressionAttributeValues: { ':n': { N: '1' } } }
    t.throws(
      () => store.putItem({ TableName, Item: Key, ConditionExpression, ...values }),
      refused,
      ConditionExpression,
    )
  }
  for (const UpdateExpression of ['ADD n :n', 'SET n = list_append(n, :n)', 'SET n[0] = :n']) {
    const values = { ExpressionAttributeValues: { ':n': { N: '1' } } }
    t.throws(
      () => store.updateItem({ TableName, Key, UpdateExpression, ...values }),
      refused,
      UpdateExpression,
    )
  }
})
