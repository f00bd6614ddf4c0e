import {
  CreateTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  ListTablesCommand,
  PutItemCommand,
  QueryCommand,
} from '@aws-sdk/client-dynamodb'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { EndpointFile } from '../../src/dynamodb/embedded/endpoint-file.ts'
import { openEmbeddedStore, type EmbeddedStoreOptions } from '../../src/dynamodb/embedded/embedded-store.ts'
import type { Level, Table, Write } from '../../src/dynamodb/embedded/layout.ts'

const MODULE = new URL('../../src/dynamodb/embedded/embedded-store.ts', import.meta.url).href
const TABLE = 'events'
// The row that settles a pending event's place in the inbox, as dynalite keys it.
const INBOX_ROWS = `index-global~${TABLE}~InboxIndex~`

/** A folder that does not exist yet, removed after the test. */
const newFolder = (t: Test) => join(t.testdir(), 'data')

/** A store that ends with the test, and a client for it. */
async function open(t: Test, options: EmbeddedStoreOptions) {
  const store = await openEmbeddedStore(options)
  const client = clientFor(store.endpoint)
  t.teardown(async () => {
    client.destroy()
    await store.stop()
  })
  return { store, client }
}

const clientFor = (endpoint: string) =>
  new DynamoDBClient({
    endpoint,
    region: 'local',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  })

async function createTable(client: DynamoDBClient): Promise<void> {
  await client.send(tableRequest())
  await until(async () => {
    const { Table } = await client.send(new DescribeTableCommand({ TableName: TABLE }))
    return Table?.TableStatus === 'ACTIVE'
  })
}

const tableRequest = () =>
  new CreateTableCommand({
    TableName: TABLE,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: ['pk', 'sk', 'inbox', 'available'].map((AttributeName) => ({
      AttributeName,
      AttributeType: AttributeName === 'available' ? ('N' as const) : ('S' as const),
    })),
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
    GlobalSecondaryIndexes: [
      {
        IndexName: 'InboxIndex',
        Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['event_type'] },
        KeySchema: [
          { AttributeName: 'inbox', KeyType: 'HASH' },
          { AttributeName: 'available', KeyType: 'RANGE' },
        ],
      },
    ],
    LocalSecondaryIndexes: [
      {
        IndexName: 'LocalIndex',
        Projection: { ProjectionType: 'ALL' },
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'available', KeyType: 'RANGE' },
        ],
      },
    ],
  })

const eventRow = (n: number) => ({
  pk: { S: 'e#acme#0' },
  sk: { S: `event ${n}` },
  inbox: { S: 'acme#0' },
  available: { N: String(1000 - n) },
  event_type: { S: 'order.paid' },
  body: { S: 'ö'.repeat(10) },
})

async function put(
  client: DynamoDBClient,
  item: ReturnType<typeof eventRow> | Record<string, { S: string }>,
) {
  await client.send(new PutItemCommand({ TableName: TABLE, Item: item }))
}

async function isStored(client: DynamoDBClient, n: number): Promise<boolean> {
  const { pk, sk } = eventRow(n)
  const { Item } = await client.send(new GetItemCommand({ TableName: TABLE, Key: { pk, sk } }))
  return Item !== undefined
}

/** What an index holds of the partition of our rows, in its order. */
async function indexed(client: DynamoDBClient, index: 'InboxIndex' | 'LocalIndex') {
  const { Items } = await client.send(
    new QueryCommand({
      TableName: TABLE,
      IndexName: index,
      KeyConditionExpression: '#partition = :partition',
      ExpressionAttributeNames: { '#partition': index === 'InboxIndex' ? 'inbox' : 'pk' },
      ExpressionAttributeValues: { ':partition': { S: index === 'InboxIndex' ? 'acme#0' : 'e#acme#0' } },
    }),
  )
  return Items
}

async function recordedEndpoint(folder: string): Promise<EndpointFile & { pid: number }> {
  return JSON.parse(await readFile(join(folder, 'endpoint.json'), 'utf8')) as EndpointFile & { pid: number }
}

/** Works on the rows of a stopped store behind dynalite's back. */
async function inLevel<T>(
  folder: string,
  work: (level: Level & { iterator(): AsyncIterable<[string, unknown]> }) => Promise<T>,
): Promise<T> {
  const fromDynalite = createRequire(createRequire(import.meta.url).resolve('dynalite'))
  const { Level } = fromDynalite('level') as {
    Level: new (
      path: string,
      options: object,
    ) => Level & {
      iterator(): AsyncIterable<[string, unknown]>
      close(): Promise<void>
    }
  }
  const level = new Level(join(folder, 'leveldb'), { valueEncoding: 'json' })
  await level.open()
  try {
    return await work(level)
  } finally {
    await level.close()
  }
}

