import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  DeleteItemCommand,
  DescribeTableCommand,
  ListTablesCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
  type QueryCommandInput,
} from '@aws-sdk/client-dynamodb'
import { once } from 'node:events'
import type { Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { dynamoDBLocalEndpoint } from './dynamodb-local.ts'
import { createClient, Fixture, item, key, BASE, INBOX, STATUS } from './fault-proxy/fixture.ts'
import { startFaultProxy } from './fault-proxy.ts'

const dynalite = createRequire(import.meta.url)('dynalite') as (options: {
  createTableMs: number
  deleteTableMs: number
}) => Server

/** Long enough for a few calls on a busy machine. */
const LAG_MS = 700
/** What the SDK makes of ECONNRESET. */
const CUT = 'TimeoutError'
const NUMBERS = ['1', '2', '3', '4', '5']

t.test('DynamoDB Local', async (t) => {
  const endpoint = await dynamoDBLocalEndpoint(t)
  if (endpoint) await testsOn(t, endpoint)
  else t.pass('on DynamoDB Local', { skip: 'no Java runtime' })
})

t.test('dynalite', async (t) => {
  const server = dynalite({ createTableMs: 0, deleteTableMs: 0 }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  await testsOn(t, `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})

async function testsOn(t: Test, target: string): Promise<void> {
  await t.test('every call', (t) => everyCall(t, target))
  await t.test('refusals', (t) => refusals(t, target))
  await t.test('lost answers', (t) => lostAnswers(t, target))
  await t.test('pages', (t) => pages(t, target))
  await t.test('lagging indexes', (t) => laggingIndexes(t, target))
  await t.test('connections', (t) => connections(t, target))
}

async function everyCall(t: Test, target: string): Promise<void> {
  t.test('passes and is recorded', async (t) => {
    const fixture = await Fixture.start(t, target, {})
    const before = Date.now()
    await fixture.put('1')
    t.strictSame(await fixture.get('1'), item('1'))
    t.strictSame(await fixture.pages(INBOX), [['1']])

    const { calls } = fixture.proxy
    t.strictSame(
      calls.map(({ operation }) => operation),
      ['PutItem', 'GetItem', 'Query'],
    )
    t.ok(calls.every(({ at }) => at >= before && at <= Date.now()))
    t.equal(fixture.proxy.count('GetItem'), 1)
    t.equal(fixture.proxy.count(), 3)
  })

  t.test('keeps the errors of the store', async (t) => {
    const { proxy } = await Fixture.start(t, target, {})
    const describe = new DescribeTableCommand({ TableName: 'no-such-table' })
    await t.rejects(createClient(proxy.endpoint).send(describe), { name: 'ResourceNotFoundException' })
  })

  t.test('is cut when there is no store', async (t) => {
    const proxy = await startFaultProxy({ target: 'http://127.0.0.1:1' })
    t.teardown(() => proxy.stop())
    const describe = new DescribeTableCommand({ TableName: 'any' })
    await t.rejects(createClient(proxy.endpoint).send(describe), { code: 'ECONNRESET' })
  })
}

async function refusals(t: Test, target: string): Promise<void> {
  t.test('throttle', async (t) => {
    const fixture = await Fixture.start(t, target, { throttle: { next: 1 } })
    const expected = { name: 'ProvisionedThroughputExceededException', $metadata: { httpStatusCode: 400 } }
    await t.rejects(fixture.put('1'), expected)
    t.equal(await fixture.get('1'), undefined, 'not applied, and only one call was meant')
  })

  t.test('serverError, for some operations', async (t) => {
    const fixture = await Fixture.start(t, target, { serverError: 1, operations: ['PutItem'] })
    await t.rejects(fixture.put('1'), { name: 'InternalServerError', $metadata: { httpStatusCode: 500 } })
    t.equal(await fixture.get('1'), undefined)
  })

  t.test('calls about tables pass', async (t) => {
    const { client, TableName } = await Fixture.start(t, target, { throttle: 1, serverError: 1 })
    await t.resolves(client.send(new DescribeTableCommand({ TableName })))
  })

  t.test('are retried by a client that may', async (t) => {
    const fixture = await Fixture.start(t, target, { throttle: { next: 1 }, serverError: { next: 1 } })
    const client = createClient(fixture.proxy.endpoint, 3)
    await fixture.put('1', client)
    t.equal(fixture.proxy.count('PutItem'), 3)
  })

  t.test('by probability, the same for the same seed', async (t) => {
    const throttled = async () => {
      const fixture = await Fixture.start(t, target, { throttle: 0.5 })
      const outcomes = []
      for (const sk of '0123456789abcdef') outcomes.push(await outcome(fixture.put(sk)))
      return outcomes
    }
    const outcomes = await throttled()
    t.strictSame(new Set(outcomes), new Set(['answered', 'ProvisionedThroughputExceededException']))
    t.strictSame(await throttled(), outcomes)
  })

  t.test('unprocessedKeys', async (t) => {
    const { client, proxy, TableName } = await Fixture.start(t, target, { unprocessedKeys: 0.5 }, NUMBERS)
    const request = { Keys: NUMBERS.map(key), ConsistentRead: true, ProjectionExpression: 'sk' }
    const read = async () => client.send(new BatchGetItemCommand({ RequestItems: { [TableName]: request } }))

    const { Responses, UnprocessedKeys } = await read()
    const items = Responses?.[TableName]?.map(({ sk }) => sk?.S) ?? []
    const { Keys = [], ...options } = UnprocessedKeys?.[TableName] ?? {}
    const left = Keys.map(({ sk }) => sk?.S)
    t.ok(items.length > 0 && left.length > 0)
    t.strictSame([...items, ...left].sort(), NUMBERS)
    t.strictSame(options, { ConsistentRead: true, ProjectionExpression: 'sk' })

    proxy.faults = { unprocessedKeys: 1 }
    t.match(await read(), { Responses: {}, UnprocessedKeys: { [TableName]: request } })
    proxy.faults = {}
    t.match(await read(), { Responses: { [TableName]: { length: 5 } }, UnprocessedKeys: {} })
  })
}

async function lostAnswers(t: Test, target: string): Promise<void> {
  t.test('the write is applied', async (t) => {
    const fixture = await Fixture.start(t, target, { loseAnswer: { next: 1 } })
    await t.rejects(fixture.put('1'), { code: 'ECONNRESET' })
    t.strictSame(await fixture.get('1'), item('1'))
    await fixture.put('2')
    t.strictSame(fixture.proxy.faults, { loseAnswer: { next: 0 } })
  })

  t.test('resetBefore: it is not applied', async (t) => {
    const fixture = await Fixture.start(t, target, { resetBefore: { next: 1 } })
    await t.rejects(fixture.put('1'), { code: 'ECONNRESET' })
    t.equal(await fixture.get('1'), undefined)
    t.strictSame(fixture.proxy.strikes, { resetBefore: 1 })
  })

  t.test('resetBody: it is applied, and half of the answer comes', async (t) => {
    const fixture = await Fixture.start(t, target, { resetBody: { next: 2 } })
    t.not(await outcome(fixture.put('1')), 'answered')
    t.not(await outcome(fixture.get('1')), 'answered')
    t.strictSame(await fixture.get('1'), item('1'))
  })

  t.test('reads are answered', async (t) => {
    const fixture = await Fixture.start(t, target, { loseAnswer: 1 }, ['1'])
    t.strictSame(await fixture.get('1'), item('1'))
  })

  t.test('refused writes are answered', async (t) => {
    const { client, TableName, proxy } = await Fixture.start(t, target, { loseAnswer: { next: 1 } })
    const update = { TableName, Key: key('1'), ConditionExpression: 'attribute_exists(pk)' }
    await t.rejects(client.send(new UpdateItemCommand(update)), { name: 'ConditionalCheckFailedException' })
    t.strictSame(proxy.faults.loseAnswer, { next: 1 })
  })
}

async function pages(t: Test, target: string): Promise<void> {
  const QUERIES: Record<string, Partial<QueryCommandInput>> = { BASE, STATUS, INBOX }

  for (const [name, query] of Object.entries(QUERIES)) {
    t.test(`shortPages of ${name}`, async (t) => {
      const fixture = await Fixture.start(t, target, { shortPages: 2 }, NUMBERS)
      t.strictSame(await fixture.pages(query), [['1', '2'], ['3', '4'], ['5']])
      t.ok((await fixture.pages({ ...query, Limit: 1 })).every((page) => page.length <= 1))
    })

    for (const ScanIndexForward of [true, false]) {
      t.test(`emptyPages of ${name}, ${ScanIndexForward ? 'forward' : 'backward'}`, async (t) => {
        const fixture = await Fixture.start(t, target, { emptyPages: { next: 2 }, shortPages: 3 }, NUMBERS)
        const [first, second, ...pages] = await fixture.pages({ ...query, ScanIndexForward })
        t.strictSame([first, second], [[], []])
        t.strictSame(pages.flat(), ScanIndexForward ? NUMBERS : NUMBERS.toReversed())
      })
    }
  }

  t.test('emptyPages in the middle and at random', async (t) => {
    const fixture = await Fixture.start(t, target, { emptyPages: 0.5, shortPages: 1 }, NUMBERS)
    const pages = await fixture.pages(INBOX)
    t.strictSame(pages.flat(), NUMBERS)
    t.ok(pages.slice(1, -1).some((page) => page.length === 0))
  })
}

async function laggingIndexes(t: Test, target: string): Promise<void> {
  t.test('the index lags, the table does not', async (t) => {
    const fixture = await Fixture.start(t, target, { indexLagMs: LAG_MS }, ['1'])
    t.strictSame(await fixture.all(INBOX), ['1'], 'what was there before')

    await fixture.put('2')
    const written = performance.now()
    t.strictSame(await fixture.all(INBOX), ['1'])
    t.strictSame(await fixture.all(STATUS), ['1'])
    t.strictSame(await fixture.all(BASE), ['1', '2'])
    t.strictSame(await fixture.get('2'), item('2'))

    await fixture.proxy.settle()
    t.ok(performance.now() - written >= LAG_MS - 5)
    t.strictSame(await fixture.all(INBOX), ['1', '2'])
  })

  t.test('staleReads: some queries see the table as it is', async (t) => {
    const fixture = await Fixture.start(t, target, { indexLagMs: LAG_MS, staleReads: { next: 1 } }, ['1'])
    await fixture.put('2')
    t.strictSame(await fixture.all(INBOX), ['1'])
    t.strictSame(await fixture.all(INBOX), ['1', '2'])
  })

  t.test('updates, deletes and what they are conditional on', async (t) => {
    const fixture = await Fixture.start(t, target, { indexLagMs: LAG_MS }, ['1', '2', '3'])
    const { client, TableName, proxy } = fixture
    const leave = { UpdateExpression: 'REMOVE inbox_key', ConditionExpression: 'attribute_exists(inbox_key)' }
    const update = new UpdateItemCommand({ TableName, Key: key('1'), ...leave })
    await client.send(update)
    await t.rejects(client.send(update), { name: 'ConditionalCheckFailedException' })
    await client.send(new DeleteItemCommand({ TableName, Key: key('2') }))

    t.strictSame(await fixture.all(INBOX), ['1', '2', '3'])
    await proxy.settle()
    t.strictSame(await fixture.all(INBOX), ['3'])
    t.strictSame(await fixture.all(STATUS), ['1', '3'])
  })

  t.test('writes of one item keep their order while the lag changes', async (t) => {
    const fixture = await Fixture.start(t, target, { indexLagMs: LAG_MS })
    await fixture.put('1')
    fixture.proxy.faults = {}
    await fixture.client.send(new DeleteItemCommand({ TableName: fixture.TableName, Key: key('1') }))
    await fixture.put('2')
    t.strictSame(await fixture.all(INBOX), ['2'], 'no lag: the table itself')
    await fixture.proxy.settle()
    fixture.proxy.faults = { indexLagMs: LAG_MS }
    t.strictSame(await fixture.all(INBOX), ['2'], 'the shadow was kept up to date')
  })

  t.test('many writes at once', async (t) => {
    const fixture = await Fixture.start(t, target, { indexLagMs: 50 })
    const names = Array.from({ length: 200 }, (_, index) => String(1000 + index))
    await Promise.all(names.map((name) => fixture.put(name)))
    await fixture.proxy.settle()
    t.strictSame(await fixture.all(INBOX), names)
  })

  t.test('a write whose answer is lost is not lost to the index', async (t) => {
    const fixture = await Fixture.start(t, target, { indexLagMs: 50, loseAnswer: 1 })
    await t.rejects(fixture.put('1'), { code: 'ECONNRESET' })
    await fixture.proxy.settle()
    t.strictSame(await fixture.all(INBOX), ['1'])
  })

  t.test('with short and empty pages', async (t) => {
    const faults = { indexLagMs: LAG_MS, shortPages: 2, emptyPages: { next: 2 } }
    const fixture = await Fixture.start(t, target, faults, NUMBERS)
    await fixture.put('6')
    const pages = await fixture.pages(INBOX)
    t.strictSame(pages.slice(0, 2), [[], []])
    t.strictSame(pages.flat(), NUMBERS)
  })

  t.test('the shadow goes by no name of its own, and goes with the proxy', async (t) => {
    const { client, proxy, TableName } = await Fixture.start(t, target, { indexLagMs: LAG_MS }, ['1'])
    const query = new QueryCommand({ TableName, ...INBOX, ReturnConsumedCapacity: 'TOTAL' })
    t.equal((await client.send(query)).ConsumedCapacity?.TableName, TableName)
    await proxy.stop()

    const direct = createClient(target)
    const { TableNames = [] } = await direct.send(
      new ListTablesCommand({ ExclusiveStartTableName: TableName.slice(0, -1) }),
    )
    t.strictSame(
      TableNames.filter((name) => name.startsWith(TableName)),
      [TableName],
    )
    direct.destroy()
  })

  t.test('what cannot lag is refused', async (t) => {
    const { client, TableName } = await Fixture.start(t, target, { indexLagMs: LAG_MS })
    const batch = { RequestItems: { [TableName]: [{ PutRequest: { Item: item('1') } }] } }
    await t.rejects(client.send(new BatchWriteItemCommand(batch)), { name: 'ValidationException' })
    const query = new QueryCommand({ TableName: 'no-such-table', ...INBOX })
    await t.rejects(client.send(query), { message: /DescribeTable for a lagging index/ })
  })
}

async function connections(t: Test, target: string): Promise<void> {
  t.test('latencyMs', async (t) => {
    const fixture = await Fixture.start(t, target, { latencyMs: 200 })
    const start = performance.now()
    await fixture.put('1')
    const elapsedMs = performance.now() - start
    t.ok(elapsedMs >= 195 && elapsedMs < 600, `took ${elapsedMs} ms`)
  })

  t.test('a slow call is applied, though nobody waits for it any more', async (t) => {
    const fixture = await Fixture.start(t, target, { latencyMs: 200, slow: { next: 1 } })
    const abortSignal = AbortSignal.timeout(50)
    const put = new PutItemCommand({ TableName: fixture.TableName, Item: item('1') })
    await t.rejects(fixture.client.send(put, { abortSignal }), { name: 'AbortError' })
    t.equal(await fixture.get('1'), undefined)
    await delay(300)
    t.strictSame(await fixture.get('1'), item('1'))
  })

  t.test('blackHole', async (t) => {
    const fixture = await Fixture.start(t, target, { blackHole: true })
    const put = outcome(fixture.put('1'))
    t.equal(await Promise.race([put, delay(300, 'nothing')]), 'nothing')
    t.equal(fixture.proxy.count('PutItem'), 1)

    fixture.proxy.faults = {}
    t.equal(await fixture.get('1'), undefined, 'not applied')
    await fixture.proxy.stop()
    t.equal(await put, CUT)
  })

  t.test('stallBody', async (t) => {
    const fixture = await Fixture.start(t, target, { stallBody: true, operations: ['Query'] }, NUMBERS)
    const query = outcome(fixture.all(INBOX))
    t.equal(await Promise.race([query, delay(300, 'nothing')]), 'nothing')
    await fixture.proxy.stop()
    t.not(await query, 'answered')
  })

  t.test('refuse', async (t) => {
    const fixture = await Fixture.start(t, target, {}, ['1'])
    const { proxy } = fixture
    const { endpoint } = proxy
    proxy.faults = { refuse: true }
    await proxy.settle()
    // The client's own connection is cut, and it may not have seen it yet: only a new one is refused.
    await t.rejects(fixture.put('2', createClient(endpoint)), { code: 'ECONNREFUSED' })

    proxy.faults = {}
    await proxy.settle()
    t.equal(proxy.endpoint, endpoint)
    t.strictSame(await fixture.get('1'), item('1'))
  })

  t.test('refuse cuts what is under way', async (t) => {
    const fixture = await Fixture.start(t, target, { latencyMs: 10_000 })
    const put = outcome(fixture.put('1'))
    await delay(100)
    fixture.proxy.faults = { refuse: true }
    t.equal(await put, CUT)
  })
}

/** `answered`, or the name of the error. */
async function outcome(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'answered',
    (error: unknown) => (error as Error).name,
  )
}
