import { setTimeout as delay } from 'node:timers/promises'
import pMap from 'p-map'
import type { EventAnswer, EventSummary } from '../../../src/schemas/event.ts'
import type { InboxStats } from '../../../src/schemas/inbox-stats.ts'
import { now, RecordingClient, type Target } from './client.ts'
import type { FinalEvent, Handed, History, Operation } from './history.ts'

export interface Load {
  /** How long producers post and consumers come and go, in ms; by default until `until` says so. */
  forMs?: number
  until?: () => boolean
  producers: number
  workers: number
  pollers: number
  maxAttempts: number
  /** Which part of what they claim workers hold until it lapses, while they claim more. */
  hoarding?: number
  /** Which part of the workers dies at its work. */
  crashing?: number
  /** A producer rests for up to so long between two events, in ms. */
  pauseMs?: number
  /** Called when the time is up: ends whatever goes wrong, so that everything must come to its end. */
  heal?: () => Promise<void>
}

const LEASE_SECONDS = 1
/** On a machine that is busy it takes longer until enough has happened. */
const MIN_EVENTS = 60
const MAX_LONGER_MS = 10_000
/** So long nothing may come to its end before the end is given up. */
const DRAIN_TIMEOUT_MS = 20_000

const chance = (part: number) => Math.random() < part
const upTo = (most: number) => Math.random() * most

type IsOver = () => boolean

/**
 * Posts events until the time is up: some with a key, and of those some again, at once or later. With a key, who gets no
 * answer asks again.
 */
async function produce(
  client: RecordingClient,
  isOver: IsOver,
  nextNumber: () => number,
  pauseMs: number,
): Promise<void> {
  while (!isOver()) {
    const n = nextNumber()
    const key = chance(0.6) ? `key-${n}` : undefined
    const repeats = key === undefined ? 1 : 1 + Math.floor(upTo(3))
    const created = await Promise.all(Array.from({ length: repeats }, () => client.create(n, key)))
    if (key !== undefined) {
      let isUnknown = created.every(({ outcome }) => outcome === 'unknown') || chance(0.2)
      while (isUnknown && !isOver()) isUnknown = (await client.create(n, key)).outcome === 'unknown'
    }
    await delay(upTo(pauseMs))
  }
}

/** Handles one event the way consumers do: well, badly, too slowly, or not at all. */
async function handle(
  client: RecordingClient,
  { event_id }: Handed,
  lease_id: string,
  hoarding: number,
): Promise<void> {
  if (chance(hoarding)) return
  const way = Math.random()
  await delay(upTo(60))
  if (!client.isAlive) return
  if (way < 0.45) return client.acknowledge(event_id, lease_id)
  if (way < 0.5) return client.acknowledge(event_id)
  if (way < 0.6) return client.nack(event_id, { lease_id, delay_seconds: 0 })
  if (way < 0.65) return client.nack(event_id, { lease_id })
  if (way < 0.68) return client.nack(event_id, { lease_id, permanent: true })
  if (way < 0.75) return client.release(lease_id, [event_id])
  if (way < 0.85) {
    await client.extend(lease_id, [event_id], LEASE_SECONDS)
    await delay(upTo(900))
    return client.acknowledge(event_id, lease_id)
  }
  if (way < 0.9) return
  // Too slow: somebody else may have it by then.
  await delay(LEASE_SECONDS * 1000 + upTo(1_500))
  return chance(0.5) ? client.acknowledge(event_id, lease_id) : client.extend(lease_id, [event_id], 1)
}

async function work(client: RecordingClient, isOver: IsOver, hoarding: number): Promise<void> {
  while (client.isAlive && !isOver()) {
    const { events, lease_id } = await client.claim(1 + Math.floor(upTo(5)), LEASE_SECONDS, 1)
    if (lease_id === undefined) continue
    if (chance(0.2 * (1 - hoarding)))
      await client.acknowledgeMany(
        lease_id,
        events.map(({ event_id }) => event_id),
      )
    else for (const event of events) await handle(client, event, lease_id, hoarding)
  }
}

/** Reads the inbox without claiming, and acknowledges some of what it sees. */
async function poll(client: RecordingClient, isOver: IsOver): Promise<void> {
  while (client.isAlive && !isOver()) {
    for (const { event_id } of await client.inbox(10)) if (chance(0.1)) await client.acknowledge(event_id)
    await delay(upTo(150))
  }
}

/** Takes whatever is left until there is nothing. */
async function drain(client: RecordingClient): Promise<void> {
  let giveUpAt = now() + DRAIN_TIMEOUT_MS
  while (now() < giveUpAt) {
    const { events, lease_id } = await client.claim(100, 5, 0)
    if (lease_id !== undefined) {
      await client.acknowledgeMany(
        lease_id,
        events.map(({ event_id }) => event_id),
      )
      giveUpAt = now() + DRAIN_TIMEOUT_MS
      continue
    }
    const { available, delayed, leased } = (await client.read('/inbox/stats')).body as InboxStats
    if (available + delayed + leased === 0) return
    await delay(100)
  }
}

async function readFinal(client: RecordingClient): Promise<FinalEvent[]> {
  const ids: string[] = []
  let path: string | undefined = '/events?limit=100'
  while (path !== undefined) {
    const { body, next } = await client.read(path)
    ids.push(...(body as EventSummary[]).map(({ event_id }) => event_id))
    path = next
  }
  return pMap(
    ids,
    async (id) => {
      const event = (await client.read(`/events/${id}`)).body as EventAnswer
      const { event_id, status, delivery_attempts, payload } = event
      return { event_id, status, attempt: delivery_attempts, n: Number(payload['n']) }
    },
    { concurrency: 16 },
  )
}

/** Lets many clients at the service, of which some are killed in the middle of their work, and waits until all is done. */
export async function runLoad(target: Target, load: Load): Promise<History> {
  const { forMs = 0, crashing = 0.33, hoarding = 0, pauseMs = 100 } = load
  const operations: Operation[] = []
  const clients: RecordingClient[] = []
  const newClient = (name: string) => {
    const client = new RecordingClient(`${name} ${clients.length}`, target, operations)
    clients.push(client)
    return client
  }
  const until = now() + forMs
  let n = 0
  const isEnough = () => now() >= until && (n >= MIN_EVENTS || now() >= until + MAX_LONGER_MS)
  const isOver = load.until ?? isEnough
  const many = (count: number, run: () => Promise<void>) => Array.from({ length: count }, run)

  /** A place at which one worker follows another when it has died. */
  async function workplace(): Promise<void> {
    while (!isOver()) {
      const client = newClient('worker')
      const shift = chance(crashing)
        ? setTimeout(
            () => {
              client.kill()
            },
            200 + upTo(1_500),
          )
        : undefined
      await work(client, isOver, hoarding)
      clearTimeout(shift)
    }
  }

  await Promise.all([
    ...many(load.producers, () => produce(newClient('producer'), isOver, () => n++, pauseMs)),
    ...many(load.workers, workplace),
    ...many(load.pollers, () => poll(newClient('poller'), isOver)),
  ])
  await load.heal?.()
  const finisher = newClient('finisher')
  await drain(finisher)
  const final = await readFinal(finisher)
  for (const client of clients) client.kill()
  return { operations, final, maxAttempts: load.maxAttempts }
}
