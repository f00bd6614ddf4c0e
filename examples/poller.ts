/**
 * The plainest consumer: poll the inbox, handle what is there, acknowledge each event. One of it is enough for one
 * inbox; several would handle the same events (see worker.ts).
 *
 *   TRIGGERS_URL=http://127.0.0.1:3000 TRIGGERS_KEY=trg_… node examples/poller.ts
 */
import { setTimeout as wait } from 'node:timers/promises'

const { TRIGGERS_URL = 'http://127.0.0.1:3000', TRIGGERS_KEY = '', POLL_SECONDS = '5' } = process.env

interface Event {
  event_id: string
  event_type: string
  payload: Record<string, unknown>
}

/** Where your work goes. An event may come twice, so it must do no harm to handle it again. */
async function handle({ event_id, event_type, payload }: Event): Promise<void> {
  console.log(event_id, event_type, JSON.stringify(payload))
}

const stopping = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.once(signal, () => {
    stopping.abort()
  })

async function call(method: string, path: string): Promise<Response> {
  const headers = { authorization: `Bearer ${TRIGGERS_KEY}` }
  const response = await fetch(`${TRIGGERS_URL}${path}`, { method, headers })
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`)
  return response
}

async function poll(): Promise<void> {
  const events = (await (await call('GET', '/inbox')).json()) as Event[]
  for (const event of events) {
    if (stopping.signal.aborted) return
    try {
      await handle(event)
      await call('POST', `/events/${event.event_id}/acknowledge`)
    } catch (error) {
      // It stays in the inbox, and must not keep the others from being handled.
      console.error(error)
    }
  }
}

while (!stopping.signal.aborted) {
  await poll().catch(console.error)
  await wait(Number(POLL_SECONDS) * 1000, undefined, { signal: stopping.signal }).catch(() => undefined)
}
console.log('stopped')
