import { randomUUID } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { callLike, errorAnswer, isOk, type Answer, type Call, type Send } from './call.ts'
import { isWrite } from './faults.ts'
import { KeyedQueue } from './keyed-queue.ts'
import { createShadow, itemKey, type Shadow } from './shadow.ts'

/**
 * Indexes that lag: a shadow of each table gets the same writes, later, and answers the queries of its indexes.
 *
 * A shadow is made when a table is first used under a lag, best while nothing is being written, and is kept up to date
 * from then on even while the lag is off. Writes of one item pass one at a time, so that both tables see one order.
 */
export class LaggingIndexes {
  readonly #send: Send
  readonly #shadows = new Map<string, Promise<Shadow>>()
  readonly #writes = new KeyedQueue()
  readonly #replays = new KeyedQueue()
  readonly #failures: unknown[] = []
  readonly #cleanups: (() => Promise<unknown>)[] = []
  readonly #stopped = new AbortController()

  constructor(send: Send) {
    this.#send = send
    // One listener for each write that waits for its time.
    setMaxListeners(0, this.#stopped.signal)
  }

  /**
   * Performs a call. Writes are kept for the shadow; while there is a lag, a query of an index reads the shadow if it is
   * to be stale.
   */
  async perform(call: Call, lagMs = 0, isStale = true): Promise<Answer> {
    const { operation, input } = call
    const table = input.TableName
    if (isWrite(operation) && (lagMs > 0 || this.#isShadowed(table))) return this.#write(call, lagMs)
    if (input.IndexName && lagMs > 0 && isStale) return this.#readShadow(call)
    if (operation === 'DeleteTable') this.#shadows.delete(table ?? '')
    return this.#send(call)
  }

  /**
   * Resolves when every shadow has caught up.
   * @throws AggregateError if a write could not be repeated, so that a shadow is not what its table was.
   */
  async settle(): Promise<void> {
    await this.#writes.idle()
    await this.#replays.idle()
    if (this.#failures.length > 0) throw new AggregateError(this.#failures, 'A shadow differs from its table')
  }

  /** Drops what is still to be repeated, and deletes the shadows. */
  async stop(): Promise<void> {
    this.#stopped.abort()
    await this.#replays.idle()
    await Promise.allSettled(this.#cleanups.map((cleanUp) => cleanUp()))
  }

  /** Writes of several items name no table at the top: they count as writes to all. */
  #isShadowed(table: string | undefined): boolean {
    return table === undefined ? this.#shadows.size > 0 : this.#shadows.has(table)
  }

  async #write(call: Call, lagMs: number): Promise<Answer> {
    if (call.input.TableName === undefined) {
      return errorAnswer(400, 'ValidationException', `The fault proxy cannot delay ${call.operation}`)
    }
    const shadow = await this.#shadowOf(call)
    const key = itemKey(shadow, call.input)
    return this.#writes.run(key, async () => {
      const answer = await this.#send(call)
      if (isOk(answer)) void this.#replays.run(key, this.#replayer(onTable(call, shadow.name), lagMs))
      return answer
    })
  }

  #replayer(call: Call, lagMs: number): () => Promise<void> {
    const due = Date.now() + lagMs
    const { signal } = this.#stopped
    return async () => {
      try {
        await delay(Math.max(0, due - Date.now()), undefined, { signal })
        const answer = await this.#send(call)
        if (!isOk(answer)) this.#failures.push(new Error(`${call.operation}: ${answer.body}`))
      } catch (error) {
        if (!signal.aborted) this.#failures.push(error)
      }
    }
  }

  async #readShadow(call: Call): Promise<Answer> {
    const { name } = await this.#shadowOf(call)
    const answer = await this.#send(onTable(call, name))
    return { ...answer, body: answer.body.replaceAll(`"${name}"`, `"${call.input.TableName ?? ''}"`) }
  }

  #shadowOf(call: Call): Promise<Shadow> {
    const table = call.input.TableName ?? ''
    const existing = this.#shadows.get(table)
    if (existing) return existing
    const name = `${table}-shadow-${randomUUID().slice(0, 8)}`
    const shadow = createShadow(call, name, this.#send)
    this.#shadows.set(table, shadow)
    this.#cleanups.push(() => this.#send(callLike(call, 'DeleteTable', { TableName: name })))
    shadow.catch(() => this.#shadows.delete(table))
    return shadow
  }
}

function onTable(call: Call, table: string): Call {
  return { ...call, input: { ...call.input, TableName: table } }
}
