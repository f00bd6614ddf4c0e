import { storeUnavailable } from '../errors.ts'

interface Line {
  /** Weight of those whose turn it is. */
  busy: number
  waiting: { weight: number; enter: () => void }[]
}

/**
 * Lets the callers of a tenant in by order of their arrival, as many at a time as weigh `capacity` together.
 *
 * A store that is flooded with writes serves some of them late: a process whose writes are late loses every race for
 * events to one whose are not, and its consumers starve. With few writes under way all are served alike.
 */
export class Turns {
  readonly #lines = new Map<string, Line>()
  readonly #capacity: number

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  /**
   * Does the work when the caller's turn has come. Who weighs more than the capacity waits until it is alone.
   *
   * @throws `unavailable` when the signal aborts before that.
   */
  async take<Result>(
    tenant: string,
    { weight, signal }: { weight: number; signal: AbortSignal },
    work: () => Promise<Result>,
  ): Promise<Result> {
    const share = Math.min(weight, this.#capacity)
    const line = this.#lines.get(tenant) ?? { busy: 0, waiting: [] }
    this.#lines.set(tenant, line)
    await this.#enter(line, share, signal)
    try {
      return await work()
    } finally {
      line.busy -= share
      this.#admit(line)
      if (line.busy === 0) this.#lines.delete(tenant)
    }
  }

  async #enter(line: Line, weight: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>()
    const own = {
      weight,
      enter: () => {
        resolve(undefined)
      },
    }
    const leave = () => {
      line.waiting = line.waiting.filter((other) => other !== own)
      // Somebody lighter may have stood behind.
      this.#admit(line)
      reject(storeUnavailable(signal.reason))
    }
    line.waiting.push(own)
    this.#admit(line)
    if (signal.aborted) leave()
    signal.addEventListener('abort', leave, { once: true })
    await promise.finally(() => {
      signal.removeEventListener('abort', leave)
    })
  }

  #admit(line: Line): void {
    for (;;) {
      const [first] = line.waiting
      if (!first || line.busy + first.weight > this.#capacity) return
      line.waiting.shift()
      line.busy += first.weight
      first.enter()
    }
  }
}
