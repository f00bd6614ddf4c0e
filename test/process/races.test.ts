/**
 * Many clients after one thing, at three tasks: one key, one event whose lease runs out, one list. SAME_KEY_ROUNDS,
 * RACE_ROUNDS and LIST_SECONDS set the sizes; where one is set, the tasks are processes of their own.
 */
import { setTimeout as delay } from 'node:timers/promises'
import pMap from 'p-map'
import t, { type Test } from 'tap'
import { createKey } from '../../src/domain/key-management.ts'
import { ROLES } from '../../src/domain/access.ts'
import type { EventAnswer, EventSummary } from '../../src/schemas/event.ts'
import type { Claimed } from '../../src/schemas/queue.ts'
import { startLocalApp } from '../support/history/local-app.ts'
import { anyEndpoint } from '../support/observed-service.ts'
import { createHttpClient, startService } from '../support/service.ts'
import { openTable } from '../support/table.ts'

const { SAME_KEY_ROUNDS, RACE_ROUNDS, LIST_SECONDS } = process.env
const IS_LARGE = (SAME_KEY_ROUNDS ?? RACE_ROUNDS ?? LIST_SECONDS) !== undefined
const TASKS = 3
const SAME_KEY = { rounds: Number(SAME_KEY_ROUNDS ?? 5), clients: 50 }
const RACE = { rounds: Number(RACE_ROUNDS ?? 20), together: 20, rivals: 10 }
const LIST = { forMs: Number(LIST_SECONDS ?? 1) * 1000, before: 60, writers: 5, limit: 7 }

const MAX_ATTEMPTS = 5
/** Other tests may have the machine. */
const DEADLINE_MS = 15_000
const EVENT = { event_type: 'a', payload: { n: 1 } }

async function startTasks(t: Test) {
  const endpoint = await anyEndpoint(t)
  const table = await openTable(t, endpoint)
  const environment = {
    DYNAMODB_ENDPOINT: endpoint,
    DYNAMODB_TABLE: table.table,
    REQUEST_DEADLINE_MS: String(DEADLINE_MS),
  }
  const nackDelays = { minSeconds: 0, maxSeconds: 1 }
  const start = async () =>
    IS_LARGE
      ? (await startService(t, environment)).url
      : startLocalApp(t, table, { maxAttempts: MAX_ATTEMPTS, nackDelays, deadlineMs: DEADLINE_MS })
  const urls = await Promise.all(Array.from({ length: TASKS }, start))
  const call = createHttpClient(t, 200)
  let tenants = 0

  /** Asks one task after the other for a new tenant. */
  async function newTenant() {
    const wanted = { tenant: `tenant-${tenants++}`, scopes: ROLES.admin, name: null, valid_until: null }
    const { token } = await createKey(table.access, Date.now, wanted)
    let asked = 0
    return (method: string, path: string, body?: object, headers?: Record<string, string>) =>
      call(method, `${urls[asked++ % TASKS]}${path}`, token, body, headers)
  }
  return { newTenant }
}

type Ask = Awaited<ReturnType<Awaited<ReturnType<typeof startTasks>>['newTenant']>>

/** So many at once. */
const many = <Result>(count: number, one: (n: number) => Promise<Result>) =>
  Promise.all(Array.from({ length: count }, (_, n) => one(n)))

/** One key from many clients, of which in each fifth round half have another body. @returns What is wrong. */
async function sameKey(ask: Ask, round: number): Promise<string | undefined> {
  const bodies = round % 5 === 4 ? [EVENT, { ...EVENT, payload: { n: 2 } }] : [EVENT]
  const headers = { 'idempotency-key': `key-${round}` }
  const answers = await many(SAME_KEY.clients, (n) =>
    ask('POST', '/events', bodies[n % bodies.length], headers),
  )
  const created = answers.filter(({ status }) => status === 201)
  const ids = new Set(created.map(({ body }) => (body as EventAnswer).event_id))
  const first = created.filter(({ headers }) => headers['idempotent-replayed'] === undefined)
  const refused = answers.filter(({ status }) => status === 422)
  const isRight =
    ids.size === 1 &&
    first.length <= 1 &&
    created.length === SAME_KEY.clients / bodies.length &&
    refused.length === SAME_KEY.clients - created.length
  return isRight
    ? undefined
    : `${created.length} created, ${ids.size} ids, ${first.length} first, ${refused.length} refused`
}

