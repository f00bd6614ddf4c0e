/**
 * DynamoDB is not there, from the start or all of a sudden, while clients go on asking. OUTAGE_SECONDS sets for how long
 * each outage lasts.
 */
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { ROLES } from '../../src/domain/access.ts'
import { createKey } from '../../src/domain/key-management.ts'
import type { EventAnswer } from '../../src/schemas/event.ts'
import { startFaultProxy, type FaultProxy, type Faults } from '../support/fault-proxy.ts'
import { anyEndpoint } from '../support/observed-service.ts'
import { createHttpClient, startService } from '../support/service.ts'
import { openTable } from '../support/table.ts'

const SECONDS = Number(process.env['OUTAGE_SECONDS'] ?? 1)
const CLIENTS = 8
const OUTAGES: Faults[] = [
  { refuse: true },
  { blackHole: true },
  { latencyMs: 5_000 },
  { stallBody: true },
  { resetBefore: true },
  { resetBody: true },
  { throttle: true },
  { serverError: true },
]
/** By default 2.5 s are all that a request may take; a busy machine needs more. */
const ANSWER_MS = 4_000
/** With a second's outage in the company of other tests, this says less. */
const RECOVERY_MS = SECONDS < 10 ? 5_000 : 2_000
const EVENT = { event_type: 'a', payload: {} }
const UNAVAILABLE = { error: 'unavailable', message: 'The event store does not answer now. Try again.' }

/** A service behind a proxy, and how to ask it. */
async function startBehindProxy(t: Test, faults: Faults) {
  const endpoint = await anyEndpoint(t)
  const { table, access } = await openTable(t, endpoint)
  const wanted = { tenant: 'a', scopes: ROLES.admin, name: null, valid_until: null }
  const { token } = await createKey(access, Date.now, wanted)
  const proxy = await startFaultProxy({ target: endpoint, faults })
  t.teardown(() => proxy.stop())
  const service = await startService(t, { DYNAMODB_ENDPOINT: proxy.endpoint, DYNAMODB_TABLE: table })
  const call = createHttpClient(t, 100)
  const ask = async (method: string, path: string, body?: object) => {
    const startedAt = Date.now()
    return { ...(await call(method, service.url + path, token, body)), ms: Date.now() - startedAt }
  }
  return { proxy, service, ask }
}

type Ask = Awaited<ReturnType<typeof startBehindProxy>>['ask']

/** Every request of these waits for the store. */
const REQUESTS: ((ask: Ask, id: string) => ReturnType<Ask>)[] = [
  (ask) => ask('POST', '/events', EVENT),
  (ask) => ask('GET', '/events'),
  (ask) => ask('GET', '/inbox'),
  (ask) => ask('POST', '/inbox/claim', {}),
  (ask, id) => ask('GET', `/events/${id}`),
  (ask, id) => ask('POST', `/events/${id}/acknowledge`),
]

async function expectAlive(t: Test, ask: Ask): Promise<void> {
  for (const path of ['/health', '/ready']) t.equal((await ask('GET', path)).status, 200, path)
}

/** Sets the faults and waits until they are as they should be. */
async function set(proxy: FaultProxy, faults: Faults): Promise<void> {
  proxy.faults = faults
  await proxy.settle()
}

/** Asks as clients do, all the time of the outage. @returns What was not answered as it should be. */
async function outage(ask: Ask, id: string): Promise<object[]> {
  const until = Date.now() + SECONDS * 1000
  const wrong: object[] = []
  async function client(n: number): Promise<void> {
    for (let at = n; Date.now() < until; at++) {
      const { status, headers, body, ms } = await REQUESTS[at % REQUESTS.length]!(ask, id)
      const isRight = status === 503 && headers['retry-after'] === '1' && ms < ANSWER_MS
      if (!isRight) wrong.push({ request: at % REQUESTS.length, status, body, ms })
      await delay(50)
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, (_, n) => client(n)))
  return wrong
}

/** Every request is served again, within so many ms of the store being there. */
async function recovery(ask: Ask, id: string): Promise<number> {
  const startedAt = Date.now()
  await Promise.all(
    REQUESTS.map(async (request) => {
      while ((await request(ask, id)).status >= 500) await delay(20)
    }),
  )
  return Date.now() - startedAt
}

t.test('without DynamoDB the process starts and stays up', async (t) => {
  const { proxy, service, ask } = await startBehindProxy(t, { refuse: true })
  const unknown = 'evt_01jd8x5q3v7k2m9n4p6r8s0t1w'
  t.match(await ask('GET', `/events/${unknown}`), { status: 503, body: UNAVAILABLE }, 'no key is known')
  await expectAlive(t, ask)
  await set(proxy, {})
  t.equal((await ask('GET', `/events/${unknown}`)).status, 404, 'recovered')
  t.equal(await service.stop(), 0)
})

t.test(
  `outages of ${SECONDS} s: refusals in time, nothing lost, and recovery without a restart`,
  async (t) => {
    t.setTimeout(60_000 + OUTAGES.length * (SECONDS + 10) * 1000)
    const { proxy, service, ask } = await startBehindProxy(t, {})
    const accepted: string[] = []
    for (const faults of OUTAGES) {
      const name = Object.keys(faults)[0] ?? ''
      const created = (await ask('POST', '/events', EVENT)).body as EventAnswer
      accepted.push(created.event_id)
      const acknowledged = (await ask('POST', '/events', EVENT)).body as EventAnswer
      await set(proxy, faults)
      t.strictSame(await outage(ask, acknowledged.event_id), [], `${name}: 503 and Retry-After, in time`)
      await expectAlive(t, ask)
      await set(proxy, {})
      const ms = await recovery(ask, acknowledged.event_id)
      t.ok(ms < RECOVERY_MS, `${name}: recovered in ${ms} ms`)
    }
    for (const id of accepted) t.match((await ask('GET', `/events/${id}`)).body, { event_id: id })
    t.equal(await service.stop(), 0)
  },
)
