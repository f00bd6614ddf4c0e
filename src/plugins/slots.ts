import type { ServerResponse } from 'node:http'

/** An answer that its client does not take: longer than any that does needs. */
const MAX_SENDING_MS = 30_000

/** The place that a request under way takes up. */
export class Slot {
  readonly #slots: Slots
  readonly #response: ServerResponse
  #tenant: string | undefined
  #answeredAt: number | undefined
  #isReleased = false

  constructor(slots: Slots, response: ServerResponse) {
    this.#slots = slots
    this.#response = response
    response.once('close', () => {
      // Whoever hangs up does not stop the work: it counts until there is an answer.
      if (this.#answeredAt !== undefined) this.release()
    })
  }

  /** Counts for this tenant too. */
  assign(tenant: string): void {
    this.#tenant = tenant
    this.#slots.count(tenant, 1)
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
    if (this.#isReleased) return
    this.#isReleased = true
    this.#slots.open.delete(this)
    if (this.#tenant !== undefined) this.#slots.count(this.#tenant, -1)
  }
}

/** What is under way in the process. */
export class Slots {
  readonly open = new Set<Slot>()
  readonly #byTenant = new Map<string, number>()

  take(response: ServerResponse): Slot {
    const slot = new Slot(this, response)
    this.open.add(slot)
    return slot
  }

  ofTenant(tenant: string): number {
    return this.#byTenant.get(tenant) ?? 0
  }

  count(tenant: string, by: 1 | -1): void {
    const number = this.ofTenant(tenant) + by
    if (number === 0) this.#byTenant.delete(tenant)
    else this.#byTenant.set(tenant, number)
  }
}