/** A lease runs out; its holder acknowledges when others claim. @returns Who won, or what is wrong. */
async function race(ask: Ask): Promise<string> {
  if ((await ask('POST', '/events', EVENT)).status !== 201) return 'unanswered'
  const { status: code, body } = await ask('POST', '/inbox/claim', { lease_seconds: 1 })
  if (code !== 200) return 'unanswered'
  const held = body as Claimed
  const [{ event_id } = { event_id: '' }] = held.events
  // A lease is stored for a second longer than is told.
  await delay(Date.parse(held.lease_expires_at ?? '') + 1_000 - Date.now() + 20 * Math.random())
  const [acknowledged, claimed] = await Promise.all([
    // A claim looks for events before it writes: to give it a chance, others start later in every second race.
    delay(Math.random() < 0.5 ? 0 : 40).then(() =>
      many(RACE.rivals, () => ask('POST', `/events/${event_id}/acknowledge`, { lease_id: held.lease_id })),
    ),
    many(RACE.rivals, () => ask('POST', '/inbox/claim', { lease_seconds: 60 })),
  ])
  const statuses = [...acknowledged, ...claimed].map(({ status }) => status)
  const others = statuses.filter((status) => ![200, 204, 409].includes(status))
  if (others.length > 0) return others.every((status) => status === 503) ? 'unanswered' : others.join(' ')
  const done = acknowledged.filter(({ status }) => status === 204).length
  const holders = claimed.filter(({ body }) => (body as Claimed).events.length > 0).length
  const { status, delivery_attempts } = (await ask('GET', `/events/${event_id}`)).body as EventAnswer
  const story = `${done} acknowledged, ${holders} hold it, ${status} after ${delivery_attempts}`
  if (done === RACE.rivals && holders === 0 && status === 'delivered' && delivery_attempts === 1)
    return 'acknowledged'
  return done === 0 && holders === 1 && status === 'undelivered' && delivery_attempts === 2
    ? 'claimed'
    : story
}

/** Walks the list to its end. @returns What is wrong with it. */
async function walk(ask: Ask, before: Set<string>): Promise<string | undefined> {
  const ids: string[] = []
  for (let path: string | undefined = `/events?limit=${LIST.limit}`; path !== undefined;) {
    const answer = await ask('GET', path)
    if (answer.status !== 200) return `answers ${answer.status}`
    ids.push(...(answer.body as EventSummary[]).map(({ event_id }) => event_id))
    path = /<(.*)>/.exec(String(answer.headers.link ?? ''))?.[1]
  }
  const missing = before.difference(new Set(ids))
  if (missing.size > 0) return `misses ${[...missing].join(' ')}`
  const ulids = ids.map((id) => id.slice(0, -1))
  return ulids.every((ulid, n) => n === 0 || ulid < ulids[n - 1]!)
    ? undefined
    : 'is not newest first, each once'
}

t.test('at three tasks', async (t) => {
  t.setTimeout(60_000 + SAME_KEY.rounds * 5_000 + RACE.rounds * 1_000 + LIST.forMs * 2)
  const { newTenant } = await startTasks(t)

  await t.test(
    `${SAME_KEY.rounds} keys, ${SAME_KEY.clients} clients each, make one event each`,
    async (t) => {
      const ask = await newTenant()
      const wrong = await pMap(Array(SAME_KEY.rounds).keys(), (round) => sameKey(ask, round), {
        concurrency: 1,
      })
      t.strictSame(
        wrong.filter((story) => story !== undefined),
        [],
      )
      t.equal(
        ((await ask('GET', '/events?limit=100')).body as EventAnswer[]).length,
        Math.min(100, SAME_KEY.rounds),
      )
    },
  )

  await t.test(`${RACE.rounds} races of acknowledgements with claims have one winner each`, async (t) => {
    const tenants = await pMap(Array(RACE.rounds).keys(), newTenant, { concurrency: 8 })
    const winners = await pMap(tenants, race, { concurrency: RACE.together })
    const of = (winner: string) => winners.filter((one) => one === winner).length
    const wrong = winners.filter((winner) => !['acknowledged', 'claimed', 'unanswered'].includes(winner))
    t.strictSame(wrong, [])
    t.ok(of('unanswered') < RACE.rounds / 2, `${of('acknowledged')} acknowledged, ${of('claimed')} claimed`)
  })

  await t.test('a list that is being written to shows what was there, each once, newest first', async (t) => {
    const ask = await newTenant()
    const known = new Set<string>()
    const post = async () => {
      const { event_id } = (await ask('POST', '/events', EVENT)).body as EventAnswer
      known.add(event_id)
      return event_id
    }
    await many(LIST.before, post)
    const until = Date.now() + LIST.forMs
    const writing = many(LIST.writers, async () => {
      while (Date.now() < until) {
        await ask('POST', `/events/${await post()}/acknowledge`)
        await delay(100)
      }
    })
    const wrong: (string | undefined)[] = []
    while (Date.now() < until) wrong.push(await walk(ask, new Set(known)))
    await writing
    t.strictSame(
      wrong.filter((story) => story !== undefined),
      [],
    )
    t.comment(`${wrong.length} walks, ${known.size} events`)
  })
})
