import type { Event } from '../../../src/schemas/event.ts'
import type { EventResults } from '../../../src/schemas/queue.ts'
import type { Claim, End, Handed, Operation } from '../../support/history/history.ts'
import type { World } from '../world/world.ts'
import { bodyOf, handedOf } from './bodies.ts'
import { request, type Perform, type Reply } from './network.ts'

const ignore = () => undefined
/** Whoever gets no answer does not ask again at once. */
const PAUSE_MS = 20

/** A client of the service that writes down what it does, as the one over HTTP does (test/support/history). */
export class SimulatedClient {
  readonly name: string
  readonly tenant: string
  readonly world: World
  readonly #operations: Operation[]
  readonly #gone = new AbortController()

  constructor(world: World, name: string, tenant: string, operations: Operation[]) {
    this.world = world
    this.name = name
    this.tenant = tenant
    this.#operations = operations
  }

  /** A method, because it changes while its client waits. */
  isAlive(): boolean {
    return !this.#gone.signal.aborted
  }

  /** Stops without a word, in the middle of whatever it does. */
  kill(): void {
    this.#gone.abort()
  }

  async create(n: number, key?: string): Promise<void> {
    const reply = await this.ask((events, scope) => events.create(scope, bodyOf(n), key))
    const event = reply.value?.event
    this.#record({
      op: 'create',
      n,
      ...this.#timed(reply),
      ...(key === undefined ? {} : { key }),
      ...(event ? { event_id: event.event_id } : {}),
    })
    if (event) this.#checkPosted(event, n)
  }

  /** Posts several events in one request, each with or without a key. */
  async createBatch(posts: { n: number; key?: string }[]): Promise<void> {
    const members = posts.map(({ n, key }) => {
      const value = { ...bodyOf(n), ...(key === undefined ? {} : { idempotency_key: key }) }
      return { value, bytes: 100, faults: [] }
    })
    const reply = await this.ask((events, scope) => events.createBatch(scope, members))
    posts.forEach(({ n, key }, at) => {
      const result = reply.value?.[at]
      const isRefused = result !== undefined && result.status !== 201
      this.#record({
        op: 'create',
        n,
        ...this.#timed(reply),
        ...(isRefused ? { outcome: 'fail' } : {}),
        ...(key === undefined ? {} : { key }),
        ...(result?.event ? { event_id: result.event.event_id } : {}),
      })
      if (result?.event) this.#checkPosted(result.event, n)
    })
  }

  async claim(limit: number, lease_seconds: number, wait_seconds: number): Promise<Claim> {
    const body = { limit, lease_seconds, wait_seconds }
    const reply = await this.ask(
      (events, scope, gone) => events.claim(scope, body, gone),
      wait_seconds * 1000,
    )
    const operation: Claim = { op: 'claim', limit, events: [], ...this.#timed(reply) }
    if (reply.value && reply.value.lease_id !== null) {
      operation.lease_id = reply.value.lease_id
      operation.expires_at = Date.parse(reply.value.lease_expires_at ?? '')
      operation.events = reply.value.events.map(handedOf)
    }
    this.#record(operation)
    return operation
  }

  /** @returns The events of a page and where the next one begins; undefined when there is no answer. */
  async inbox(
    limit: number,
    cursor?: string,
  ): Promise<{ events: Handed[]; full: Event[]; cursor: string | null } | undefined> {
    const query = { limit, ...(cursor === undefined ? {} : { cursor }) }
    const reply = await this.ask((events, scope) => events.inbox(scope, query))
    const full = reply.value?.items ?? []
    const events = full.map(handedOf)
    this.#record({ op: 'inbox', events, ...this.#timed(reply) })
    return reply.value && { events, full, cursor: reply.value.cursor }
  }

  async extend(lease_id: string, event_ids: string[], lease_seconds: number): Promise<void> {
    const reply = await this.ask((events, scope) =>
      events.extend(scope, { lease_id, event_ids, lease_seconds }),
    )
    for (const event_id of event_ids) {
      const outcome = oneOf(reply, event_id, ['extended'])
      const told = outcome === 'ok' ? { expires_at: Date.parse(reply.value?.lease_expires_at ?? '') } : {}
      this.#record({
        op: 'extend',
        event_id,
        lease_id,
        lease_seconds,
        ...this.#timed(reply),
        outcome,
        ...told,
      })
    }
  }

  async release(lease_id: string, event_ids: string[]): Promise<void> {
    const reply = await this.ask((events, scope) => events.release(scope, { lease_id, event_ids }, ignore))
    for (const event_id of event_ids)
      this.#recordEnd('release', reply, { event_id, lease_id }, oneOf(reply, event_id, ['released']))
  }

  async acknowledgeMany(lease_id: string, event_ids: string[]): Promise<void> {
    const reply = await this.ask((events, scope) =>
      events.acknowledgeMany(scope, { lease_id, event_ids }, ignore),
    )
    const good = ['acknowledged', 'already_delivered']
    for (const event_id of event_ids)
      this.#recordEnd('acknowledge', reply, { event_id, lease_id }, oneOf(reply, event_id, good))
  }

  async acknowledge(event_id: string, lease_id?: string): Promise<void> {
    const reply = await this.ask((events, scope) => events.acknowledge(scope, event_id, lease_id, ignore))
    this.#recordEnd('acknowledge', reply, { event_id, ...(lease_id === undefined ? {} : { lease_id }) })
  }

  async nack(
    event_id: string,
    body: { lease_id?: string; permanent?: boolean; delay_seconds?: number },
  ): Promise<void> {
    const reply = await this.ask((events, scope) => events.nack(scope, event_id, body))
    this.#recordEnd('nack', reply, { event_id, ...body })
  }

  async redrive(event_id: string): Promise<void> {
    const reply = await this.ask((events, scope) => events.redrive(scope, event_id, ignore))
    this.#record({ op: 'redrive', event_id, ...this.#timed(reply) })
  }

  /** Gives a page of dead letters another chance, or only counts them. Which ones is not told: it may be any. */
  async redriveAll(limit: number, dry_run: boolean): Promise<void> {
    const reply = await this.ask((events, scope) => events.redriveMany(scope, { limit, dry_run }, ignore))
    if (!dry_run) this.#record({ op: 'redrive', ...this.#timed(reply) })
  }

  /** Does to an event whatever can be done. It is another tenant's: for this one there is no such event. */
  async meddle(event_id: string): Promise<void> {
    const [lease_id, event_ids] = ['lease_00000000', [event_id]]
    const replies = [
      await this.ask((events, scope) => events.get(scope, event_id)),
      await this.ask((events, scope) => events.acknowledge(scope, event_id, undefined, ignore)),
      await this.ask((events, scope) => events.nack(scope, event_id, { permanent: true })),
      await this.ask((events, scope) => events.redrive(scope, event_id, ignore)),
    ]
    const many = await this.ask((events, scope) => events.release(scope, { lease_id, event_ids }, ignore))
    const isSeen =
      replies.some(({ outcome, code }) => outcome !== 'unknown' && code !== 'not_found') ||
      many.value?.results.some(({ result }) => result !== 'not_found')
    if (isSeen) this.world.violate('seen by another tenant', `${event_id} by ${this.name}`)
  }

  /** Sends any request, without writing it down. */
  async ask<Value>(perform: Perform<Value>, waitMs = 0): Promise<Reply<Value>> {
    const reply = await request(this.world, perform, { tenant: this.tenant, gone: this.#gone.signal, waitMs })
    if (reply.outcome === 'unknown' && this.isAlive()) await this.world.scheduler.sleep(PAUSE_MS)
    return reply
  }

  #timed({ invoked, completed, outcome }: Reply<unknown>) {
    return { process: this.name, invoked, completed, outcome }
  }

  #recordEnd(
    op: End['op'],
    reply: Reply<unknown>,
    about: Pick<End, 'event_id'> & Partial<End>,
    outcome = reply.outcome,
  ): void {
    this.#record({ op, ...this.#timed(reply), ...about, outcome })
  }

  #record(operation: Operation): void {
    this.#operations.push(operation)
    const { op, outcome, invoked } = operation
    const about = 'events' in operation ? `${operation.events.length} events` : (operation.event_id ?? '')
    this.world.trace.add(
      `${this.world.scheduler.now} ${this.name} ${op} ${about} ${outcome}, asked at ${invoked}`,
    )
  }

  /** A 201 shows the event that was posted. */
  #checkPosted(event: Event, n: number): void {
    if (handedOf(event).n !== n)
      this.world.violate('answered with another event', `${event.event_id} for n ${n}`)
  }
}

/** What became of one event of many. */
function oneOf(reply: Reply<EventResults>, eventId: string, good: string[]): Reply<unknown>['outcome'] {
  if (reply.outcome !== 'ok') return reply.outcome
  const result = reply.value?.results.find(({ event_id }) => event_id === eventId)?.result ?? ''
  return good.includes(result) ? 'ok' : 'fail'
}
