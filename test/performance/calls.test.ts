/**
 * How many calls to DynamoDB each request makes: what a request costs on any machine. The service is a process of its
 * own, and what is counted is what arrives at the store.
 */
import t from 'tap'
import { setTimeout as delay } from 'node:timers/promises'
import { startObservedService } from '../support/observed-service.ts'
import { createHttpClient } from '../support/service.ts'

const service = await startObservedService(t, { METRICS_INTERVAL_SECONDS: '300' })
const call = createHttpClient(t)
const { proxy, keys, url } = service

/** Until the process itself has nothing more to ask: the first measurement of the inbox, the look-up of the keys. */
async function settle(): Promise<void> {
  for (const key of [keys.producer, keys.consumer]) await call('GET', `${url}/events/evt_x`, key)
  for (let seen = -1; seen !== proxy.count();) {
    seen = proxy.count()
    await delay(500)
  }
}

/** @returns How many calls of each operation the work makes. */
async function callsOf(work: () => Promise<unknown>): Promise<Record<string, number>> {
  const from = proxy.calls.length
  await work()
  const counts: Record<string, number> = {}
  for (const { operation } of proxy.calls.slice(from)) counts[operation] = (counts[operation] ?? 0) + 1
  return counts
}

const EVENT = { event_type: 'order.created', payload: { order_id: 42 } }

async function createEvent(): Promise<string> {
  const { status, body } = await call('POST', `${url}/events`, keys.producer, EVENT)
  if (status !== 201) throw new Error(`The event was not accepted: ${status}`)
  return (body as { event_id: string }).event_id
}

await settle()
const ids: string[] = []
for (let n = 0; n < 20; n++) ids.push(await createEvent())
const [first = '', second = ''] = ids

t.test('one event: one call', async (t) => {
  const get = () => call('GET', `${url}/events/${first}`, keys.producer)
  t.strictSame(await callsOf(createEvent), { PutItem: 1 })
  t.strictSame(await callsOf(get), { GetItem: 1 })
  const acknowledge = (id: string) => () => call('POST', `${url}/events/${id}/acknowledge`, keys.consumer)
  t.strictSame(await callsOf(acknowledge(first)), { UpdateItem: 1 })
  t.strictSame(await callsOf(acknowledge(first)), { UpdateItem: 1 }, 'repeated')
  const nack = () => call('POST', `${url}/events/${second}/nack`, keys.consumer, { permanent: true })
  t.strictSame(await callsOf(nack), { GetItem: 1, UpdateItem: 1 })
})

t.test('many events: one call for each that is written, none for each that is read', async (t) => {
  t.strictSame(await callsOf(() => call('GET', `${url}/events?limit=10`, keys.producer)), { Query: 1 })
  const inbox = () => call('GET', `${url}/inbox?limit=10`, keys.consumer)
  t.strictSame(await callsOf(inbox), { Query: 1, BatchGetItem: 1 })
  const claim = () => call('POST', `${url}/inbox/claim`, keys.consumer, { limit: 10 })
  t.strictSame(await callsOf(claim), { Query: 1, UpdateItem: 10 })
  const batch = () =>
    call('POST', `${url}/events/batch`, keys.producer, { events: Array.from({ length: 10 }, () => EVENT) })
  t.strictSame(await callsOf(batch), { PutItem: 10 })
})

t.test('reads that arrive together become one call', async (t) => {
  const together = () => Promise.all(ids.map((id) => call('GET', `${url}/events/${id}`, keys.producer)))
  await together()
  const { GetItem = 0, BatchGetItem = 0 } = await callsOf(together)
  t.ok(GetItem + BatchGetItem < ids.length, `${GetItem} + ${BatchGetItem} calls for ${ids.length} events`)
})

t.test('what is refused asks nobody', async (t) => {
  const refused: [number, () => Promise<{ status: number }>][] = [
    [404, () => call('GET', `${url}/events/evt_abc123xyz456`, keys.producer)],
    [400, () => call('POST', `${url}/events`, keys.producer, { ...EVENT, event_type: '' })],
    [401, () => call('GET', `${url}/events`, 'not-a-key')],
    [403, () => call('GET', `${url}/inbox`, keys.producer)],
  ]
  for (const [expected, refuse] of refused) {
    let status = 0
    t.strictSame(await callsOf(async () => ({ status } = await refuse())), {})
    t.equal(status, expected)
  }
})
