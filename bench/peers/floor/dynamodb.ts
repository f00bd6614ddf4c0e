import { Pool, type Dispatcher } from 'undici'
import { amzDateOf, createSigner } from './signature.ts'

export interface StoreAnswer {
  status: number
  text: string
}

export type Call = (operation: string, input: object) => Promise<StoreAnswer>

const CONNECTIONS = 256

/** Gathers an answer. */
class Gathering implements Dispatcher.DispatchHandler {
  readonly #chunks: Buffer[] = []
  readonly #resolve: (answer: StoreAnswer) => void
  readonly #reject: (error: Error) => void
  #status = 0

  constructor(resolve: (answer: StoreAnswer) => void, reject: (error: Error) => void) {
    this.#resolve = resolve
    this.#reject = reject
  }

  onRequestStart(): void {
    // Nothing to do before there is an answer.
  }

  onResponseStart(_controller: unknown, status: number): void {
    this.#status = status
  }

  onResponseData(_controller: unknown, chunk: Buffer): void {
    this.#chunks.push(chunk)
  }

  onResponseEnd(): void {
    const [first] = this.#chunks
    const bytes = this.#chunks.length === 1 && first ? first : Buffer.concat(this.#chunks)
    this.#resolve({ status: this.#status, text: bytes.toString() })
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.#reject(error)
  }
}

/** DynamoDB over undici and nothing else: signed calls, no retries, no deadlines. */
export function connectDynamoDB(endpoint: string): { call: Call; close: () => Promise<void> } {
  const pool = new Pool(endpoint, { connections: CONNECTIONS })
  const { host } = new URL(endpoint)
  const sign = createSigner({
    accessKeyId: 'local',
    secretAccessKey: 'local',
    region: 'local',
    service: 'dynamodb',
  })

  const call: Call = (operation, input) => {
    const body = JSON.stringify(input)
    const amzDate = amzDateOf(Date.now())
    const signed: [string, string][] = [
      ['content-type', 'application/x-amz-json-1.0'],
      ['host', host],
      ['x-amz-date', amzDate],
      ['x-amz-target', `DynamoDB_20120810.${operation}`],
    ]
    const headers = [...signed.flat(), 'authorization', sign(signed, amzDate, body)]
    return new Promise((resolve, reject) => {
      pool.dispatch({ method: 'POST', path: '/', headers, body }, new Gathering(resolve, reject))
    })
  }
  return { call, close: () => pool.close() }
}
