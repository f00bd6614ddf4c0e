import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import type { Test } from 'tap'

/** A request as it came, whole. */
export interface ReceivedCall {
  /** Such as `GetItem`. */
  operation: string
  path: string
  headers: IncomingMessage['headers']
  body: Buffer
}

/** What the server does with one request. */
export type Reply = (response: ServerResponse, call: ReceivedCall) => void

export interface WireServer {
  endpoint: string
  /** Every request that arrived whole, oldest first. */
  calls: ReceivedCall[]
  /** Every connection that was ever opened. */
  connections: Socket[]
  /** What is done with the next requests, in turn; the last of them with all that follow. */
  replies: Reply[]
}

/** Longer than any client keeps a connection. */
const KEEP_ALIVE_MS = 600_000

/** A server that stands where DynamoDB would, and does what it is told. It ends with the test. */
export async function startWireServer(t: Test, ...replies: Reply[]): Promise<WireServer> {
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    void buffer(request).then((body) => {
      const operation = String(request.headers['x-amz-target']).split('.').at(-1) ?? ''
      const call = { operation, path: request.url ?? '', headers: request.headers, body }
      wire.calls.push(call)
      const reply = wire.replies.length > 1 ? wire.replies.shift() : wire.replies[0]
      reply?.(response, call)
    })
  })
  server.on('connection', (socket) => wire.connections.push(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const wire: WireServer = { endpoint: `http://127.0.0.1:${port}`, calls: [], connections: [], replies }
  return wire
}

const HEADERS = { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-requestid': 'REQUEST1' }

/** Answers with this text and status. */
export const text =
  (status: number, body: string | Buffer, headers: Record<string, string> = {}): Reply =>
  (response) => {
    const length = Buffer.byteLength(body)
    response.writeHead(status, { ...HEADERS, 'content-length': length, ...headers }).end(body)
  }

export const ok = (body: object): Reply => text(200, JSON.stringify(body))

/** Refuses as DynamoDB does. */
export const refusal = (name: string, message = 'Injected', status = 400, headers = {}): Reply =>
  text(status, JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${name}`, message }), headers)

export const throttle = refusal('ProvisionedThroughputExceededException')

/** Cuts the connection instead of answering. */
export const reset: Reply = (response) => {
  response.socket?.resetAndDestroy()
}

/** Never answers. */
export const silence: Reply = () => undefined

/** Sends half of an answer, then nothing more. */
export const stall: Reply = (response) => {
  response.writeHead(200, { ...HEADERS, 'content-length': 100 }).write('{"Item":')
}

/** Sends half of an answer, then closes. */
export const cutShort: Reply = (response) => {
  response.writeHead(200, { ...HEADERS, 'content-length': 100 }).write('{"Item":', () => {
    response.socket?.end()
  })
}

/** Sends an answer in pieces of so many bytes, each in a packet of its own. */
export const inPieces =
  (body: object, size: number): Reply =>
  (response) => {
    const bytes = Buffer.from(JSON.stringify(body))
    response.writeHead(200, { ...HEADERS, 'content-length': bytes.length })
    const send = (at: number): void => {
      if (at >= bytes.length) response.end()
      else
        response.write(bytes.subarray(at, at + size), () => {
          setImmediate(send, at + size)
        })
    }
    send(0)
  }
