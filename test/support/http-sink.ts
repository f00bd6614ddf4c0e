import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import type { Test } from 'tap'
import { keepOutput } from './leaks.ts'

/** A request as it came over the wire, its body unpacked. */
export interface Received {
  path: string
  headers: IncomingHttpHeaders
  body: Buffer
}

export interface HttpSink {
  endpoint: string
  received: Received[]
  /** `hang` never answers; a number answers with that status and nothing else. */
  behaviour: 'answer' | 'hang' | number
  /** Resolves when something that was received, now or later, satisfies the condition. */
  waitFor(isThere: (received: Received[]) => boolean): Promise<void>
}

const WAIT_MS = 15_000

/** Takes every request and answers it with the text. It ends with the test. */
export async function startHttpSink(t: Test, answer: string, contentType: string): Promise<HttpSink> {
  const server = createServer((request, response) => {
    void buffer(request).then((raw) => {
      const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw
      keepOutput(body)
      sink.received.push({ path: request.url ?? '', headers: request.headers, body })
      if (sink.behaviour === 'hang') return
      const status = sink.behaviour === 'answer' ? 200 : sink.behaviour
      response.writeHead(status, { 'content-type': contentType }).end(status === 200 ? answer : '{}')
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const sink: HttpSink = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received: [],
    behaviour: 'answer',
    async waitFor(isThere) {
      const giveUpAt = Date.now() + WAIT_MS
      while (!isThere(sink.received)) {
        if (Date.now() > giveUpAt) throw new Error('What was waited for did not arrive')
        await delay(20)
      }
    },
  }
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return sink
}

/** A port on which nobody listens. */
export async function refusingEndpoint(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return `http://127.0.0.1:${port}`
}
