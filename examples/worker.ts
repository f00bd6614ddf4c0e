/**
 * A worker that shares an inbox with any number of others: claim → work → extend → acknowledge or nack.
 *
 *   TRIGGERS_URL=http://127.0.0.1:3000 TRIGGERS_KEY=trg_… node examples/worker.ts
 */
import { setTimeout as wait } from 'node:timers/promises'

const { TRIGGERS_URL = 'http://127.0.0.1:3000', TRIGGERS_KEY = '', LEASE_SECONDS = '30' } = process.env
const leaseSeconds = Number(LEASE_SECONDS)

interface Event {
  event_id: string
  event_type: string
  payload: Record<string, unknown>
  delivery_attempts: number
}

/** Where your work goes. An event may come twice, so it must do no harm to handle it again. */
async function work({ event_id, payload }: Event, signal: AbortSignal): Promise<void> {
  console.log(`working on ${event_id}`)
  await wait(Number(payload['work_ms'] ?? 0), undefined, { signal })
  if (typeof payload['fail'] === 'string') throw new Error(payload['fail'])
}

const stopping = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.once(signal, () => {
    stopping.abort()
  })

async function post(path: string, body: object, signal?: AbortSignal): Promise<unknown> {
  const response = await fetch(`${TRIGGERS_URL}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TRIGGERS_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    ...(signal && { signal }),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${text}`)
  return text === '' ? undefined : JSON.parse(text)
}

/** Keeps events held while one is worked on. @returns What ends it. */
function keepHeld(lease_id: string, event_ids: string[], onLost: () => void): () => void {
  const extend = async () => {
    const answer = await post('/inbox/extend', { lease_id, event_ids, lease_seconds: leaseSeconds })
    const { results } = answer as { results: { event_id: string; result: string }[] }
    if (results[0]?.result !== 'extended') onLost()
  }
  // A third of the lease leaves time for a try that fails.
  const timer = setInterval(() => void extend().catch(console.error), (leaseSeconds * 1000) / 3)
  return () => {
    clearInterval(timer)
  }
}

/** Works on the first of these events; the others are held meanwhile. */
async function handle(lease_id: string, [event, ...others]: [Event, ...Event[]]): Promise<void> {
  const lost = new AbortController()
  const held = [event, ...others].map(({ event_id }) => event_id)
  const letGo = keepHeld(lease_id, held, () => {
    lost.abort(new Error('the lease was lost'))
  })
  const failure = await work(event, lost.signal).then(
    () => undefined,
    (error: unknown) => String(error),
  )
  letGo()
  const path = `/events/${event.event_id}`
  // Somebody else has it by now: the outcome is theirs to tell.
  if (lost.signal.aborted) return
  if (failure === undefined) await post(`${path}/acknowledge`, { lease_id })
  else await post(`${path}/nack`, { lease_id, reason: failure.slice(0, 500) })
}

async function claimAndWork(): Promise<void> {
  const wish = { limit: 5, lease_seconds: leaseSeconds, wait_seconds: 20 }
  const claimed = await post('/inbox/claim', wish, stopping.signal)
  const { lease_id, events } = claimed as { lease_id: string; events: Event[] }
  for (let [event, ...others] = events; event; [event, ...others] = others) {
    if (stopping.signal.aborted) {
      const event_ids = [event, ...others].map(({ event_id }) => event_id)
      await post('/inbox/release', { lease_id, event_ids })
      return
    }
    // Where even the answer fails, the lease ends by itself and the event comes again.
    await handle(lease_id, [event, ...others]).catch(console.error)
  }
}

while (!stopping.signal.aborted) {
  await claimAndWork().catch(async (error: unknown) => {
    if (stopping.signal.aborted) return
    console.error(error)
    await wait(1_000)
  })
}
console.log('stopped')
