import type { ServerResponse } from 'node:http'

/** An answer that its client does not take: longer than any that does needs. */
const MAX_SENDING_MS = 30_000

/** The place that a request under way takes up. */
export class Slot {
  readonly #slots: Slots
  readonly #tenant: string
  readonly #response: ServerResponse
  #answeredAt: number | undefined

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

/** What is under way in the process, and how much of it is whose. */
export class Slots {
  readonly open = new Set<Slot>()
  readonly #byTenant = new Map<string, number>()

  take(tenant: string, response: ServerResponse): Slot {
    const slot = new Slot(this, tenant, response)
    this.open.add(slot)
    this.#byTenant.set(tenant, this.ofTenant(tenant) + 1)
    return slot
  }

  remove(slot: Slot, tenant: string): void {
    if (!this.open.delete(slot)) return
    const left = this.ofTenant(tenant) - 1
    if (left === 0) this.#byTenant.delete(tenant)
    else this.#byTenant.set(tenant, left)
  }

  ofTenant(tenant: string): number {
    return this.#byTenant.get(tenant) ?? 0
  }
}
