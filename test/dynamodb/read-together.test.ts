import type {
  AttributeValue,
  BatchGetItemCommandInput,
  BatchGetItemCommandOutput,
  GetItemCommandInput,
  GetItemCommandOutput,
} from '@aws-sdk/client-dynamodb'
import { getEventListeners } from 'node:events'
import { setImmediate as nextTurn } from 'node:timers/promises'
import pMap from 'p-map'
import t from 'tap'
import { createClient, createDynamoDB } from '../../src/dynamodb/client.ts'
import { readTogether } from '../../src/dynamodb/read-together.ts'
import { dynamoDBLocalEndpoint } from '../support/dynamodb-local.ts'
import { startFaultProxy } from '../support/fault-proxy.ts'
import { openTable } from '../support/table.ts'

const $metadata = { httpStatusCode: 200 }

type Item = Record<string, AttributeValue>

const keyOf = (n: number | string): Item => ({ pk: { S: 'p' }, sk: { S: String(n) } })
const inputOf = (n: number | string, table = 'events'): GetItemCommandInput => ({
  TableName: table,
  Key: keyOf(n),
  ConsistentRead: true,
})
const itemOf = (key: Item): Item => ({ ...key, found: { BOOL: true } })

interface Asked<Input> {
  input: Input
  signal: AbortSignal
}

/** Calls that find everything but what is called `missing`, and say what was asked. */
function createCalls({ unprocessed = [] as string[] } = {}) {
  const gets: Asked<GetItemCommandInput>[] = []
  const batches: Asked<BatchGetItemCommandInput>[] = []
  const read = (keys: Item[] = []) => keys.filter((key) => key['sk']?.S !== 'missing').map(itemOf)
  const calls = {
    async getItem(input: GetItemCommandInput, signal: AbortSignal): Promise<GetItemCommandOutput> {
      gets.push({ input, signal })
      signal.throwIfAborted()
      const [Item] = read(input.Key && [input.Key])
      return { ...(Item && { Item }), $metadata }
    },
    async batchGetItem(
      input: BatchGetItemCommandInput,
      signal: AbortSignal,
    ): Promise<BatchGetItemCommandOutput> {
      batches.push({ input, signal })
      const [[table, { Keys = [] }]] = Object.entries(input.RequestItems ?? {}) as [
        [string, { Keys?: Item[] }],
      ]
      const isLeft = (key: Item) => unprocessed.includes(key['sk']?.S ?? '')
      const left = Keys.filter(isLeft)
      return {
        // In another order than asked, as DynamoDB may.
        Responses: { [table]: read(Keys.filter((key) => !isLeft(key))).reverse() },
        UnprocessedKeys: left.length === 0 ? {} : { [table]: { Keys: left } },
        $metadata,
      }
    },
  }
  return { calls, gets, batches }
}

const never = () => new AbortController().signal

t.test('reads of one turn are one call, and each gets what it asked for', async (t) => {
  const { calls, gets, batches } = createCalls()
  const getItem = readTogether(calls)
  const wanted = [1, 2, 'missing', 3, 2]
  const outputs = await Promise.all(wanted.map((n) => getItem(inputOf(n), never())))
  t.strictSame(
    outputs.map(({ Item }) => Item),
    wanted.map((n) => (n === 'missing' ? undefined : itemOf(keyOf(n)))),
  )
  t.notOk('Item' in (outputs[2] ?? {}), 'as GetItem says it')
  t.strictSame(
    batches.map(({ input }) => input),
    [
      {
        RequestItems: {
          events: { Keys: [1, 2, 'missing', 3].map(keyOf), ConsistentRead: true },
        },
      },
    ],
    'nothing twice, and consistent',
  )
  t.equal(gets.length, 0)
})

t.test('a read that is alone stays a GetItem; so does each turn by itself', async (t) => {
  const { calls, gets, batches } = createCalls()
  const getItem = readTogether(calls)
  const signal = never()
  await getItem(inputOf(1), signal)
  await getItem(inputOf(2), signal)
  t.strictSame(
    gets.map((asked) => [asked.input, asked.signal]),
    [
      [inputOf(1), signal],
      [inputOf(2), signal],
    ],
  )
  t.equal(batches.length, 0)
})

