import type { Random } from './random.ts'

interface Planned {
  at: number
  /** Decides between what is planned for the same millisecond. */
  lot: number
  run: (() => void) | undefined
}

const isBefore = (a: Planned, b: Planned) => a.at < b.at || (a.at === b.at && a.lot < b.lot)

/** One turn of the event loop: every promise that can go on goes on. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

/**
 * The one clock of a simulation, and everything that happens in it, one after the other. Nothing takes time but what
 * is planned; what is planned for the same millisecond happens in an order that is drawn.
 */
export class Scheduler {
  /** True time, in ms since 1970; no task knows it. */
  now: number
  steps = 0
  #needsTurn = false
  readonly #random: Random
  /** A binary heap. */
  readonly #planned: Planned[] = []

  constructor(start: number, random: Random) {
    this.now = start
    this.#random = random
  }

  /** Runs something `ms` from now. @returns What calls it off. */
  after(ms: number, run: () => void): () => void {
    const planned: Planned = { at: this.now + Math.max(0, Math.round(ms)), lot: this.#random.draw(), run }
    this.#push(planned)
    return () => {
      planned.run = undefined
    }
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve))
  }

  /** Runs what is planned until `work` is done. Throws what it throws, and when nothing is left that could end it. */
  async runUntilDone(work: Promise<unknown>): Promise<void> {
    const state = { isDone: false }
    const finish = () => (state.isDone = true)
    work.then(finish, finish)
    for (;;) {
      await this.#settle()
      if (state.isDone) break
      const next = this.#pop()
      if (!next) throw new Error('Nothing is planned, and the work is not done')
      if (!next.run) continue
      this.now = next.at
      this.steps += 1
      next.run()
    }
    await work
  }

  /** Tells that somebody waits for the next turn of the event loop, which takes no time. */
  needTurn(): void {
    this.#needsTurn = true
  }

  #takeNeed(): boolean {
    const isNeeded = this.#needsTurn
    this.#needsTurn = false
    return isNeeded
  }

  async #settle(): Promise<void> {
    do await turn()
    while (this.#takeNeed())
  }

  #push(planned: Planned): void {
    const heap = this.#planned
    let at = heap.length
    heap.push(planned)
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(planned, heap[parent]!)) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = planned
  }

  #pop(): Planned | undefined {
    const heap = this.#planned
    const first = heap[0]
    const last = heap.pop()
    if (heap.length === 0 || !last) return first
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1
      if (!isBefore(heap[child]!, last)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = last
    return first
  }
}
