import { createHash } from 'node:crypto'

/** Everything that happened, as one hash: two runs with the same hash took the same course. */
export class Trace {
  readonly #hash = createHash('sha256')
  readonly #write: ((line: string) => void) | undefined

  /** @param write Is given each line as well. */
  constructor(write?: (line: string) => void) {
    this.#write = write
  }

  add(line: string): void {
    this.#hash.update(line).update('\n')
    this.#write?.(line)
  }

  digest(): string {
    return this.#hash.digest('hex')
  }
}
