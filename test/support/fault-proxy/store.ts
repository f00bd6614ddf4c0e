import { Agent, request, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http'
import { text } from 'node:stream/consumers'
import { once } from 'node:events'
import type { Answer, Call } from './call.ts'

/** Jetty closes idle connections; ours are gone before. */
const IDLE_MS = 5_000

/** Headers of one connection or one exact body, which do not travel on. */
const HOP_BY_HOP = ['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'x-amz-crc32']
const NOT_FORWARDED = [...HOP_BY_HOP, 'host', 'expect', 'accept-encoding']

/** The store behind the proxy. */
export class Store {
  readonly #endpoint: string
  readonly #agent = new Agent({ keepAlive: true, timeout: IDLE_MS })

  /** @param endpoint `http://host:port`. */
  constructor(endpoint: string) {
    this.#endpoint = endpoint
  }

  /** @throws if the store cannot be reached or cuts the connection. */
  async send(call: Call): Promise<Answer> {
    const body = Buffer.from(JSON.stringify(call.input))
    const headers: OutgoingHttpHeaders = {
      ...without(call.headers, NOT_FORWARDED),
      'x-amz-target': `DynamoDB_20120810.${call.operation}`,
      'content-length': body.length,
    }
    const sent = request(this.#endpoint, { method: 'POST', agent: this.#agent, headers }).end(body)
    sent.on('error', ignore)
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    return {
      status: response.statusCode ?? 0,
      headers: without(response.headers, HOP_BY_HOP),
      body: await text(response),
    }
  }

  /** Cuts every connection; calls under way fail. */
  close(): void {
    this.#agent.destroy()
  }
}

function ignore(): void {
  // Before the answer `once` rejects with it; later the answer's own stream fails.
}

function without(headers: OutgoingHttpHeaders, names: string[]): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name)))
}
