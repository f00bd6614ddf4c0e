import { ScanCommand } from '@aws-sdk/client-dynamodb'
import { readFileSync } from 'node:fs'
import { once } from 'node:events'
import { Agent, request, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Test } from 'tap'
import { CANARY, CANARY_HEADER } from '../leaks.ts'
import { startObservedService, type ObservedService } from '../observed-service.ts'
import { assertDocumented, type Exchange } from '../openapi-responses.ts'
import type { KnownValues } from './values.ts'

export interface Outgoing {
  method: string
  url: string
  headers?: Record<string, string>
  body?: string | Buffer | undefined
}

/** The service as a process of its own over a real store, and what an attacker knows and leaves behind. */
export interface Ground {
  service: ObservedService
  port: number
  known: KnownValues
  /** Sends a request with the key of an admin unless it has another. Rejects when the document has no such answer. */
  send(outgoing: Outgoing): Promise<Exchange>
  /** Every stored row of an event or an idempotency key. */
  snapshot(): Promise<string>
  /** Memory that the process holds, in MB; undefined where the system does not tell. */
  rssMB(): number | undefined
  /** The same before the test began. */
  rssAtStart: number | undefined
}

function memoryOf(pid: number | undefined): number | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024
  } catch {
    return undefined
  }
}

async function snapshotOf({ table: { client, table } }: ObservedService): Promise<string> {
  const rows: string[] = []
  let from: Record<string, never> | undefined
  do {
    const page = await client.send(
      new ScanCommand({ TableName: table, ConsistentRead: true, ...(from && { ExclusiveStartKey: from }) }),
    )
    for (const row of page.Items ?? []) {
      // Keys and leases of the process itself come and go by themselves.
      if (/^[ei]#/.test(row['pk']?.S ?? '')) rows.push(JSON.stringify(row))
    }
    from = page.LastEvaluatedKey as typeof from
  } while (from)
  return rows.toSorted().join('\n')
}

/**
 * Starts the ground of a test with an event in each status of life. Requests have time enough: that a busy machine takes
 * longer is none of the answers that are looked for.
 */
export async function startGround(t: Test, environment: Record<string, string> = {}): Promise<Ground> {
  const service = await startObservedService(t, { REQUEST_DEADLINE_MS: '60000', ...environment })
  const agent = new Agent({ keepAlive: true, maxSockets: 4 })
  t.teardown(() => {
    agent.destroy()
  })
  const authorization = `Bearer ${service.keys.admin}`

  async function send({ method, url, headers = {}, body }: Outgoing): Promise<Exchange> {
    const type = body === undefined ? {} : { 'content-type': 'application/json' }
    const outgoing = request(service.url + url, {
      method,
      agent,
      // As it was written: Node would tidy it up.
      path: url,
      headers: { ...CANARY_HEADER, authorization, ...type, ...headers },
    })
    outgoing.end(body)
    const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage]
    const { statusCode: status = 0, headers: answered } = incoming
    const exchange = { method, url, status, headers: answered, body: await text(incoming) }
    assertDocumented(exchange)
    return exchange
  }

  const known = await createEvents(send)
  return {
    service,
    port: Number(new URL(service.url).port),
    known,
    send,
    snapshot: () => snapshotOf(service),
    rssMB: () => memoryOf(service.child.pid),
    rssAtStart: memoryOf(service.child.pid),
  }
}

/** One event that is rejected, delivered, failed, leased and pending each. */
async function createEvents(send: Ground['send']): Promise<KnownValues> {
  const post = async (url: string, value: object) => {
    const { body } = await send({ method: 'POST', url, body: JSON.stringify(value) })
    return (body === '' ? {} : JSON.parse(body)) as { event_id: string; lease_id: string }
  }
  const create = async () =>
    (await post('/events', { event_type: 'order.created', payload: { CANARY } })).event_id
  const [rejected, delivered, failed] = [await create(), await create(), await create()]
  await post(`/events/${rejected}/nack`, { delay_seconds: 3_600 })
  await post(`/events/${delivered}/acknowledge`, {})
  await post(`/events/${failed}/nack`, { permanent: true })
  const leased = await create()
  const { lease_id } = await post('/inbox/claim', { lease_seconds: 43_200 })
  return { event_id: [rejected, delivered, failed, leased, await create()], lease_id: [lease_id] }
}
