/**
 * Lets `burst` through at once and `perSecond` in the long run. It holds one number, the moment at which it will be full
 * again, so nothing has to be refilled.
 *
 * Written here, because what there is does something else: `@fastify/rate-limit` counts in fixed windows (twice the limit
 * passes where two windows meet), `rate-limiter-flexible` answers by promises, and `limiter` starts with an empty bucket,
 * does not say how long to wait without throwing, and reads a clock of its own.
 */
export class TokenBucket {
  readonly perSecond: number
  readonly burst: number
  readonly #intervalMs: number
  #fullAt = 0

  constructor(perSecond: number, burst: number) {
    this.perSecond = perSecond
    this.burst = burst
    this.#intervalMs = 1_000 / perSecond
  }

  /**
   * Takes one token where there is one.
   * @param nowMs Of a clock that never goes back.
   * @returns 0 when it was taken, else in how many ms there will be one.
   */
  take(nowMs: number): number {
    const fullAt = Math.max(this.#fullAt, nowMs) + this.#intervalMs
    const waitMs = fullAt - nowMs - this.burst * this.#intervalMs
    // What is left of dividing and adding up counts as nothing.
    if (waitMs > 1e-6) return waitMs
    this.#fullAt = fullAt
    return 0
  }

  /** @returns How many could be taken at this moment. */
  left(nowMs: number): number {
    const missing = Math.max(0, this.#fullAt - nowMs) / this.#intervalMs
    return Math.max(0, Math.floor(this.burst - missing + 1e-6))
  }

  /** @returns In how many ms it will be full. */
  fullInMs(nowMs: number): number {
    return Math.max(0, this.#fullAt - nowMs)
  }
}
