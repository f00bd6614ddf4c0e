import type { ServerResponse } from 'node:http'
import { Tally } from '../domain/tally.ts'

/** An answer that its client does not take: longer than any that does needs. */
const MAX_SENDING_MS = 30_000

/** The place that a request under way takes up. */
export class Slot {
  readonly #slots: Slots
  readonly #tenant: string
  readonly #response: ServerResponse
  #answeredAt: number | undefined
  /** Its place among those that are open; undefined once it counts no longer. */
  at: number | undefined

  constructor(slots: Slots, tenant: string, response: ServerResponse) {
    this.#slots = slots
    this.#tenant = tenant
    this.#response = response
    response.once('close', () => {
      // Whoever hangs up does not stop the work: it counts until there is an answer.
      if (this.#answeredAt !== undefined) this.release()
    })
  }

  /** The work is done; until it is sent, the answer takes memory. */
  answer(now: number): void {
    this.#answeredAt = now
    if (this.#response.closed) this.release()
  }

  /** Closes the connection of a client that does not read its answer. */
  cut(now: number): void {
    if (this.#answeredAt !== undefined && now - this.#answeredAt > MAX_SENDING_MS) this.#response.destroy()
  }

  /** Counts no longer. Safe to call twice. */
  release(): void {
    this.#slots.remove(this, this.#tenant)
  }
}

/**
 * What is under way in the process, and how much of it is whose.
 *
 * An array, and no Set: V8 gives a Set a new table for about every 30 requests here, each table keeps what was in it and
 * points to the next, and once one of them is old, all that comes later outlives it until the whole heap is collected.
 * A request then cost an eighth more, a page of the inbox a fifth.
 */
export class Slots {
  readonly open: Slot[] = []
  readonly #byTenant = new Tally()

  take(tenant: string, response: ServerResponse): Slot {
    const slot = new Slot(this, tenant, response)
    slot.at = this.open.push(slot) - 1
    this.#byTenant.add(tenant, 1)
    return slot
  }

  remove(slot: Slot, tenant: string): void {
    const { at } = slot
    if (at === undefined) return
    slot.at = undefined
    this.#byTenant.add(tenant, -1)
    const last = this.open.pop()
    if (!last || last === slot) return
    this.open[at] = last
    last.at = at
  }

  ofTenant(tenant: string): number {
    return this.#byTenant.of(tenant)
  }
}
