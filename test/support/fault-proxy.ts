import { once, setMaxListeners } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { errorAnswer, isOk, readCall, type Answer, type Call, type Send } from './fault-proxy/call.ts'
import { createDice, type Dice } from './fault-proxy/dice.ts'
import {
  faultsFor,
  isDataCall,
  isWrite,
  type Chance,
  type FaultByChance,
  type Faults,
} from './fault-proxy/faults.ts'
import { LaggingIndexes } from './fault-proxy/index-lag.ts'
import { emptyPage, shortened } from './fault-proxy/pages.ts'
import { Store } from './fault-proxy/store.ts'
import { batchGetWithout } from './fault-proxy/unprocessed-keys.ts'

export type { Chance, FaultByChance, Faults } from './fault-proxy/faults.ts'

export interface FaultProxyOptions {
  /** `http://host:port` of DynamoDB Local or dynalite. */
  target: string
  /** The same seed and the same order of calls give the same faults. */
  seed?: number
  faults?: Faults
}

/** A call that reached the proxy, whether or not it reached the store. */
export interface RecordedCall {
  operation: string
  /** Milliseconds since the epoch. */
  at: number
}

/** Longer than any client keeps a connection, so that the proxy never closes one just as it is used again. */
const KEEP_ALIVE_MS = 600_000
const STOP_TIMEOUT_MS = 1_000

/** Starts a proxy on a free port of 127.0.0.1. */
export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const proxy = new FaultProxy(options)
  await proxy.settle()
  return proxy
}

/** Stands between the service and its store, and makes happen what no emulator does. */
export class FaultProxy {
  /** Every call that arrived, oldest first, those that met a fault among them. */
  readonly calls: RecordedCall[] = []
  /** How often each fault struck that strikes by chance. */
  readonly strikes: Partial<Record<FaultByChance, number>> = {}
  readonly #store: Store
  readonly #indexes: LaggingIndexes
  readonly #dice: Dice
  readonly #server: Server
  readonly #stopped = new AbortController()
  #faults: Faults
  #port = 0
  #listening: Promise<void>

  constructor({ target, seed = 1, faults = {} }: FaultProxyOptions) {
    this.#store = new Store(target)
    this.#indexes = new LaggingIndexes((call) => this.#store.send(call))
    this.#dice = createDice(seed)
    this.#server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        fail(response, error)
      })
    })
    // One listener for each call that is being delayed.
    setMaxListeners(0, this.#stopped.signal)
    this.#faults = faults
    this.#listening = this.#listen().then(() => this.#listenOrRefuse())
  }

  /** `http://127.0.0.1:<port>`, the same for the proxy's whole life. */
  get endpoint(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  get faults(): Readonly<Faults> {
    return this.#faults
  }

  /** Holds for the calls that arrive from now on. After turning `refuse` off, `settle()` tells when the port is open. */
  set faults(faults: Faults) {
    this.#faults = faults
    this.#listening = this.#listening.then(() => this.#listenOrRefuse())
  }

  /** How many calls arrived: of one operation, or in all. */
  count(operation?: string): number {
    return this.calls.filter((call) => operation === undefined || call.operation === operation).length
  }

  /**
   * Resolves when the port is as `refuse` wants it and lagging indexes have caught up.
   * @throws AggregateError if an index could not catch up.
   */
  async settle(): Promise<void> {
    await this.#listening
    await this.#indexes.settle()
  }

  /** Cuts every connection, whatever is under way, and gives the port back. */
  async stop(): Promise<void> {
    await this.#listening
    this.#stopped.abort()
    await this.#close()
    // A store that hangs must not make its tests hang.
    await Promise.race([this.#indexes.stop(), delay(STOP_TIMEOUT_MS, undefined, { ref: false })])
    this.#store.close()
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const call = await readCall(request)
    this.calls.push({ operation: call.operation, at: Date.now() })
    const faults = faultsFor(call.operation, this.#faults)
    if (this.#strikes('blackHole', faults)) return
    if (faults.latencyMs && this.#strikes('slow', faults, true)) await this.#delay(faults.latencyMs)
    if (this.#strikes('resetBefore', faults)) {
      response.destroy()
      return
    }
    if (isWrite(call.operation)) await faults.beforeWrite?.()
    const answer = this.#refusal(call, faults) ?? (await this.#perform(call, faults))
    if (isWrite(call.operation) && isOk(answer) && this.#strikes('loseAnswer', faults)) {
      await faults.beforeLoss?.()
      response.destroy()
    } else if (this.#strikes('resetBody', faults)) deliverHalf(answer, response, () => response.destroy())
    else if (this.#strikes('stallBody', faults)) deliverHalf(answer, response)
    else deliver(answer, response)
  }

  #refusal({ operation }: Call, faults: Faults): Answer | undefined {
    if (!isDataCall(operation)) return undefined
    if (this.#strikes('throttle', faults))
      return errorAnswer(400, 'ProvisionedThroughputExceededException', 'Injected')
    if (this.#strikes('serverError', faults)) return errorAnswer(500, 'InternalServerError', 'Injected')
    return undefined
  }

  async #perform(call: Call, faults: Faults): Promise<Answer> {
    const { indexLagMs, shortPages } = faults
    const isStale = call.input.IndexName !== undefined && this.#strikes('staleReads', faults, true)
    const send: Send = (forwarded) => this.#indexes.perform(forwarded, indexLagMs, isStale)
    if (call.operation === 'BatchGetItem') {
      return batchGetWithout(call, () => this.#strikes('unprocessedKeys', faults), send)
    }
    if (call.operation !== 'Query') return send(call)
    const empty = this.#strikes('emptyPages', faults) ? await emptyPage(call, send) : undefined
    return empty ?? send(shortened(call, shortPages))
  }

  /** Throws the dice for one fault, and counts. */
  #strikes(name: FaultByChance, faults: Faults, unlessGiven: Chance = false): boolean {
    if (!this.#dice(faults[name] ?? unlessGiven)) return false
    this.strikes[name] = (this.strikes[name] ?? 0) + 1
    return true
  }

  async #delay(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#stopped.signal })
  }

  async #listenOrRefuse(): Promise<void> {
    if (this.#stopped.signal.aborted) return
    if (this.#faults.refuse) await this.#close()
    else await this.#listen()
  }

  async #listen(): Promise<void> {
    if (this.#server.listening) return
    this.#server.listen(this.#port, '127.0.0.1')
    await once(this.#server, 'listening')
    this.#port = (this.#server.address() as AddressInfo).port
  }

  async #close(): Promise<void> {
    if (!this.#server.listening) return
    this.#server.close()
    this.#server.closeAllConnections()
    await once(this.#server, 'close')
  }
}

function deliver({ status, headers, body }: Answer, response: ServerResponse): void {
  const bytes = Buffer.from(body)
  response.writeHead(status, { ...headers, 'content-length': bytes.length }).end(bytes)
}

/** Sends the head and half of the body, and no more. */
function deliverHalf({ status, headers, body }: Answer, response: ServerResponse, onSent?: () => void): void {
  const bytes = Buffer.from(body)
  response.writeHead(status, { ...headers, 'content-length': bytes.length })
  response.write(bytes.subarray(0, bytes.length / 2), onSent)
}

/** What the store did to the proxy happens to the client; the proxy's own errors are told. */
function fail(response: ServerResponse, error: unknown): void {
  if (response.headersSent || isConnectionError(error)) response.destroy()
  else deliver(errorAnswer(500, 'InternalServerError', `Fault proxy: ${String(error)}`), response)
}

function isConnectionError(error: unknown): boolean {
  return error instanceof Error && 'code' in error
}