t.test('what a batch could not be asked for goes alone, at once', async (t) => {
  const { calls, gets, batches } = createCalls()
  const getItem = readTogether(calls)
  const inputs = [
    { ...inputOf(1), ProjectionExpression: 'pk' },
    { ...inputOf(2), ConsistentRead: false },
    { TableName: 'events', Key: keyOf(3) },
  ]
  await Promise.all(inputs.map((input) => getItem(input, never())))
  t.strictSame(
    gets.map(({ input }) => input),
    inputs,
  )
  t.equal(batches.length, 0)
})

t.test('a call has 100 keys at most, and one table', async (t) => {
  const { calls, gets, batches } = createCalls()
  const getItem = readTogether(calls)
  const numbers = Array.from({ length: 201 }, (_, n) => n)
  const reads = numbers.flatMap((n) => [getItem(inputOf(n), never()), getItem(inputOf(n, 'other'), never())])
  const outputs = await Promise.all(reads)
  t.strictSame(
    outputs.map(({ Item }) => Item?.['sk']?.S),
    numbers.flatMap((n) => [String(n), String(n)]),
  )
  const sizes = batches.flatMap(({ input }) =>
    Object.entries(input.RequestItems ?? {}).map(([table, { Keys = [] }]) => `${table} ${Keys.length}`),
  )
  t.strictSame(sizes.sort(), ['events 100', 'events 100', 'other 100', 'other 100'])
  t.strictSame(
    gets.map(({ input }) => input),
    [inputOf(200), inputOf(200, 'other')],
  )
})

t.test('keys are told apart whatever is in them', async (t) => {
  const { calls } = createCalls()
  const getItem = readTogether(calls)
  const keys = [
    { pk: { S: 'a b' }, sk: { S: 'c' } },
    { pk: { S: 'a' }, sk: { S: 'b c' } },
  ]
  const outputs = await Promise.all(
    keys.map((Key) => getItem({ TableName: 'events', Key, ConsistentRead: true }, never())),
  )
  t.strictSame(
    outputs.map(({ Item }) => Item),
    keys.map(itemOf),
  )
})

t.test('keys that are left unprocessed are read alone, for everybody who wants them', async (t) => {
  const { calls, gets, batches } = createCalls({ unprocessed: ['2'] })
  const getItem = readTogether(calls)
  const signals = [never(), never(), never()]
  const outputs = await Promise.all([1, 2, 2].map((n, at) => getItem(inputOf(n), signals[at] ?? never())))
  t.strictSame(
    outputs.map(({ Item }) => Item?.['sk']?.S),
    ['1', '2', '2'],
  )
  t.equal(batches.length, 1)
  t.strictSame(
    gets.map(({ signal }) => signal),
    signals.slice(1),
    'each under its own deadline',
  )
})

t.test('one error reaches all, and none is left unhandled', async (t) => {
  const error = new Error('The store is gone')
  const { calls } = createCalls()
  const getItem = readTogether({ ...calls, batchGetItem: () => Promise.reject(error) })
  const results = await Promise.allSettled([1, 2, 2].map((n) => getItem(inputOf(n), never())))
  t.strictSame(
    results.map((result) => result.status === 'rejected' && result.reason === error),
    [true, true, true],
  )
  const alone = readTogether({ ...calls, getItem: () => Promise.reject(error) })
  await t.rejects(alone(inputOf(1), never()), error)
})

