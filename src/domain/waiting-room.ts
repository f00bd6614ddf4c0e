import { SYSTEM_TIMERS, type Timers } from './timers.ts'

/** Most callers that wait for one tenant; more are answered at once. */
const MAX_WAITING = 100

/** One caller that waits for a result. */
export interface Waiter<Result> {
  /** Looks for a result; undefined when there is none yet. */
  attempt: () => Promise<Result | undefined>
  /** Takes back a result that its caller is no longer there for. */
  discard: (result: Result) => void
  waitMs: number
  /** Aborts when the caller has gone. */
  gone: AbortSignal
}

interface Waiting<Result> extends Waiter<Result> {
  /** Its attempt is under way: what that finds is its own, also when its time has run out meanwhile. */
  isServed: boolean
  isTimeUp: boolean
  isOver: boolean
  settle: (result: Promise<Result | undefined> | undefined) => void
}

interface Queue<Result> {
  waiting: Waiting<Result>[]
  isServing: boolean
  isWoken: boolean
  /** Calls off the next attempt. */
  callOff?: () => void
}

/**
 * Lets callers wait for their turn: one attempt at a time per tenant, for whoever came first, at once when woken and
 * otherwise every `intervalMs`, however many wait.
 */
export class WaitingRoom<Result> {
  readonly #queues = new Map<string, Queue<Result>>()
  readonly #intervalMs: number
  readonly #timers: Timers
  #isClosed = false

  constructor(intervalMs: number, timers = SYSTEM_TIMERS) {
    this.#intervalMs = intervalMs
    this.#timers = timers
  }

  hasWaiting(tenant: string): boolean {
    return this.#countWaiting(tenant) > 0
  }

  /** Waits behind those that came before. @returns undefined when the time is up, or the room full or closed. */
  async wait(tenant: string, waiter: Waiter<Result>): Promise<Result | undefined> {
    if (this.#isClosed || waiter.gone.aborted || this.#countWaiting(tenant) >= MAX_WAITING) return undefined
    const queue = this.#join(tenant)
    const { promise, resolve } = Promise.withResolvers<Result | undefined>()
    const waiting: Waiting<Result> = {
      ...waiter,
      isServed: false,
      isTimeUp: false,
      isOver: false,
      settle: resolve,
    }
    const leave = () => {
      end(queue, waiting)
    }
    const timeOut = () => {
      waiting.isTimeUp = true
      if (!waiting.isServed) leave()
    }
    const callOff = this.#timers.after(waiter.waitMs, timeOut)
    waiter.gone.addEventListener('abort', leave, { once: true })
    queue.waiting.push(waiting)
    try {
      return await promise
    } finally {
      callOff()
      waiter.gone.removeEventListener('abort', leave)
    }
  }

  /** There may be something now. */
  wake(tenant: string): void {
    const queue = this.#queues.get(tenant)
    if (queue) void this.#serve(tenant, queue)
  }

  /** Ends all waiting, now and from now on. */
  close(): void {
    this.#isClosed = true
    for (const queue of this.#queues.values()) {
      queue.callOff?.()
      for (const waiting of [...queue.waiting]) end(queue, waiting)
    }
  }

  #countWaiting(tenant: string): number {
    return this.#queues.get(tenant)?.waiting.length ?? 0
  }

  #join(tenant: string): Queue<Result> {
    const known = this.#queues.get(tenant)
    if (known) return known
    const queue: Queue<Result> = { waiting: [], isServing: false, isWoken: false }
    this.#queues.set(tenant, queue)
    // The caller has just looked for itself.
    this.#serveLater(tenant, queue)
    return queue
  }

  #serveLater(tenant: string, queue: Queue<Result>): void {
    queue.callOff = this.#timers.after(this.#intervalMs, () => void this.#serve(tenant, queue))
  }

  /** Serves in order of arrival until there is nothing more. */
  async #serve(tenant: string, queue: Queue<Result>): Promise<void> {
    queue.isWoken = true
    if (queue.isServing) return
    queue.callOff?.()
    queue.isServing = true
    while (takeWake(queue)) {
      while (await serveFirst(queue));
    }
    queue.isServing = false
    if (queue.waiting.length === 0) this.#queues.delete(tenant)
    else this.#serveLater(tenant, queue)
  }
}

function takeWake(queue: { isWoken: boolean }): boolean {
  const { isWoken } = queue
  queue.isWoken = false
  return isWoken
}

/** Ends the waiting of one, with a result or without; the first end counts. */
function end<Result>(queue: Queue<Result>, waiting: Waiting<Result>, result?: Promise<Result>): void {
  if (waiting.isOver) return
  waiting.isOver = true
  queue.waiting = queue.waiting.filter((other) => other !== waiting)
  waiting.settle(result)
}

/** @returns Whether somebody was served, so that the next one is worth an attempt. */
async function serveFirst<Result>(queue: Queue<Result>): Promise<boolean> {
  const [first] = queue.waiting
  if (!first) return false
  first.isServed = true
  try {
    const result = await first.attempt()
    if (result === undefined) {
      if (first.isTimeUp) end(queue, first)
      return false
    }
    if (first.isOver) first.discard(result)
    else end(queue, first, Promise.resolve(result))
    return true
  } catch (error) {
    // A failure is told to the one whose attempt it was; the others try at their next turn.
    if (!first.isOver) end(queue, first, Promise.reject(error as Error))
    return false
  } finally {
    first.isServed = false
  }
}
