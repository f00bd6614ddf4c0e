/** Runs tasks of the same key one after the other, and those of different keys at the same time. */
export class KeyedQueue {
  readonly #tails = new Map<string, Promise<void>>()

  /** Settles as the task does. A failed task does not keep the next from running. */
  run<T>(key: string, task: () => Promise<T>): Promise<T> {
    const result = (this.#tails.get(key) ?? Promise.resolve()).then(task)
    const tail = result.then(ignore, ignore).then(() => {
      if (this.#tails.get(key) === tail) this.#tails.delete(key)
    })
    this.#tails.set(key, tail)
    return result
  }

  /** Resolves as soon as there is nothing left to run. */
  async idle(): Promise<void> {
    while (this.#tails.size > 0) await Promise.all(this.#tails.values())
  }
}

function ignore(): void {
  // Whoever started the task learns how it ended.
}