const allRows = (folder: string) =>
  inLevel(folder, async (level) => {
    const rows = new Map<string, unknown>()
    for await (const [key, value] of level.iterator()) rows.set(key, value)
    return rows
  })

/** A Node process that runs the code after `openEmbeddedStore` was imported; ends with the test. */
function script(t: Test, code: string) {
  const source = `import { openEmbeddedStore } from ${JSON.stringify(MODULE)}\n${code}`
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  return child
}

t.test('keeps its data over a stop', async (t) => {
  const folder = newFolder(t)
  const first = await open(t, { folder })
  await createTable(first.client)
  await put(first.client, eventRow(1))
  t.equal((await stat(folder)).mode & 0o777, 0o700)
  t.match(await recordedEndpoint(folder), { endpoint: first.store.endpoint, pid: Number })

  await first.store.stop()
  t.notOk(existsSync(join(folder, 'endpoint.json')))
  await first.store.stop()

  const second = await open(t, { folder })
  t.ok(await isStored(second.client, 1))
})

t.test('comes back on the same port with all its data when its process is killed', async (t) => {
  const folder = newFolder(t)
  const reasons: string[] = []
  const { store, client } = await open(t, { folder, onRestart: (reason) => reasons.push(reason) })
  await createTable(client)
  await put(client, eventRow(1))
  const { pid } = await recordedEndpoint(folder)

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(pid, signal)
  await delay(50)
  t.ok(await isStored(client, 1), 'only its parent may end it')
  t.same(reasons, [])

  process.kill(pid, 'SIGKILL')
  await until(() => isStored(client, 1))
  t.same(reasons, ['ended by SIGKILL'])
  const now = await recordedEndpoint(folder)
  t.equal(now.endpoint, store.endpoint)
  t.not(now.pid, pid)
})

t.test('is not ended by a client that hangs up within a request', async (t) => {
  const reasons: string[] = []
  const { store, client } = await open(t, {
    folder: newFolder(t),
    onRestart: (reason) => reasons.push(reason),
  })
  const { hostname, port } = new URL(store.endpoint)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  socket.write('POST / HTTP/1.1\r\nHost: local\r\nContent-Length: 100\r\n\r\n{')
  await delay(50)
  socket.resetAndDestroy()
  await delay(50)

  t.same((await client.send(new ListTablesCommand())).TableNames, [])
  t.same(reasons, [])
})

t.test('is joined from another process', async (t) => {
  const folder = newFolder(t)
  const { store, client } = await open(t, { folder })
  const cli = script(
    t,
    `const store = await openEmbeddedStore({ folder: ${JSON.stringify(folder)}, attach: true })
     console.log(store.endpoint)
     await store.stop()`,
  )
  t.equal(await text(cli.stdout), `${store.endpoint}\n`)
  t.same((await client.send(new ListTablesCommand())).TableNames, [], 'and not stopped by it')
})

t.test('runs for itself where there is nothing to join', async (t) => {
  const folder = newFolder(t)
  const cli = await open(t, { folder, attach: true })
  await createTable(cli.client)
  t.notOk(existsSync(join(folder, 'endpoint.json')), 'and is not joined in its turn')
})

t.test('does not join another store at a stale address', async (t) => {
  const folder = newFolder(t)
  const former = await open(t, { folder })
  const recorded = await recordedEndpoint(folder)
  await former.store.stop()
  const other = await open(t, { folder: join(t.testdirName, 'other') })
  const stale = JSON.stringify({ ...recorded, endpoint: other.store.endpoint })
  await writeFile(join(folder, 'endpoint.json'), stale)

  const cli = await open(t, { folder, attach: true })
  t.not(cli.store.endpoint, other.store.endpoint)
  t.equal(await readFile(join(folder, 'endpoint.json'), 'utf8'), stale)
})

t.test('refuses a folder that another process has for longer than 5 s', async (t) => {
  const folder = newFolder(t)
  await open(t, { folder })
  const startedAt = performance.now()
  await t.rejects(openEmbeddedStore({ folder }), {
    message: `the data folder ${folder} is in use by another process`,
  })
  const waitedMs = performance.now() - startedAt
  t.ok(waitedMs >= 5000 && waitedMs < 7000, `after ${waitedMs.toFixed()} ms`)
})

