/**
 * Kills the service and its store under load and starts them again at once. KILLS sets how often.
 *
 * Clients post with an `Idempotency-Key` and ask again until they are answered; some ask once more though they were.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { EventAnswer } from '../../src/schemas/event.ts'
import type { Claimed } from '../../src/schemas/queue.ts'
import { createHttpClient, firstKeys, startService, type Answer, type Service } from '../support/service.ts'

const KILLS = Number(process.env['KILLS'] ?? 4)
const CLIENTS = 30
const PAUSE_MS = 200
const WALK_TRIES = 5
const AGAIN = 0.05
/** How long load runs between two kills. */
const LOAD_MS = { least: 300, most: 900 }

type Call = (method: string, path: string, options?: Partial<Request>) => Promise<Answer | undefined>
interface Request {
  role: 'producer' | 'consumer'
  body: object
  headers: Record<string, string>
}

interface Known {
  /** Ids answered 201, by key. */
  accepted: Map<string, Set<string>>
  /** Acknowledged, or perhaps acknowledged: the answer did not come. */
  acknowledged: Set<string>
  /** Acknowledged for certain. */
  delivered: Set<string>
  asked: number
}

/** A client of a service that may be gone, and be somewhere else the next time. */
function createCall(t: Test, service: () => Service, keys: Record<Request['role'], string>): Call {
  const call = createHttpClient(t, CLIENTS)
  return async (method, path, { role = 'consumer', body, headers } = {}) =>
    call(method, service().url + path, keys[role], body, headers).catch(() => undefined)
}

/** Posts events and acknowledges every third of them. */
async function client(call: Call, name: string, known: Known, isOver: () => boolean): Promise<void> {
  for (let n = 0; !isOver(); n++) {
    const key = `${name}-${n}`
    const post = () => {
      known.asked++
      const headers = { 'idempotency-key': key }
      return call('POST', '/events', {
        role: 'producer',
        body: { event_type: 'a', payload: { key } },
        headers,
      })
    }
    const ids = new Set<string>()
    const accept = (answer: Answer | undefined) => {
      if (answer?.status === 201) ids.add((answer.body as EventAnswer).event_id)
    }
    while (ids.size === 0) {
      if (isOver()) return
      accept(await post())
      await delay(Math.random() * PAUSE_MS)
    }
    if (Math.random() < AGAIN) accept(await post())
    known.accepted.set(key, ids)
    const [id = ''] = ids
    if (n % 3 > 0) continue
    known.acknowledged.add(id)
    const answer = await call('POST', `/events/${id}/acknowledge`)
    if (answer?.status === 204) known.delivered.add(id)
  }
}

/** Kills the store's process; one that is just being started again has not told its id yet. */
async function killStore(folder: string): Promise<void> {
  for (;;) {
    const file = await readFile(join(folder, 'endpoint.json'), 'utf8')
    try {
      process.kill((JSON.parse(file) as { pid: number }).pid, 'SIGKILL')
      return
    } catch {
      await delay(20)
    }
  }
}

/** Kills the store, which its service starts again, or the service, or both. */
async function kill(n: number, folder: string, service: Service): Promise<boolean> {
  if (n % 4 !== 0) await killStore(folder)
  if (n % 4 === 3) await delay(Math.random() * 100)
  if (n % 2 === 1) return false
  await service.stop('SIGKILL')
  return true
}

async function walk(call: Call, path: string): Promise<EventAnswer[]> {
  const events: EventAnswer[] = []
  for (let next: string | undefined = path; next !== undefined;) {
    let answer: Answer | undefined
    // A store that has just been started may be slow, and is asked again as by every client.
    for (let tries = 0; tries < WALK_TRIES && answer?.status !== 200; tries++)
      answer = await call('GET', next)
    if (answer?.status !== 200) throw new Error(`${path} answers ${answer?.status}`)
    events.push(...(answer.body as EventAnswer[]))
    next = /<(.*)>/.exec(String(answer.headers.link ?? ''))?.[1]
  }
  return events
}

async function claimAll(call: Call): Promise<string[]> {
  const ids: string[] = []
  for (;;) {
    const answer = await call('POST', '/inbox/claim', { body: { limit: 100, lease_seconds: 3_600 } })
    const { events } = answer?.body as Claimed
    if (events.length === 0) return ids
    ids.push(...events.map(({ event_id }) => event_id))
  }
}

const idsOf = (events: { event_id: string }[]) => events.map(({ event_id }) => event_id).sort()

async function checkAll(t: Test, call: Call, known: Known): Promise<void> {
  const accepted = [...known.accepted]
  const twice = accepted.filter(([, ids]) => ids.size > 1)
  t.strictSame(twice, [], 'no key was answered with two events')

  const listed = await walk(call, '/events?limit=100')
  const stored = new Set(idsOf(listed))
  const missing = accepted.filter(([, ids]) => [...ids].some((id) => !stored.has(id)))
  t.strictSame(missing, [], 'nothing answered 201 is missing')

  const open = listed.filter(({ status }) => status === 'pending' || status === 'undelivered')
  const certain = accepted.flatMap(([, ids]) => [...ids].filter((id) => !known.acknowledged.has(id)))
  t.ok(certain.length > KILLS, `${accepted.length} accepted, ${certain.length} certainly open`)
  const isOpen = new Set(idsOf(open))
  t.ok(
    certain.every((id) => isOpen.has(id)),
    'what nobody acknowledged is open',
  )
  const revived = [...known.delivered].filter((id) => isOpen.has(id))
  t.strictSame(revived, [], `of ${known.delivered.size} acknowledged events none is open again`)
  const inbox = await walk(call, '/inbox')
  t.strictSame(idsOf(inbox), idsOf(open), 'the inbox has every open event, and no other')
  const keysOf = Map.groupBy(inbox, ({ payload }) => payload['key'])
  t.ok(
    [...keysOf.values()].every((events) => events.length === 1),
    'no key has two events',
  )
  t.strictSame((await claimAll(call)).sort(), idsOf(open), 'every open event can be claimed')
}

t.test(`${KILLS} kills under load, of the service and of its store`, async (t) => {
  t.setTimeout(60_000 + KILLS * 10_000)
  const folder = t.testdir()
  let service = await startService(t, { DATA_FOLDER: folder })
  const call = createCall(t, () => service, await firstKeys(service))
  const known: Known = { accepted: new Map(), acknowledged: new Set(), delivered: new Set(), asked: 0 }
  let isOver = false
  t.teardown(() => (isOver = true))
  const clients = Array.from({ length: CLIENTS }, (_, n) => client(call, `c${n}`, known, () => isOver))
  for (let n = 0; n < KILLS; n++) {
    await delay(LOAD_MS.least + Math.random() * (LOAD_MS.most - LOAD_MS.least))
    if (await kill(n, folder, service)) service = await startService(t, { DATA_FOLDER: folder })
  }
  await delay(LOAD_MS.least)
  isOver = true
  await Promise.all(clients)
  t.comment(`${known.asked} times asked`)
  await checkAll(t, call, known)
})
