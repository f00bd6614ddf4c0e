import assert from 'node:assert/strict'
import { claimTenantOf, type Fixture } from './fixture.ts'
import { kilobyteEvent } from './payloads.ts'
import type { Variant } from './variants.ts'

/** An answer, where it must not differ from those of the others. The order of members says nothing. */
interface Told {
  status: number
  type: string
  bytes: number
  body: unknown
}

/** What a variant answered, by what it was asked. */
export type Transcript = Map<string, Told>

interface Answer {
  status: number
  body: string
  headers: Headers
}

interface EventAnswer {
  event_id: string
  status: string
}

/** Of the right shape, and nobody's. */
const UNKNOWN_ID = 'evt_01jd8x5q3v7k2m9n4p6r8s0t10'

/** Ids and times are each variant's own; everything else must be the same. */
function withoutOwn(body: string): string {
  return body
    .replaceAll(/evt_[0-9a-z]{26}/g, 'evt_')
    .replaceAll(/lease_[0-9a-f]{32}/g, 'lease_')
    .replaceAll(/\d{4}-\d{2}-\d{2}T[\d:.]{12}Z/g, 'TIME')
}

const nextOf = ({ headers }: Answer) => /^<([^>]+)>; rel="next"$/.exec(headers.get('link') ?? '')?.[1]

/** Speaks to a variant and writes down what it answers. */
class SmokeClient {
  readonly transcript: Transcript = new Map()
  readonly #url: string
  readonly #fixture: Fixture

  constructor(url: string, fixture: Fixture) {
    this.#url = url
    this.#fixture = fixture
  }

  async call(method: string, path: string, tenant: string, body?: object): Promise<Answer> {
    const response = await fetch(this.#url + path, {
      method,
      headers: {
        authorization: `Bearer ${this.#fixture.keys[tenant]}`,
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    })
    return { status: response.status, body: await response.text(), headers: response.headers }
  }

  /** Writes an answer down. @param isOwn Whether it has ids and times of its own. */
  expect(name: string, { status, body, headers }: Answer, expected: number, isOwn: boolean): void {
    assert.equal(status, expected, `${name}: ${body}`)
    const type = headers.get('content-type') ?? 'no body'
    const text = isOwn ? withoutOwn(body) : body
    const value: unknown = text === '' ? undefined : JSON.parse(text)
    this.transcript.set(name, { status, type, bytes: Buffer.byteLength(text), body: value })
  }
}

async function createAndGet(client: SmokeClient): Promise<string> {
  const created = await client.call('POST', '/events', 'creates', kilobyteEvent())
  client.expect('create', created, 201, true)
  const { event_id } = JSON.parse(created.body) as EventAnswer
  assert.equal(created.headers.get('location'), `/events/${event_id}`)
  const found = await client.call('GET', `/events/${event_id}`, 'creates')
  client.expect('get', found, 200, true)
  assert.equal(found.body, created.body, 'what was created is what is read')
  return event_id
}

async function acknowledge(client: SmokeClient): Promise<void> {
  const id = await createAndGet(client)
  for (const name of ['acknowledge', 'acknowledge again']) {
    client.expect(name, await client.call('POST', `/events/${id}/acknowledge`, 'creates'), 204, false)
  }
  const delivered = await client.call('GET', `/events/${id}`, 'creates')
  client.expect('get the delivered', delivered, 200, true)
  assert.equal((JSON.parse(delivered.body) as EventAnswer).status, 'delivered')
  const unknown = await client.call('GET', `/events/${UNKNOWN_ID}`, 'creates')
  assert.equal(unknown.status, 404, 'an unknown event')
}

async function readTwoPages(client: SmokeClient, path: string, size: number): Promise<void> {
  const first = await client.call('GET', path, 'reads')
  client.expect(path, first, 200, false)
  const next = nextOf(first)
  assert(next, `${path} has a next page`)
  const second = await client.call('GET', next, 'reads')
  client.expect(`${path}, second page`, second, 200, false)
  const ids = [first, second].flatMap(({ body }) =>
    (JSON.parse(body) as EventAnswer[]).map(({ event_id }) => event_id),
  )
  assert.equal(new Set(ids).size, 2 * size, `${path}: each event once`)
}

async function claimTwice(client: SmokeClient, variant: Variant): Promise<void> {
  const held = new Set<string>()
  // Long enough that nobody else is offered the same.
  const wanted = { limit: 10, lease_seconds: 60 }
  for (const name of ['claim', 'claim again']) {
    const claimed = await client.call('POST', '/inbox/claim', claimTenantOf(variant), wanted)
    client.expect(name, claimed, 200, true)
    const { events } = JSON.parse(claimed.body) as { events: EventAnswer[] }
    assert(
      events.every(({ status }) => status === 'undelivered'),
      'they are handed out',
    )
    for (const { event_id } of events) held.add(event_id)
  }
  assert.equal(held.size, 20, 'ten others each time')
}

async function createBatch(client: SmokeClient): Promise<void> {
  const events = Array.from({ length: 10 }, kilobyteEvent)
  client.expect('batch', await client.call('POST', '/events/batch', 'creates', { events }), 200, true)
}

/**
 * Makes every kind of request that is measured and checks that each did what it says, over HTTP alone.
 *
 * @throws AssertionError where an answer is wrong by itself.
 * @returns The answers, to be compared with those of the other variants.
 */
export async function smoke(variant: Variant, url: string, fixture: Fixture): Promise<Transcript> {
  const client = new SmokeClient(url, fixture)
  await acknowledge(client)
  await readTwoPages(client, '/events?limit=50', 50)
  await readTwoPages(client, '/inbox?limit=100', 100)
  await claimTwice(client, variant)
  await createBatch(client)
  return client.transcript
}

/** Throws AssertionError at the first answer that is not that of the other variant. */
export function assertSameAnswers(mine: Transcript, theirs: Transcript, variant: Variant): void {
  assert.deepEqual([...mine.keys()], [...theirs.keys()])
  for (const [name, told] of mine) assert.deepEqual(told, theirs.get(name), `${variant} differs: ${name}`)
}
