import type { Dispatcher, Pool } from 'undici'
import { fromWire } from './binary.ts'

/** An answer of DynamoDB, whatever it says. */
export interface Answer {
  status: number
  headers: Readonly<Record<string, string | string[] | undefined>>
  /** Undefined where it is no JSON object: something in between may answer with a page of HTML. */
  body: Record<string, unknown> | undefined
}

/**
 * No answer came, or none that can be read: the connection failed, time ran out, something else answered. Whether the
 * request was carried out is not known.
 */
export class NoAnswerError extends Error {
  override name = 'NoAnswerError'
}

/** Where several addresses were tried, the error of all of them has a code alone. */
function reasonOf({ message, code }: NodeJS.ErrnoException): string {
  return message === '' ? (code ?? 'no reason is known') : message
}

export interface ExchangeOptions {
  pool: Pool
  path: string
  timeoutMs: number
}

type Controller = Dispatcher.DispatchController

/**
 * Gathers one answer whole. Made for one request: undici calls it back at each step.
 *
 * Where the store is slow, its promise is old when the answer comes, and what an old object points to stays until the whole
 * heap is collected. So it lets go of what it gathered, and gives neither bytes nor text but what is in them.
 */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #resolve: (answer: Answer) => void
  readonly #reject: (error: unknown) => void
  readonly #signal: AbortSignal
  readonly #timer: NodeJS.Timeout
  #chunks: Buffer[] = []
  #controller: Controller | undefined
  #failure: Error | undefined
  #status = 0
  #headers: Answer['headers'] = {}

  constructor(
    resolve: (answer: Answer) => void,
    reject: (error: unknown) => void,
    signal: AbortSignal,
    timeoutMs: number,
  ) {
    this.#resolve = resolve
    this.#reject = reject
    this.#signal = signal
    this.#timer = setTimeout(this.#onTimeout, timeoutMs)
    signal.addEventListener('abort', this.#onAbort)
  }

  // undici calls its handlers' methods by name.
  onRequestStart(controller: Controller): void {
    this.#controller = controller
    // It waited for a connection until nobody wanted it any more: it must not be sent now. Thrown, since to abort would
    // close the connection, which others wait for.
    if (this.#failure) throw this.#failure
  }

  onResponseStart(_controller: Controller, status: number, headers: Answer['headers']): void {
    this.#status = status
    this.#headers = headers
  }

  onResponseData(_controller: Controller, chunk: Buffer): void {
    this.#chunks.push(chunk)
  }

  onResponseEnd(): void {
    this.#settle()
    const [first = Buffer.alloc(0), ...others] = this.#chunks
    const bytes = others.length === 0 ? first : Buffer.concat(this.#chunks)
    this.#chunks = []
    this.#resolve({ status: this.#status, headers: this.#headers, body: fromWire(bytes.toString()) })
  }

  onResponseError(_controller: Controller, error: Error): void {
    this.#fail(new NoAnswerError(`DynamoDB did not answer: ${reasonOf(error)}`, { cause: error }))
  }

  readonly #onTimeout = (): void => {
    this.#fail(new NoAnswerError('DynamoDB did not answer in time'))
  }

  readonly #onAbort = (): void => {
    this.#fail(this.#signal.reason as Error)
  }

  #settle(): void {
    clearTimeout(this.#timer)
    this.#signal.removeEventListener('abort', this.#onAbort)
  }

  #fail(failure: Error): void {
    if (this.#failure) return
    this.#failure = failure
    this.#settle()
    // Closes the connection: an answer that comes later must not be taken for that of another request.
    this.#controller?.abort(failure)
    this.#reject(failure)
  }
}

/**
 * Sends one request and gives its answer, of whatever status. Throws NoAnswerError, or the reason of the signal; the
 * time also covers the wait for a connection and an answer that stalls half-way.
 */
export function exchange(
  { pool, path, timeoutMs }: ExchangeOptions,
  headers: string[],
  body: string,
  signal: AbortSignal,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    pool.dispatch({ path, method: 'POST', headers, body }, new Exchange(resolve, reject, signal, timeoutMs))
  })
}
