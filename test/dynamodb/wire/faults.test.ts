import { ConditionalCheckFailedException, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { getEventListeners, once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { OpenDynamoDB } from '../../../src/dynamodb/client.ts'
import { createWireClient } from '../../../src/dynamodb/wire/wire-client.ts'
import {
  cutShort,
  inPieces,
  ok,
  refusal,
  reset,
  silence,
  stall,
  startWireServer,
  text,
  throttle,
  type Reply,
  type WireServer,
} from '../../support/wire-server.ts'

/** The text that must be in no error: it stands for what clients stored. */
const SECRET = 'client-data'
const KEY = { pk: { S: SECRET }, sk: { S: '-' } }
const GET = { TableName: 'events', Key: KEY, ConsistentRead: true }
const PUT = { TableName: 'events', Item: KEY, ConditionExpression: 'attribute_not_exists(pk)' }
const FOUND = { Item: { ...KEY, n: { N: '1' } } }
/** Less than the time of an attempt, and much more than a call on loopback takes. */
const SHORT_MS = 300

interface Opened {
  server: WireServer
  wire: OpenDynamoDB
  throttled: () => number
}

async function open(t: Test, ...replies: Reply[]): Promise<Opened> {
  const server = await startWireServer(t, ...replies)
  let throttled = 0
  const wire = connect(t, server.endpoint, () => throttled++)
  return { server, wire, throttled: () => throttled }
}

function connect(t: Test, endpoint: string, onThrottle: () => void = () => undefined): OpenDynamoDB {
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' }
  const client = new DynamoDBClient({ endpoint, region: 'local', credentials })
  const wire = createWireClient(client, { onThrottle, onEndpoint: () => undefined })
  t.teardown(() => wire.close())
  return wire
}

/** A signal that must have no listeners once the test is over. */
function signalOf(t: Test): { signal: AbortSignal; abort: (reason: Error) => void } {
  const controller = new AbortController()
  t.teardown(() => {
    if (getEventListeners(controller.signal, 'abort').length > 0)
      throw new Error('The signal has listeners left')
  })
  return {
    signal: controller.signal,
    abort: (reason) => {
      controller.abort(reason)
    },
  }
}

async function failureOf(promise: Promise<unknown>): Promise<Error & Record<string, unknown>> {
  const failure: unknown = await promise.then(
    () => new Error('It did not fail'),
    (error: unknown) => error,
  )
  return failure as Error & Record<string, unknown>
}

/** Whatever of an error may be logged. */
function loggedText(error: Error): string {
  const { message, stack = '', cause } = error
  return message + stack + (cause instanceof Error ? loggedText(cause) : '')
}

const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length

const NO_ANSWER: Record<string, Reply> = {
  'a connection that is reset': reset,
  'an answer that is cut short': cutShort,
  'an internal error': refusal('InternalServerError', 'Injected', 500),
  'a page of HTML from a proxy': text(502, '<html>Bad Gateway</html>'),
  'a JSON text that is no object': text(503, 'null'),
  'an error that is none of AWS': text(500, '{"__type":1,"message":{"a":1}}'),
  'a page of HTML with status 200': text(200, `<html>${SECRET}</html>`),
  'half of a JSON text': text(200, `{"Item":{"pk":{"S":"${SECRET}`),
  'a JSON text of status 200 that is no object': text(200, 'null'),
}

t.test('what may pass is tried again', async (t) => {
  for (const [name, reply] of Object.entries(NO_ANSWER)) {
    await t.test(name, async (t) => {
      const { signal } = signalOf(t)
      const { server, wire } = await open(t, reply, ok(FOUND))
      const output = await wire.getItem(GET, signal)
      t.match(output, { Item: FOUND.Item, $metadata: { httpStatusCode: 200, attempts: 2 } })
      t.equal(server.calls.length, 2, 'the request is sent once an attempt: undici repeats none')
      server.replies = [reply]
      const failure = await failureOf(wire.getItem(GET, signal))
      t.equal(server.calls.length, 5, 'three attempts are all')
      t.notMatch(loggedText(failure), SECRET, 'the error quotes no data')
      t.not(failure.name, 'TypeError')
      t.not(failure.name, 'SyntaxError')
    })
  }
})

t.test('what cannot pass is not tried again', async (t) => {
  const { signal } = signalOf(t)
  const { server, wire } = await open(t, refusal('ValidationException', 'Wrong'))
  t.match(await failureOf(wire.getItem(GET, signal)), {
    name: 'ValidationException',
    message: 'Wrong',
    $fault: 'client',
    $metadata: { httpStatusCode: 400, requestId: 'REQUEST1', attempts: 1 },
  })
  server.replies = [text(301, '')]
  t.match(await failureOf(wire.getItem(GET, signal)), { name: 'HTTP 301', message: 'HTTP 301' })
  t.equal(server.calls.length, 2)
})

t.test('an answer that is lost after the write: the second try is told what is there', async (t) => {
  const { signal } = signalOf(t)
  const there = {
    __type: 'x#ConditionalCheckFailedException',
    message: 'The conditional request failed',
    ...FOUND,
  }
  const { server, wire } = await open(t, reset, text(400, JSON.stringify(there)))
  const failure = await failureOf(wire.putItem(PUT, signal))
  t.ok(failure instanceof ConditionalCheckFailedException)
  t.match(failure, { Item: FOUND.Item, $metadata: { attempts: 2 } })
  t.equal(server.calls[0]?.body.toString(), server.calls[1]?.body.toString(), 'the same text')
  t.equal(server.calls.length, 2)
})

t.test('an attempt has a time of its own', async (t) => {
  for (const [name, reply] of Object.entries({ silence, stall })) {
    await t.test(name, async (t) => {
      const { signal } = signalOf(t)
      const { server, wire } = await open(t, reply, ok(FOUND))
      const startedAt = performance.now()
      t.match(await wire.getItem(GET, signal), FOUND)
      t.ok(performance.now() - startedAt >= 1_490, 'the first was given its time')
      t.equal(server.calls.length, 2)
      t.equal(server.connections.length, 2, 'what comes late is never read: the connection is closed')
    })
  }
})

t.test('a port that takes connections and says nothing, and one that takes none', async (t) => {
  const { signal } = signalOf(t)
  const mute = createServer((socket) => socket.resume()).listen(0, '127.0.0.1')
  await once(mute, 'listening')
  const { port } = mute.address() as AddressInfo
  const timeout = AbortSignal.timeout(SHORT_MS)
  const endpoint = `http://127.0.0.1:${port}`
  t.match(await failureOf(connect(t, endpoint).getItem(GET, timeout)), { name: 'TimeoutError' })
  mute.close()
  await once(mute, 'close')
  const failure = await failureOf(connect(t, endpoint).getItem(GET, signal))
  t.match(failure, { name: 'NoAnswerError', cause: { code: 'ECONNREFUSED' } })
})

t.test('throttled: every refusal is counted, waits are short, and three are all', async (t) => {
  const { signal } = signalOf(t)
  const { server, wire, throttled } = await open(t, throttle, throttle, ok(FOUND))
  const startedAt = performance.now()
  t.match(await wire.getItem(GET, signal), { ...FOUND, $metadata: { attempts: 3 } })
  t.equal(throttled(), 2)
  server.replies = [throttle]
  t.match(await failureOf(wire.getItem(GET, signal)), {
    name: 'ProvisionedThroughputExceededException',
    $metadata: { httpStatusCode: 400, attempts: 3 },
  })
  t.equal(throttled(), 5)
  t.ok(performance.now() - startedAt < 1_400, 'far from the seconds that the SDK would wait')
  server.replies = [text(429, '{}')]
  await failureOf(wire.getItem(GET, signal))
  t.equal(throttled(), 8)
})

t.test('where nearly everything fails, retries end: their budget is spent', async (t) => {
  const { server, wire } = await open(t, reset)
  const calls = 150
  await Promise.all(
    Array.from({ length: calls }, () => failureOf(wire.getItem(GET, AbortSignal.timeout(20_000)))),
  )
  const retries = server.calls.length - calls
  t.ok(retries > 20 && retries < calls, `${retries} retries of ${calls} calls`)
  server.replies = [reset, ok({})]
  await failureOf(wire.getItem(GET, AbortSignal.timeout(5_000)))
  t.equal(server.calls.length, calls + retries + 1, 'no second try')
})

t.test('aborted', async (t) => {
  const reason = new Error('The time is up')

  t.test('before anything: nothing is sent', async (t) => {
    const { signal, abort } = signalOf(t)
    const { server, wire } = await open(t, ok(FOUND))
    abort(reason)
    t.equal(await failureOf(wire.getItem(GET, signal)), reason)
    await wire.getItem(GET, AbortSignal.timeout(5_000))
    t.equal(server.calls.length, 1)
  })

  t.test('while connecting: it is never sent', async (t) => {
    const { signal, abort } = signalOf(t)
    const { server, wire } = await open(t, ok(FOUND))
    await wire.getItem(GET, signal)
    server.connections[0]?.destroy()
    await delay(20)
    const failure = failureOf(wire.putItem(PUT, signal))
    // The connection takes a turn of the event loop at least.
    process.nextTick(abort, reason)
    t.equal(await failure, reason)
    await delay(100)
    t.strictSame(
      server.calls.map(({ operation }) => operation),
      ['GetItem'],
    )
  })

  for (const [name, reply] of Object.entries({ silence, stall })) {
    t.test(`while waiting for the answer (${name}): no further try`, async (t) => {
      const { signal, abort } = signalOf(t)
      const { server, wire } = await open(t, reply)
      const failure = failureOf(wire.getItem(GET, signal))
      while (server.calls.length === 0) await delay(5)
      await delay(20)
      abort(reason)
      t.equal(await failure, reason)
      await delay(200)
      t.equal(server.calls.length, 1)
      t.equal(timers(), 0, 'no timer is left')
    })
  }

  t.test('between two attempts: the error of the last is told, and nothing more is sent', async (t) => {
    const random = Math.random
    t.teardown(() => {
      Math.random = random
    })
    // The longest wait there is.
    Math.random = () => 0.999
    const { signal, abort } = signalOf(t)
    const { server, wire } = await open(t, throttle)
    const failure = failureOf(wire.getItem(GET, signal))
    while (server.calls.length === 0) await delay(1)
    await delay(30)
    abort(reason)
    t.match(await failure, { name: 'ProvisionedThroughputExceededException' })
    await delay(300)
    t.equal(server.calls.length, 1)
    t.equal(timers(), 0, 'no timer is left')
  })
})

t.test('a full pool', async (t) => {
  const { server, wire } = await open(t, silence)
  const held: Reply[] = []
  const waiting = new AbortController()
  server.replies = [
    (response, call) =>
      held.push(() => {
        ok({})(response, call)
      }),
  ]
  const full = Array.from({ length: 256 }, () => wire.getItem(GET, waiting.signal))
  while (held.length < 256) await delay(10)

  const { signal, abort } = signalOf(t)
  const reason = new Error('The time is up')
  const queued = Array.from({ length: 300 }, () => failureOf(wire.putItem(PUT, signal)))
  const last = wire.query({ TableName: 'events' }, waiting.signal)
  await delay(20)
  abort(reason)
  t.strictSame(
    new Set(await Promise.all(queued)),
    new Set([reason]),
    'who waits for a connection is told at once',
  )
  server.replies = [ok({})]
  for (const answer of held) answer(undefined as never, undefined as never)
  await Promise.all([...full, last])
  await wire.getItem(GET, waiting.signal)
  t.notOk(
    server.calls.some(({ operation }) => operation === 'PutItem'),
    'and is never sent, even when one comes free',
  )
  t.equal(server.connections.length, 256, 'nor does it cost the others a connection')
})

t.test('large answers, cut within a character, arrive whole', async (t) => {
  const { signal } = signalOf(t)
  const small = { Item: { pk: { S: '🙂é€' }, ключ: { S: '日本' } } }
  const { server, wire } = await open(t, inPieces(small, 1))
  t.match(await wire.getItem(GET, signal), small)
  const large = {
    Items: Array.from({ length: 100 }, (_, n) => ({ n: { N: String(n) }, s: { S: '🙂é'.repeat(10_000) } })),
  }
  server.replies = [inPieces(large, 65_537)]
  const { Items } = await wire.query({ TableName: 'events' }, signal)
  t.strictSame(Items, large.Items)
})

t.test('a connection that the server closes while it is idle costs nothing', async (t) => {
  const { signal } = signalOf(t)
  const { server, wire } = await open(t, ok(FOUND))
  for (let round = 0; round < 5; round++) {
    t.match(await wire.getItem(GET, signal), FOUND)
    for (const socket of server.connections) socket.destroy()
  }
  t.equal(server.calls.length, 5, 'each call arrives once')
})

t.test(
  'a server that closes after each answer, and one that says how long it keeps connections',
  async (t) => {
    const { signal } = signalOf(t)
    const { server, wire } = await open(t, text(200, '{}', { connection: 'close' }))
    for (let round = 0; round < 5; round++)
      t.match(await wire.getItem(GET, signal), { $metadata: { attempts: 1 } })
    server.replies = [text(200, '{}', { 'keep-alive': 'timeout=1' })]
    for (let round = 0; round < 5; round++)
      t.match(await wire.getItem(GET, signal), { $metadata: { attempts: 1 } })
    t.equal(server.calls.length, 10)
  },
)

t.test('a clock that is wrong is put right once', async (t) => {
  const { signal } = signalOf(t)
  const theirs = Date.now() + 3_600_000
  const date = { date: new Date(theirs).toUTCString() }
  for (const name of ['RequestTimeTooSkewed', 'InvalidSignatureException']) {
    const refused = refusal(name, 'Signature expired: 20261123T000000Z is now earlier than …', 400, date)
    const { server, wire } = await open(t, refused, ok(FOUND))
    t.match(await wire.getItem(GET, signal), { $metadata: { attempts: 2 } })
    t.match(await wire.getItem(GET, signal), { $metadata: { attempts: 1 } })
    const dates = server.calls.map(({ headers }) => String(headers['x-amz-date']).slice(0, 11))
    const hour = (ms: number) => new Date(ms).toISOString().replace(/[-:]/g, '').slice(0, 11)
    t.strictSame(dates.slice(1), [hour(theirs), hour(theirs)])
    t.not(dates[0], dates[1])
  }
})

t.test('a signature that is wrong for another reason is not tried again', async (t) => {
  const { signal } = signalOf(t)
  const date = { date: new Date().toUTCString() }
  const { server, wire } = await open(
    t,
    refusal('InvalidSignatureException', 'The request signature we …', 400, date),
  )
  t.match(await failureOf(wire.getItem(GET, signal)), { name: 'InvalidSignatureException' })
  server.replies = [refusal('RequestTimeTooSkewed', 'no date', 400, { date: 'none' })]
  t.match(await failureOf(wire.getItem(GET, signal)), { name: 'RequestTimeTooSkewed' })
  t.equal(server.calls.length, 2)
})

t.test('closing', async (t) => {
  t.test('ends once what is under way has its answer; nothing is sent after that', async (t) => {
    const { signal } = signalOf(t)
    const { server, wire } = await open(t, (response, call) => setTimeout(ok(FOUND), 50, response, call))
    const call = wire.getItem(GET, signal)
    while (server.calls.length === 0) await delay(5)
    await Promise.all([wire.close(), wire.close()])
    t.match(await call, FOUND)
    t.match(await failureOf(wire.getItem(GET, signal)), { name: 'NoAnswerError' })
    t.equal(server.calls.length, 1)
    t.equal(timers(), 0, 'no timer is left')
  })

  t.test('before the first call: none can open a connection afterwards', async (t) => {
    const { signal } = signalOf(t)
    const { server, wire } = await open(t, ok(FOUND))
    const early = failureOf(wire.getItem(GET, signal))
    await wire.close()
    t.match((await early).message, /is closed/)
    t.match((await failureOf(wire.getItem(GET, signal))).message, /is closed/)
    t.equal(server.connections.length, 0)
  })
})
