import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { storeUnavailable } from '../../src/errors.ts'
import type { DynamoDB } from '../../src/dynamodb/client.ts'
import { buildTestApp, givenEvent, IDEMPOTENCY_WINDOW_MS, type TestApp } from '../support/app.ts'
import { faultsOf, idsOf, post, read, readInbox, type BatchAnswer } from '../support/queue.ts'

const NOON = '2026-11-23T12:00:00.000Z'

const event = (n: number, change: object = {}) => ({ event_type: 'order.created', payload: { n }, ...change })

async function batch(app: TestApp, events: unknown[]): Promise<BatchAnswer['results']> {
  const response = await post(app, '/events/batch', app.acme.producer, { events })
  if (response.statusCode !== 200) throw new Error(`Answered ${response.statusCode}: ${response.body}`)
  return response.json<BatchAnswer>().results
}

/** The body as text, for what JSON.stringify does not write. */
async function batchText(app: TestApp, payload: string | Buffer) {
  const headers = { ...app.acme.producer, 'content-type': 'application/json' }
  return app.inject({ method: 'POST', url: '/events/batch', headers, payload })
}

/** A member in short: its status, and every field at fault. */
const briefly = ({ status, error }: BatchAnswer['results'][number]) =>
  [status, ...(error?.details ?? []).map(({ field, code }) => `${field} ${code}`).sort()].join(' ')

t.test('a hundred events, in their order, each whole', async (t) => {
  const app = await buildTestApp(t)
  app.clock.set(NOON)
  const results = await batch(
    app,
    Array.from({ length: 100 }, (_, n) => event(n, { metadata: { n } })),
  )
  t.strictSame(
    results,
    results.map(({ event }, n) => ({
      status: 201,
      event: {
        event_id: event?.event_id,
        event_type: 'order.created',
        payload: { n },
        metadata: { n },
        status: 'pending',
        created_at: NOON,
        delivered_at: null,
        delivery_attempts: 0,
        available_at: NOON,
        lease_expires_at: null,
        last_failure_reason: null,
        failed_at: null,
      },
    })),
  )
  t.equal(new Set(results.map(({ event }) => event!.event_id)).size, 100)
  t.equal((await readInbox(app)).length, 100)
})

t.test('one bad event does not spoil the others, and each fault has its own field', async (t) => {
  const app = await buildTestApp(t)
  const results = await batch(app, [
    event(0),
    {},
    event(2, { event_type: 'no spaces' }),
    event(3, { x: 1, metadata: 'text' }),
    'text',
    null,
    7,
    [event(7)],
    event(8, { idempotency_key: 'no spaces' }),
    event(9, { idempotency_key: 'x'.repeat(256) }),
    event(10, { deliver_at: '2020-01-01T00:00:00Z', delay_seconds: 1 }),
    event(11, { deliver_at: '2100-01-01T00:00:00Z' }),
    event(12, { delay_seconds: 7_776_001 }),
    event(13, { payload: [] }),
    event(14, { metadata: null, idempotency_key: 'order-14' }),
  ])
  t.strictSame(results.map(briefly), [
    '201',
    '400 event_type required payload required',
    '400 event_type pattern',
    '400 metadata type x unknown',
    '400 event type',
    '400 event type',
    '400 event type',
    '400 event type',
    '400 idempotency_key pattern',
    '400 idempotency_key pattern',
    '400 delay_seconds exclusive',
    '400 deliver_at range',
    '400 delay_seconds range',
    '400 payload type',
    '201',
  ])
  t.strictSame(results[2]!.error, {
    error: 'invalid_request',
    message: 'The request has an invalid field.',
    details: [
      {
        field: 'event_type',
        message: 'must match ^[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}$',
        code: 'pattern',
      },
    ],
  })
  t.strictSame(
    (await readInbox(app)).map(({ payload }) => payload['n']).sort(),
    [0, 14],
    'nothing else was stored',
  )
})

