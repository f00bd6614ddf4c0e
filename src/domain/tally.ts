/** Names that came down to nothing are forgotten once there are so many. */
const MOST_IDLE = 1_000

/**
 * Sums under names, such as what each tenant has under way.
 *
 * A sum of nothing is kept for a while: V8 makes a new table each time that a Map shrinks or is full of what was deleted,
 * and a name that comes and goes would do that with every request.
 */
export class Tally {
  readonly #sums = new Map<string, number>()
  #sweepAt = MOST_IDLE

  /** How many names are known, idle ones among them. */
  get size(): number {
    return this.#sums.size
  }

  /** @returns The sum under a name, 0 where nothing was added. */
  of(name: string): number {
    return this.#sums.get(name) ?? 0
  }

  /** Adds to the sum under a name, or takes off it. */
  add(name: string, amount: number): void {
    this.#sums.set(name, this.of(name) + amount)
    if (this.#sums.size > this.#sweepAt) this.#sweep()
  }

  #sweep(): void {
    for (const [name, sum] of this.#sums) if (sum === 0) this.#sums.delete(name)
    this.#sweepAt = 2 * this.#sums.size + MOST_IDLE
  }
}