t.test('who is out of time', async (t) => {
  const reasons = [new Error('first'), new Error('second')] as const

  /** A call that is under way until it is told to end, for two readers. */
  function start() {
    const answer = Promise.withResolvers<BatchGetItemCommandOutput>()
    const signals: AbortSignal[] = []
    const getItem = readTogether({
      getItem: () => Promise.reject(new Error('Not asked for')),
      batchGetItem: (_input, signal) => {
        signals.push(signal)
        signal.addEventListener('abort', () => {
          answer.reject(signal.reason)
        })
        return answer.promise
      },
    })
    const [first, second] = [new AbortController(), new AbortController()]
    const reads = [getItem(inputOf(1), first.signal), getItem(inputOf(2), second.signal)] as const
    const controllers = [first, second]
    const listeners = () => controllers.flatMap(({ signal }) => getEventListeners(signal, 'abort')).length
    return { answer, signals, first, second, reads, listeners }
  }

  t.test('is told at once, and the others get their answer', async (t) => {
    const { answer, signals, first, reads, listeners } = start()
    await nextTurn()
    first.abort(reasons[0])
    await t.rejects(reads[0], reasons[0])
    t.notOk(signals[0]?.aborted, 'the call goes on')
    answer.resolve({ Responses: { events: [itemOf(keyOf(2))] }, $metadata })
    t.match(await reads[1], { Item: itemOf(keyOf(2)) })
    t.equal(listeners(), 0, 'no listener is left')
  })

  t.test('when all are, the call ends too', async (t) => {
    const { signals, first, second, reads, listeners } = start()
    await nextTurn()
    first.abort(reasons[0])
    second.abort(reasons[1])
    await t.rejects(reads[0], reasons[0])
    await t.rejects(reads[1], reasons[1])
    t.ok(signals[0]?.aborted)
    t.equal(listeners(), 0, 'no listener is left')
  })

  t.test('before the call is made: it is told, and costs nothing', async (t) => {
    const { signals, first, second, reads } = start()
    first.abort(reasons[0])
    second.abort(reasons[1])
    await t.rejects(reads[0], reasons[0])
    await t.rejects(reads[1], reasons[1])
    t.equal(signals.length, 0, 'nobody waits: nothing is asked')

    const { calls, gets, batches } = createCalls()
    const getItem = readTogether(calls)
    const early = new AbortController()
    const reading = [getItem(inputOf(1), early.signal), getItem(inputOf(2), never())] as const
    early.abort(reasons[0])
    await t.rejects(reading[0], reasons[0])
    t.match(await reading[1], { Item: itemOf(keyOf(2)) })
    t.strictSame(
      gets.map(({ input }) => input),
      [inputOf(2)],
      'who is left is alone',
    )
    t.equal(batches.length, 0)
  })

  t.test('one signal for many reads warns of nothing', async (t) => {
    const warnings: Error[] = []
    const onWarning = (warning: Error) => warnings.push(warning)
    process.on('warning', onWarning)
    t.teardown(() => process.off('warning', onWarning))
    const { calls } = createCalls()
    const getItem = readTogether(calls)
    const signal = never()
    await Promise.all(Array.from({ length: 100 }, (_, n) => getItem(inputOf(n), signal)))
    await nextTurn()
    t.strictSame(warnings, [])
    t.strictSame(getEventListeners(signal, 'abort'), [])
  })
})

t.test('on DynamoDB Local, keys left unprocessed among them', async (t) => {
  const endpoint = await dynamoDBLocalEndpoint(t)
  if (endpoint === undefined) {
    t.pass('needs DynamoDB Local', { skip: 'there is no Java runtime' })
    return
  }
  const proxy = await startFaultProxy({ target: endpoint })
  t.teardown(() => proxy.stop())
  const { table } = await openTable(t, endpoint)
  const client = createClient({ endpoint: proxy.endpoint, region: 'local' })
  const dynamodb = createDynamoDB(client)
  t.teardown(async () => {
    client.destroy()
    await dynamodb.close()
  })
  const signal = AbortSignal.timeout(10_000)
  const numbers = Array.from({ length: 120 }, (_, n) => n)
  const Bytes = { B: Buffer.from([0, 255]) }
  const put = (n: number) =>
    dynamodb.putItem({ TableName: table, Item: { ...keyOf(n), bytes: Bytes } }, signal)
  await pMap(numbers, put, { concurrency: 8 })
  proxy.faults = { unprocessedKeys: 0.2 }
  await proxy.settle()
  const outputs = await Promise.all(
    [...numbers, 'missing'].map((n) => dynamodb.getItem(inputOf(n, table), signal)),
  )
  t.strictSame(
    outputs.map(({ Item }) => Item),
    [...numbers.map((n) => ({ ...keyOf(n), bytes: Bytes })), undefined],
  )
  t.ok(proxy.count('BatchGetItem') >= 2)
  t.ok(proxy.count('GetItem') > 0, `${proxy.count('GetItem')} were left`)
})
