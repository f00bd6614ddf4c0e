import { Agent, request, type IncomingMessage } from 'node:http'
import { once } from 'node:events'
import { json, text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import type { EventAnswer } from '../../../src/schemas/event.ts'
import type { Claimed, EventResults, Extended } from '../../../src/schemas/queue.ts'
import type { Claim, Create, End, Handed, Operation } from './history.ts'
import { CANARY } from '../leaks.ts'

export interface Target {
  /** Processes of the service; one that is gone is not asked again. */
  urls: string[]
  producerKey: string
  consumerKey: string
}

interface Reply {
  status: number
  body: unknown
}

/** The clock of a history. */
export const now = () => performance.timeOrigin + performance.now()

/** As clients see it: with the payloads of its events. */
type ClaimedAnswer = Omit<Claimed, 'events'> & { events: EventAnswer[] }

const handedOf = ({ event_id, delivery_attempts, payload }: EventAnswer): Handed => ({
  event_id,
  attempt: delivery_attempts,
  n: Number(payload['n']),
})

/** Refusals change nothing; anything else but success may have happened. */
function outcomeOf(reply: Reply | undefined): 'ok' | 'fail' | 'unknown' {
  if (reply === undefined || reply.status >= 500) return 'unknown'
  return reply.status < 300 ? 'ok' : 'fail'
}

/** A client of the service that writes down what it does. */
export class RecordingClient {
  readonly name: string
  readonly #target: Target
  readonly #operations: Operation[]
  readonly #agent = new Agent({ keepAlive: true })
  isAlive = true

  constructor(name: string, target: Target, operations: Operation[]) {
    this.name = name
    this.#target = target
    this.#operations = operations
  }

  /** Stops without a word, in the middle of whatever it does. */
  kill(): void {
    this.isAlive = false
    this.#agent.destroy()
  }

  async create(n: number, key?: string): Promise<Create> {
    const headers = key === undefined ? {} : { 'idempotency-key': key }
    const body = { event_type: 'history', payload: { n, CANARY } }
    const timed = await this.#time('POST', '/events', body, this.#target.producerKey, headers)
    const event = timed.outcome === 'ok' ? (timed.body as EventAnswer) : undefined
    const operation: Create = { op: 'create', n, ...this.#record(timed) }
    if (key !== undefined) operation.key = key
    if (event) operation.event_id = event.event_id
    this.#operations.push(operation)
    return operation
  }

  async claim(limit: number, lease_seconds: number, wait_seconds: number): Promise<Claim> {
    const timed = await this.#time('POST', '/inbox/claim', { limit, lease_seconds, wait_seconds })
    const operation: Claim = { op: 'claim', limit, events: [], ...this.#record(timed) }
    const claimed = timed.outcome === 'ok' ? (timed.body as ClaimedAnswer) : undefined
    if (claimed && claimed.lease_id !== null) {
      operation.lease_id = claimed.lease_id
      operation.expires_at = Date.parse(claimed.lease_expires_at ?? '')
      operation.events = claimed.events.map(handedOf)
    }
    this.#operations.push(operation)
    return operation
  }

  async inbox(limit: number): Promise<Handed[]> {
    const timed = await this.#time('GET', `/inbox?limit=${limit}`)
    const events = timed.outcome === 'ok' ? (timed.body as EventAnswer[]).map(handedOf) : []
    this.#operations.push({ op: 'inbox', events, ...this.#record(timed) })
    return events
  }

  async extend(lease_id: string, event_ids: string[], lease_seconds: number): Promise<void> {
    const timed = await this.#time('POST', '/inbox/extend', { lease_id, event_ids, lease_seconds })
    const { lease_expires_at, results } = (timed.body ?? {}) as Partial<Extended>
    for (const event_id of event_ids) {
      const outcome = oneOf(timed.outcome, results, event_id, ['extended'])
      const told = outcome === 'ok' ? { expires_at: Date.parse(lease_expires_at ?? '') } : {}
      const extension = { op: 'extend' as const, event_id, lease_id, lease_seconds }
      this.#operations.push({ ...extension, ...this.#record(timed), outcome, ...told })
    }
  }

  async release(lease_id: string, event_ids: string[]): Promise<void> {
    const timed = await this.#time('POST', '/inbox/release', { lease_id, event_ids })
    this.#recordMany('release', lease_id, event_ids, timed, ['released'])
  }

  async acknowledgeMany(lease_id: string, event_ids: string[]): Promise<void> {
    const timed = await this.#time('POST', '/inbox/acknowledge', { lease_id, event_ids })
    this.#recordMany('acknowledge', lease_id, event_ids, timed, ['acknowledged', 'already_delivered'])
  }

  async acknowledge(event_id: string, lease_id?: string): Promise<void> {
    const body = lease_id === undefined ? undefined : { lease_id }
    const timed = await this.#time('POST', `/events/${event_id}/acknowledge`, body)
    this.#operations.push({ op: 'acknowledge', event_id, ...body, ...this.#record(timed) })
  }

  async nack(
    event_id: string,
    body: { lease_id?: string; permanent?: boolean; delay_seconds?: number },
  ): Promise<void> {
    const timed = await this.#time('POST', `/events/${event_id}/nack`, body)
    this.#operations.push({ op: 'nack', event_id, ...body, ...this.#record(timed) })
  }

  /** Reads without recording; throws where that fails. */
  async read(path: string): Promise<Reply & { next: string | undefined }> {
    const { status, body, next } = await this.#send('GET', path, undefined, this.#target.consumerKey)
    if (status !== 200) throw new Error(`${path} answers ${status}`)
    return { status, body, next }
  }

  #recordMany(op: End['op'], lease_id: string, eventIds: string[], timed: TimedReply, good: string[]): void {
    const { results } = (timed.body ?? {}) as Partial<EventResults>
    for (const event_id of eventIds) {
      const outcome = oneOf(timed.outcome, results, event_id, good)
      this.#operations.push({ op, event_id, lease_id, ...this.#record(timed), outcome })
    }
  }

  #record({ invoked, completed, outcome }: TimedReply) {
    return { process: this.name, invoked, completed, outcome }
  }

  async #time(
    method: string,
    path: string,
    body?: unknown,
    key = this.#target.consumerKey,
    headers: Record<string, string> = {},
  ): Promise<TimedReply> {
    const invoked = now()
    const reply = await this.#send(method, path, body, key, headers).catch(() => undefined)
    const outcome = outcomeOf(reply)
    const timed = { invoked, completed: outcome === 'unknown' ? null : now(), outcome, body: reply?.body }
    // Whoever gets no answer does not ask again at once.
    if (outcome === 'unknown' && this.isAlive) await delay(20)
    return timed
  }

  async #send(
    method: string,
    path: string,
    body: unknown,
    key: string,
    headers: Record<string, string> = {},
  ) {
    const { urls } = this.#target
    const url = urls[Math.floor(Math.random() * urls.length)] ?? ''
    const outgoing = request(url + path, {
      method,
      agent: this.#agent,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
    })
    outgoing.end(body === undefined ? undefined : JSON.stringify(body))
    const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage]
    const isJson = incoming.headers['content-type']?.startsWith('application/json')
    return {
      status: incoming.statusCode ?? 0,
      body: isJson ? await json(incoming) : await text(incoming),
      next: /<(.*)>/.exec(String(incoming.headers.link ?? ''))?.[1],
    }
  }
}

interface TimedReply {
  invoked: number
  completed: number | null
  outcome: 'ok' | 'fail' | 'unknown'
  body: unknown
}

/** What became of one event of many. */
function oneOf(
  outcome: TimedReply['outcome'],
  results: EventResults['results'] | undefined,
  eventId: string,
  good: string[],
): TimedReply['outcome'] {
  if (outcome !== 'ok') return outcome
  const result = results?.find(({ event_id }) => event_id === eventId)?.result ?? ''
  return good.includes(result) ? 'ok' : 'fail'
}
