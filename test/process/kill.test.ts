import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { createHttpClient, firstKeys, startService, type Service } from '../support/service.ts'

const KILLS = 20
const CLIENTS = 8

interface Known {
  /** Answered 201. */
  accepted: Set<string>
  /** Acknowledged, or perhaps acknowledged: the answer did not come. */
  acknowledged: Set<string>
}

/** Posts events and acknowledges every third of them, until the service is gone. */
async function load(
  t: import('tap').Test,
  service: Service,
  keys: { producer: string; consumer: string },
  known: Known,
) {
  const call = createHttpClient(t, CLIENTS)
  const one = async (): Promise<void> => {
    for (let n = 0; ; n++) {
      const { status, body } = await call('POST', `${service.url}/events`, keys.producer, {
        event_type: 'a',
        payload: { n },
      })
      // While the store's process is being started again, the service says so.
      if (status !== 201) continue
      const { event_id } = body as { event_id: string }
      known.accepted.add(event_id)
      if (n % 3 > 0) continue
      known.acknowledged.add(event_id)
      await call('POST', `${service.url}/events/${event_id}/acknowledge`, keys.consumer)
    }
  }
  await Promise.allSettled(Array.from({ length: CLIENTS }, one))
}

async function inboxIds(t: import('tap').Test, service: Service, key: string): Promise<Set<string>> {
  const call = createHttpClient(t)
  const ids = new Set<string>()
  let path = '/inbox'
  for (;;) {
    const { status, body, headers } = await call('GET', service.url + path, key)
    if (status !== 200) throw new Error(`The inbox answers ${status}`)
    for (const { event_id } of body as { event_id: string }[]) ids.add(event_id)
    const next = /<(.*)>/.exec(String(headers.link ?? ''))?.[1]
    if (next === undefined) return ids
    path = next
  }
}

t.test(
  `after ${KILLS} kills under load every open event is offered, and nothing acknowledged is`,
  async (t) => {
    const folder = t.testdir()
    const known: Known = { accepted: new Set(), acknowledged: new Set() }
    let service = await startService(t, { DATA_FOLDER: folder })
    const keys = await firstKeys(service)
    for (let kill = 0; kill < KILLS; kill++) {
      const loading = load(t, service, keys, known)
      await delay(100 + Math.random() * 300)
      if (kill % 2 === 0) {
        const { pid } = JSON.parse(await readFile(join(folder, 'endpoint.json'), 'utf8')) as { pid: number }
        process.kill(pid, 'SIGKILL')
        await delay(Math.random() * 200)
      }
      await service.stop('SIGKILL')
      await loading
      service = await startService(t, { DATA_FOLDER: folder })
    }
    const offered = await inboxIds(t, service, keys.consumer)
    const open = [...known.accepted].filter((id) => !known.acknowledged.has(id))
    t.ok(open.length > KILLS, `${known.accepted.size} accepted, ${open.length} certainly open`)
    t.strictSame(
      open.filter((id) => !offered.has(id)),
      [],
    )
  },
)