t.test('a member that is too large, too deep or cannot be kept fails alone', async (t) => {
  const app = await buildTestApp(t)
  const nested = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`
  const member = (payload: string) => `{"event_type":"a","payload":${payload}}`
  const ofBytes = (bytes: number) => {
    const frame = member('{"t":""}').length
    return member(`{"t":"${'x'.repeat(bytes - frame)}"}`)
  }
  const members: [string, string][] = [
    [member('{}'), '201'],
    [ofBytes(262_144), '201'],
    [ofBytes(262_145), '413'],
    [member(nested(63)), '201'],
    [member(nested(64)), '400 body too_deep'],
    [member(nested(20_000)), '400 body too_deep'],
    [member('{"n":9007199254740993}'), '400 payload.n integer_out_of_range'],
    [member('{"n":[1,1e400]}'), '400 payload.n[1] number_overflow'],
    [member('{"__proto__":1}'), '400 payload.__proto__ forbidden_name'],
    [member('{"n":1e20}'), '201'],
    [member('{"n":9007199254740991}'), '201'],
    [member(`{"n":[${Array(60_000).fill('1e20').join(',')}]}`), '413'],
    [`{"event_type":"no spaces","payload":{"n":1e999}}`, '400 event_type pattern payload.n number_overflow'],
  ]
  const response = await batchText(app, `{"events":[${members.map(([text]) => text).join(', \n')}]}`)
  t.equal(response.statusCode, 200)
  const { results } = response.json<BatchAnswer>()
  t.strictSame(
    results.map(briefly),
    members.map(([, expected]) => expected),
  )
  t.match(results[2]!.error, { error: 'payload_too_large' })
  t.strictSame(results[9]!.event!.payload, { n: 1e20 })
})

t.test('of two members of the body with the same name the last wins, with the same limits', async (t) => {
  const app = await buildTestApp(t)
  const small = '{"event_type":"a","payload":{}}'
  const deep = `{"event_type":"a","payload":${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}}`
  const large = `{"event_type":"a","payload":{"t":"${'x'.repeat(300_000)}"}}`
  const response = await batchText(
    app,
    `{"events":[${small},${small}],"\\u0065vents":[${deep},${large},${small}]}`,
  )
  t.equal(response.statusCode, 200)
  t.strictSame(response.json<BatchAnswer>().results.map(briefly), ['400 body too_deep', '413', '201'])
})

t.test('equal keys are replays of each other; another body under a key is 422', async (t) => {
  const app = await buildTestApp(t)
  const keyed = (n: number, key: string) => event(n, { idempotency_key: key })
  const results = await batch(app, [
    keyed(1, 'a'),
    keyed(2, 'b'),
    keyed(1, 'a'),
    keyed(9, 'a'),
    { idempotency_key: 'a', payload: { n: 1 }, event_type: 'order.created' },
    event(1),
  ])
  t.strictSame(results.map(briefly), [
    '201',
    '201',
    '201',
    '422 idempotency_key idempotency_key_reused',
    '201',
    '201',
  ])
  t.strictSame(results[3]!.error, {
    error: 'idempotency_key_reused',
    message: 'This idempotency_key was used with another body; nothing was stored.',
    details: [
      { field: 'idempotency_key', message: 'was used with another body', code: 'idempotency_key_reused' },
    ],
  })
  t.strictSame(results[2], results[0])
  t.strictSame(results[4], results[0], 'the order of members makes no difference')
  t.equal((await readInbox(app)).length, 3)
  const again = await batch(app, [keyed(2, 'b'), keyed(1, 'a')])
  t.strictSame(
    again.map(({ event }) => event!.event_id),
    [results[1]!.event!.event_id, results[0]!.event!.event_id],
    'and so is the whole batch',
  )
})

t.test('the first member with a key decides, however slowly it is stored', async (t) => {
  let keys = 0
  const slowFirst = (dynamodb: DynamoDB): DynamoDB => ({
    ...dynamodb,
    putItem: async (input, signal) => {
      if (input.Item?.['pk']?.S?.startsWith('i#') && keys++ === 0) await delay(300)
      return dynamodb.putItem(input, signal)
    },
  })
  const app = await buildTestApp(t, { intercept: slowFirst })
  const idempotency_key = 'order-42'
  const results = await batch(app, [event(1, { idempotency_key }), event(2, { idempotency_key })])
  t.strictSame(results.map(briefly), ['201', '422 idempotency_key idempotency_key_reused'])
})

t.test('the keys of a batch and the header are one key space; the hash is of the event alone', async (t) => {
  const app = await buildTestApp(t)
  app.clock.set(NOON)
  const { idempotency_key, ...body } = event(1, { idempotency_key: 'shared' }) as Record<string, unknown>
  const [first] = await batch(app, [{ ...body, idempotency_key }])
  const url = '/events'
  const headers = { ...app.acme.producer, 'idempotency-key': 'shared' }
  const replay = await app.inject({ method: 'POST', url, headers, payload: body })
  t.equal(replay.statusCode, 201)
  t.equal(replay.headers['idempotent-replayed'], 'true')
  t.strictSame(replay.json(), first!.event)
  const other = await app.inject({ method: 'POST', url, headers, payload: event(2) })
  t.equal(other.statusCode, 422)
  t.strictSame(faultsOf(other), ['Idempotency-Key idempotency_key_reused'])
  const globex = await post(app, '/events/batch', app.globex.producer, {
    events: [event(2, { idempotency_key })],
  })
  t.equal(globex.json<BatchAnswer>().results[0]!.status, 201, 'each tenant has its own')
  app.clock.advance(IDEMPOTENCY_WINDOW_MS)
  const [later] = await batch(app, [event(2, { idempotency_key })])
  t.equal(later!.status, 201)
  t.not(later!.event!.event_id, first!.event!.event_id)
})

t.test('members are put off each by itself', async (t) => {
  const app = await buildTestApp(t)
  app.clock.set(NOON)
  const results = await batch(app, [
    event(0, { delay_seconds: 60 }),
    event(1, { deliver_at: '2026-11-23T13:00:00+01:00' }),
    event(2, { deliver_at: '2026-11-24T00:00:00Z' }),
  ])
  t.strictSame(
    results.map(({ event }) => event!.available_at),
    ['2026-11-23T12:01:00.000Z', NOON, '2026-11-24T00:00:00.000Z'],
  )
  t.strictSame(idsOf(await readInbox(app)), [results[1]!.event!.event_id])
})

t.test('faults of the whole body', async (t) => {
  const app = await buildTestApp(t)
  const wrong: [string, string[]][] = [
    ['{}', ['events required']],
    ['{"events":[]}', ['events length']],
    [`{"events":[${Array(101).fill('{}').join(',')}]}`, ['events length']],
    ['{"events":{}}', ['events type']],
    ['{"events":null,"x":1}', ['events type', 'x unknown']],
    ['{"events":[{}],"idempotency_key":"a"}', ['idempotency_key unknown']],
    ['[]', ['body type']],
    ['[[{"event_type":"a","payload":{}}]]', ['body type']],
    ['null', ['body type']],
    ['5', ['body type']],
    ['{"events":[', ['body invalid_json']],
    ['{"events":[{}]}x', ['body invalid_json']],
    ['', ['body type']],
  ]
  for (const [text, faults] of wrong) {
    const response = await batchText(app, text)
    t.equal(response.statusCode, 400, text.slice(0, 50))
    t.strictSame(faultsOf(response), faults, text.slice(0, 50))
  }
  const utf8 = await batchText(app, Buffer.from('{"events":[{"event_type":"\xff"}]}', 'latin1'))
  t.equal(utf8.statusCode, 400)
  t.strictSame(faultsOf(utf8), ['body invalid_utf8'])
  t.strictSame(await readInbox(app), [])
})

t.test('a body of 4 MiB is taken, one byte more is not', async (t) => {
  const app = await buildTestApp(t)
  const most = 4 * 1024 * 1024
  const member = `{"event_type":"a","payload":{"t":"${'x'.repeat(200_000)}"}}`
  const text = `{"events":[${Array(20).fill(member).join(',')}]}`
  const full = await batchText(app, text.padEnd(most))
  t.equal(full.statusCode, 200)
  t.equal(full.json<BatchAnswer>().results.length, 20)
  const over = await batchText(app, text.padEnd(most + 1))
  t.equal(over.statusCode, 413)
  t.strictSame(over.json(), {
    error: 'payload_too_large',
    message: 'The body is larger than 4194304 bytes.',
    request_id: over.headers['x-request-id'],
  })
})

t.test('while the store is down the whole batch is 503, with and without keys', async (t) => {
  let isDown = false
  const failing = (dynamodb: DynamoDB): DynamoDB => ({
    ...dynamodb,
    putItem: (input, signal) =>
      isDown ? Promise.reject(storeUnavailable(new Error('down'))) : dynamodb.putItem(input, signal),
  })
  const app = await buildTestApp(t, { intercept: failing })
  const { event_id } = await givenEvent(app)
  isDown = true
  for (const change of [{}, { idempotency_key: 'a' }]) {
    const events = [event(0, change), {}, event(2)]
    const response = await post(app, '/events/batch', app.acme.producer, { events })
    t.equal(response.statusCode, 503)
    t.equal(response.headers['retry-after'], '1')
    t.match(response.json(), { error: 'unavailable' })
  }
  isDown = false
  const results = await batch(app, [event(0, { idempotency_key: 'a' })])
  t.equal(results[0]!.status, 201)
  t.strictSame(idsOf(await readInbox(app)), [event_id, results[0]!.event!.event_id])
})

t.test('writes of one batch are at most 16 at a time', async (t) => {
  let writing = 0
  let most = 0
  const counting = (dynamodb: DynamoDB): DynamoDB => ({
    ...dynamodb,
    putItem: async (input, signal) => {
      most = Math.max(most, ++writing)
      return dynamodb.putItem(input, signal).finally(() => writing--)
    },
  })
  const app = await buildTestApp(t, { intercept: counting })
  await batch(
    app,
    Array.from({ length: 100 }, (_, n) => event(n)),
  )
  t.equal(most, 16)
})

t.test('there is nothing to read at this path: GET /events/batch is an unknown id', async (t) => {
  const app = await buildTestApp(t)
  const response = await app.inject({ url: '/events/batch', headers: app.acme.producer })
  t.equal(response.statusCode, 404)
  t.match(response.json(), { error: 'not_found', message: 'There is no such event.' })
  t.match(await read(app, await givenEvent(app)), { status: 'pending' })
})
