import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { createWireClient } from '../../../src/dynamodb/wire/wire-client.ts'
import { ok, startWireServer } from '../../support/wire-server.ts'

const GET = { TableName: 'events', Key: { pk: { S: 'p' }, sk: { S: '-' } } }
const MINUTE_MS = 60_000
const SHORT_MS = 100

interface Identity {
  accessKeyId: string
  secretAccessKey: string
  expiration?: Date
}

/** As who the provider says that we are, for so many minutes. */
function identity(accessKeyId: string, minutes?: number): Identity {
  const expiration = minutes === undefined ? {} : { expiration: new Date(Date.now() + minutes * MINUTE_MS) }
  return { accessKeyId, secretAccessKey: 'secret', ...expiration }
}

/** Moves the clock of this process, for one test. */
function createClock(t: Test) {
  const now = Date.now
  let ahead = 0
  Date.now = () => now() + ahead
  t.teardown(() => {
    Date.now = now
  })
  return { advance: (minutes: number) => (ahead += minutes * MINUTE_MS) }
}

async function open(t: Test, provider: () => Promise<Identity>) {
  const server = await startWireServer(t, ok({}))
  const endpoints: string[] = []
  const client = new DynamoDBClient({ endpoint: server.endpoint, region: 'local', credentials: provider })
  const wire = createWireClient(client, {
    onThrottle: () => undefined,
    onEndpoint: (url) => endpoints.push(url.origin),
  })
  t.teardown(() => wire.close())
  return {
    server,
    endpoints,
    get: (signal = AbortSignal.timeout(5_000)) => wire.getItem(GET, signal),
    /** As who the requests came, in turn. */
    callers: () =>
      server.calls.map(({ headers }) => /Credential=(\w+)/.exec(headers.authorization ?? '')?.[1]),
  }
}

const never = () => new Promise<never>(() => undefined)

t.test('credentials are asked for once, and new ones used soon after they come', async (t) => {
  const clock = createClock(t)
  let asked = 0
  const { get, callers, server, endpoints } = await open(t, async () => identity(`caller${++asked}`, 5.5))
  for (let n = 0; n < 3; n++) await get()
  t.equal(asked, 1)
  clock.advance(1.1)
  await get()
  await delay(20)
  t.equal(asked, 2)
  await get()
  t.strictSame(callers(), ['caller1', 'caller1', 'caller1', 'caller1', 'caller2'], 'nobody waits for them')
  t.strictSame(endpoints, [server.endpoint])
})

t.test('credentials without an end are asked for once', async (t) => {
  const clock = createClock(t)
  let asked = 0
  const { get } = await open(t, async () => identity(`caller${++asked}`))
  await get()
  clock.advance(1_000)
  await get()
  await get()
  t.equal(asked, 1)
})

t.test('a provider that never answers', async (t) => {
  t.test('does not outlast the deadline of a call, and is waited for by the next', async (t) => {
    const first = Promise.withResolvers<Identity>()
    const { get, callers } = await open(t, () => first.promise)
    await t.rejects(get(AbortSignal.timeout(SHORT_MS)), { name: 'TimeoutError' })
    await t.rejects(get(AbortSignal.abort(new Error('late'))), { message: 'late' })
    first.resolve(identity('caller', 60))
    await get()
    t.strictSame(callers(), ['caller'], 'what was given up is not sent')
  })

  t.test('keeps nobody from using what is still good, and nobody uses it once it is not', async (t) => {
    const clock = createClock(t)
    let asked = 0
    const { get, callers } = await open(t, async () => (asked++ === 0 ? identity('first', 5.5) : never()))
    await get()
    for (const minutes of [1.1, 1.1, 3]) {
      clock.advance(minutes)
      await get(AbortSignal.timeout(SHORT_MS))
    }
    t.strictSame(callers(), ['first', 'first', 'first', 'first'])
    clock.advance(1)
    await t.rejects(get(AbortSignal.timeout(SHORT_MS)), { name: 'TimeoutError' })
    t.equal(callers().length, 4)
  })
})

t.test('a provider that fails', async (t) => {
  t.test('fails the call at once, and is asked again by the next', async (t) => {
    let asked = 0
    const { get, callers } = await open(t, async () => {
      if (asked++ === 0) throw new Error('No credentials')
      return identity('second', 60)
    })
    await t.rejects(get(), { message: 'No credentials' })
    await get()
    t.strictSame(callers(), ['second'])
  })

  t.test('matters only once what is at hand is no longer good', async (t) => {
    const clock = createClock(t)
    let asked = 0
    const { get } = await open(t, async () => {
      if (asked++ > 0) throw new Error('No credentials')
      return identity('first', 5.5)
    })
    await get()
    clock.advance(1.1)
    await get()
    await delay(20)
    clock.advance(5)
    await t.rejects(get(), { message: 'No credentials' })
  })

  t.test('after everybody has left, it is no unhandled rejection', async (t) => {
    const unhandled: unknown[] = []
    const onUnhandled = (reason: unknown) => unhandled.push(reason)
    process.prependListener('unhandledRejection', onUnhandled)
    t.teardown(() => process.off('unhandledRejection', onUnhandled))
    const { get } = await open(t, async () => {
      await delay(10)
      throw new Error('No credentials')
    })
    await t.rejects(get(AbortSignal.abort(new Error('late'))), { message: 'late' })
    await t.rejects(get(AbortSignal.timeout(1)), { name: 'TimeoutError' })
    await delay(50)
    t.strictSame(unhandled, [])
  })
})
