/**
 * `npm run -s bench:timing -- [requests]`: whether the time of an answer tells an id of another tenant from one that
 * does not exist. Requests of both kinds take turns, 2,000 of each on every route that names an event, and their medians
 * must differ by less than 10 %. Needs a Java runtime; starts a store of its own, in memory.
 */
import { Agent, request, type IncomingMessage } from 'node:http'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { ROLES } from '../src/domain/access.ts'
import { createKey } from '../src/domain/key-management.ts'
import { createClient } from '../src/dynamodb/client.ts'
import { migrate } from '../src/dynamodb/migrate.ts'
import { startDynamoDBLocal } from '../test/support/dynamodb-local.ts'
import { startLocalApp } from '../test/support/history/local-app.ts'
import { createStores } from '../test/support/table.ts'

const REQUESTS = Number(process.argv[2] ?? 2_000)
const WARM_UP = 200
const MAX_DIFFERENCE = 0.1
const TABLE = 'timing'
const ROUTES = ['GET', 'POST acknowledge', 'POST nack', 'POST redrive']

const store = await startDynamoDBLocal()
const client = createClient({ endpoint: store.endpoint, region: 'local' })
const ends: (() => unknown)[] = []
const agent = new Agent({ keepAlive: true, maxSockets: 1 })

async function keyOf(access: ReturnType<typeof createStores>['access'], tenant: string): Promise<string> {
  const { token } = await createKey(access, Date.now, {
    tenant,
    scopes: ROLES.admin,
    name: null,
    valid_until: null,
  })
  return token
}

async function call(
  url: string,
  method: string,
  key: string,
  body?: string,
): Promise<{ ms: number; body: string }> {
  const headers = { authorization: `Bearer ${key}`, ...(body && { 'content-type': 'application/json' }) }
  const start = performance.now()
  const outgoing = request(url, { method, agent, headers })
  outgoing.end(body)
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage]
  return { body: await text(incoming), ms: performance.now() - start }
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN
}

/** @returns The median of each kind, in ms. */
async function compare(urls: [string, string], method: string, key: string): Promise<[number, number]> {
  const times: [number[], number[]] = [[], []]
  for (let n = -WARM_UP; n < REQUESTS; n++) {
    // Neither is always the first of the two.
    for (const kind of n % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      const { ms } = await call(urls[kind], method, key)
      if (n >= 0) times[kind].push(ms)
    }
  }
  return [median(times[0]), median(times[1])]
}

async function measure(): Promise<boolean> {
  await migrate(client, TABLE)
  const stores = { table: TABLE, ...createStores(client, TABLE) }
  const teardown = (end: () => unknown) => void ends.push(end)
  const options = { maxAttempts: 16, nackDelays: { minSeconds: 1, maxSeconds: 60 } }
  const url = await startLocalApp({ teardown }, stores, options)
  const [owner, stranger] = [await keyOf(stores.access, 'owner'), await keyOf(stores.access, 'stranger')]
  const created = await call(`${url}/events`, 'POST', owner, '{"event_type":"a","payload":{}}')
  const { event_id: foreign } = JSON.parse(created.body) as { event_id: string }
  const unknown = foreign.replace(/^evt_.{10}/, 'evt_01jd8x5q3v')

  let isEven = true
  for (const route of ROUTES) {
    const [method = '', verb] = route.split(' ')
    const urlOf = (id: string) => [`${url}/events/${id}`, verb].filter(Boolean).join('/')
    const [ofForeign, ofUnknown] = await compare([urlOf(foreign), urlOf(unknown)], method, stranger)
    const difference = Math.abs(ofForeign - ofUnknown) / Math.min(ofForeign, ofUnknown)
    isEven &&= difference < MAX_DIFFERENCE
    console.log(
      `${route}: ${ofForeign.toFixed(3)} ms for a foreign id, ${ofUnknown.toFixed(3)} ms for an unknown one: ` +
        `${(100 * difference).toFixed(1)} %`,
    )
  }
  return isEven
}

try {
  process.exitCode = (await measure()) ? 0 : 1
} finally {
  for (const end of ends.toReversed()) await end()
  agent.destroy()
  client.destroy()
  await store.stop()
}