t.test('says why it cannot start', async (t) => {
  const folder = t.testdir({ leveldb: 'a file where LevelDB wants a folder' })
  await t.rejects(openEmbeddedStore({ folder }), { message: /^the embedded store did not start: .*leveldb/ })
})

t.test('does not outlive a killed parent', async (t) => {
  const folder = newFolder(t)
  const parent = script(
    t,
    `const store = await openEmbeddedStore({ folder: ${JSON.stringify(folder)} })
     console.log(store.endpoint)
     setInterval(() => {}, 1000)`,
  )
  const [line] = (await once(parent.stdout, 'data')) as [Buffer]
  const endpoint = line.toString().trim()
  t.equal((await fetch(endpoint)).status, 200)

  parent.kill('SIGKILL')
  await until(() =>
    fetch(endpoint).then(
      () => false,
      () => true,
    ),
  )
  await open(t, { folder })
})

t.test('does not keep its parent alive', async (t) => {
  const parent = script(t, `await openEmbeddedStore({ folder: ${JSON.stringify(newFolder(t))} })`)
  t.same(await once(parent, 'exit'), [0, null])
})

t.test('rebuilds the indexes from the base rows', async (t) => {
  const folder = newFolder(t)
  const before = await open(t, { folder })
  await createTable(before.client)
  // More than are read or written at a time.
  const numbers = Array.from({ length: 700 }, (_, n) => n)
  await Promise.all(numbers.map((n) => put(before.client, eventRow(n))))
  await put(before.client, { pk: { S: 'e#acme#0' }, sk: { S: 'delivered' } })
  const inbox = await indexed(before.client, 'InboxIndex')
  const local = await indexed(before.client, 'LocalIndex')
  t.equal(inbox?.length, 700)
  await before.store.stop()
  const intact = await allRows(folder)

  const indexRows = [...intact.keys()].filter((key) => key.startsWith('index-'))
  t.equal(indexRows.length, 1400)
  const lost = indexRows.filter((_, n) => n % 3 === 0)
  const stray = [...intact].find(([key]) => key.startsWith(INBOX_ROWS))!
  await inLevel(folder, (level) =>
    level.batch([
      ...lost.map((key): Write => ({ type: 'del', key })),
      { type: 'put', key: `${stray[0]}stray`, value: stray[1] },
      { type: 'put', key: stray[0], value: { ...(stray[1] as object), event_type: { S: 'outdated' } } },
      { type: 'put', key: 'index-global~deleted~InboxIndex~1', value: {} },
    ]),
  )

  const after = await open(t, { folder })
  t.same(await indexed(after.client, 'InboxIndex'), inbox)
  t.same(await indexed(after.client, 'LocalIndex'), local)
  await after.store.stop()
  t.strictSame(await allRows(folder), intact, 'row for row what dynalite had written')
})

t.test('frees tables that a kill left in a passing state', async (t) => {
  const folder = newFolder(t)
  const before = await open(t, { folder })
  await createTable(before.client)
  await put(before.client, eventRow(1))
  await before.store.stop()
  const rows = await allRows(folder)
  const table = rows.get(`table~${TABLE}`) as Table
  const creating = table.GlobalSecondaryIndexes!.map((index) => ({ ...index, IndexStatus: 'CREATING' }))
  await inLevel(folder, (level) =>
    level.batch([
      {
        type: 'put',
        key: `table~${TABLE}`,
        value: { ...table, TableStatus: 'CREATING', GlobalSecondaryIndexes: creating },
      },
      {
        type: 'put',
        key: 'table~dropped',
        value: { ...table, TableName: 'dropped', TableStatus: 'DELETING' },
      },
      { type: 'put', key: 'item-dropped~1', value: eventRow(1) },
      { type: 'put', key: 'tag-dropped~1', value: 'tag' },
    ]),
  )

  const after = await open(t, { folder })
  t.same((await after.client.send(new ListTablesCommand())).TableNames, [TABLE])
  t.ok(await isStored(after.client, 1))
  await after.store.stop()
  t.strictSame(await allRows(folder), rows)
})

/** Asks again until the answer is yes, a failure being no; the test's own timeout is the limit. */
async function until(ask: () => Promise<boolean>): Promise<void> {
  while (!(await ask().catch(() => false))) await delay(20)
}
