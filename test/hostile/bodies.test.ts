import { gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { ENCODINGS, OTHER_TYPES, UNKEEPABLE, UNREADABLE } from '../support/hostile/bodies.ts'
import { operations } from '../support/hostile/document.ts'
import { startGround } from '../support/hostile/ground.ts'
import type { Exchange } from '../support/openapi-responses.ts'
import { sendRaw } from '../support/raw-http.ts'

const MAX_BODY_BYTES = 262_144
const MAX_BATCH_BYTES = 4 * 1024 * 1024
/** What the process may hold more at the end than at the start, in MB. */
const MAX_GROWTH_MB = 300

// A leak ends the process. A body of 4 MiB of brackets alone takes 120 MB as it is parsed.
const ground = await startGround(t, { NODE_OPTIONS: '--max-old-space-size=256' })
const [eventId = ''] = ground.known['event_id'] ?? []
const lease = { lease_id: 'lease_x', event_ids: [eventId] }

/** A body of each operation that takes one, and that changes nothing but for what it is made into. */
const BODIES: Record<string, object> = {
  createEvent: { event_type: 'a', payload: {} },
  createEvents: { events: [{ event_type: 'a', payload: {} }] },
  claimEvents: {},
  extendLease: lease,
  releaseEvents: lease,
  acknowledgeEvents: { event_ids: [eventId] },
  redriveEvents: {},
  acknowledgeEvent: {},
  nackEvent: {},
  redriveEvent: {},
}

const taking = operations.filter(({ body }) => body !== undefined)

interface Refusal {
  error: string
  details?: { field: string; code: string }[]
}
const codesOf = ({ body }: Exchange) => ((JSON.parse(body) as Refusal).details ?? []).map(({ code }) => code)

/** Sends bodies to an operation, all of which must be refused, and changes nothing. */
async function refuse(
  t: Test,
  { id, path }: { id: string; path: string },
  bodies: {
    what: string
    body: string | Buffer
    headers?: Record<string, string>
    status: number
    code: string
  }[],
): Promise<void> {
  const before = await ground.snapshot()
  for (const { what, body, headers = {}, status, code } of bodies) {
    const url = path.replace('{event_id}', eventId)
    const exchange = await ground.send({ method: 'POST', url, headers, body })
    const { error } = JSON.parse(exchange.body) as Refusal
    const codes = status === 400 ? codesOf(exchange) : [error]
    const isAsExpected = exchange.status === status && codes.includes(code)
    t.ok(isAsExpected, `${id}: ${what} is ${exchange.status} ${codes.slice(0, 5).join(' ')}`)
    t.ok(exchange.body.length < 20_000, `${id}: ${what} makes no large answer`)
  }
  t.equal(await ground.snapshot(), before, `${id}: nothing is stored`)
}

/** Announces a body of so many bytes, and sends none. */
function announce(path: string, bytes: number) {
  const url = path.replace('{event_id}', eventId)
  const head = [
    `POST ${url} HTTP/1.1`,
    'Host: any',
    'Content-Type: application/json',
    `Content-Length: ${bytes}`,
  ]
  const lines = [...head, `Authorization: Bearer ${ground.service.keys.admin}`, 'Connection: close']
  return sendRaw(ground.port, `${lines.join('\r\n')}\r\n\r\n`, { method: 'POST', url })
}

/** The body with one member more, in front, whose value is this text. */
const withMember = (id: string, text: string) =>
  JSON.stringify(BODIES[id]).replace('{', `{"x":${text},`).replace(',}', '}')

t.test('every operation that takes a body is tested', async (t) => {
  t.strictSame(Object.keys(BODIES).toSorted(), taking.map(({ id }) => id).toSorted())
})

t.test('what cannot be read is refused by every operation', async (t) => {
  for (const operation of taking) {
    await refuse(
      t,
      operation,
      UNREADABLE.map(([what, body, code]) => ({ what, body, code, status: 400 })),
    )
  }
})

t.test('what cannot be kept is refused by every operation', async (t) => {
  for (const operation of taking) {
    // The members of a batch are looked at one by one, below; beside them nothing is known.
    const isBatch = operation.id === 'createEvents'
    await refuse(
      t,
      operation,
      UNKEEPABLE.map(([text, code]) => ({
        what: text.slice(0, 40),
        body: withMember(operation.id, text),
        code: isBatch ? 'unknown' : code,
        status: 400,
      })),
    )
  }
})

t.test('what is too large, too deep or of too many members is refused by every operation', async (t) => {
  const members = (name: (n: number) => string) =>
    `{${Array.from({ length: 20_000 }, (_, n) => `"${name(n)}":0`).join(',')}}`
  for (const operation of taking) {
    const isBatch = operation.id === 'createEvents'
    const limit = isBatch ? MAX_BATCH_BYTES : MAX_BODY_BYTES
    const deep = Math.floor(limit / 2)
    const nested = '['.repeat(deep) + ']'.repeat(deep)
    t.equal((await announce(operation.path, limit + 1)).status, 413, `${operation.id}: a byte too many`)
    await refuse(t, operation, [
      { what: '20,000 members', body: members(String), status: 400, code: 'unknown' },
      { what: '20,000 times one member', body: members(() => 'x'), status: 400, code: 'unknown' },
      { what: 'arrays as deep as may be', body: nested, status: 400, code: isBatch ? 'type' : 'too_deep' },
      {
        what: 'arrays that do not end',
        body: '['.repeat(limit),
        status: 400,
        code: isBatch ? 'invalid_json' : 'too_deep',
      },
    ])
  }
})

t.test('what is no JSON, or is packed, is refused by every operation', async (t) => {
  for (const operation of taking) {
    const body = JSON.stringify(BODIES[operation.id])
    const refused = { status: 415, code: 'unsupported_media_type' }
    const types = OTHER_TYPES.map((type) => ({
      what: `type ${type}`,
      body,
      headers: { 'content-type': type },
      ...refused,
    }))
    const packed = ENCODINGS.map((encoding) => ({
      what: `encoding ${encoding}`,
      body: gzipSync(body),
      headers: { 'content-encoding': encoding },
      ...refused,
    }))
    await refuse(t, operation, [...types, ...packed])
  }
})

t.test('a member of a batch is refused alone, as the event would be', async (t) => {
  const event = (payload: string) => `{"event_type":"a","payload":{"x":${payload}}}`
  const good = event('0')
  const large = `"${'x'.repeat(MAX_BODY_BYTES)}"`
  const members = [
    ...UNKEEPABLE.map(([text]) => event(text)),
    event(large),
    ...['null', '0', '"text"', '[]', '[[]]', '{}', '{"event_type":"a"}', '{"event_type":"?","payload":{}}'],
    ...['{"event_type":"a","payload":[]}', '{"event_type":"a","payload":{},"status":"delivered"}'],
    ...[
      '{"event_type":"a","payload":{},"event_id":"evt_1","tenant":"globex"}',
      '{"__proto__":{},"payload":{}}',
    ],
  ]
  for (const member of members) {
    const what = member.slice(0, 60)
    const body = `{"events":[${good},${member},${good}]}`
    const batch = await ground.send({ method: 'POST', url: '/events/batch', body })
    const alone = await ground.send({ method: 'POST', url: '/events', body: member })
    t.equal(batch.status, 200, what)
    const { results } = JSON.parse(batch.body) as { results: { status: number; error?: Refusal }[] }
    t.strictSame(
      results.map(({ status }) => status),
      [201, alone.status, 201],
      what,
    )
    const { error, details = [] } = JSON.parse(alone.body) as Refusal
    const { error: memberError, details: memberDetails = [] } = results[1]?.error ?? { error: '' }
    const codes = (faults: { code: string }[]) => faults.map(({ code }) => code)
    t.strictSame([memberError, ...codes(memberDetails)], [error, ...codes(details)], what)
  }
})

t.test('none of it harmed the process', async (t) => {
  const { child, stdout } = ground.service
  t.equal(child.exitCode, null)
  t.notMatch(stdout(), /"status":5\d\d/)
  const [before, after] = [ground.rssAtStart, ground.rssMB()]
  if (before !== undefined && after !== undefined) {
    t.comment(`${before.toFixed(0)} MB at the start, ${after.toFixed(0)} MB at the end`)
    t.ok(after - before < MAX_GROWTH_MB, 'its memory is bounded')
  }
})
