import type { FastifyInstance } from 'fastify'
import { randomUUID } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

const REQUEST_ID = /^[A-Za-z0-9._-]{1,128}$/

/** @returns The client's own request id where it is well formed, else a new one. */
export function requestIdFrom(headers: IncomingHttpHeaders): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : newRequestId()
}

export function newRequestId(): string {
  // Its randomness is gathered for many at a time; both ends of it are random through and through.
  const uuid = randomUUID()
  return `req_${uuid.slice(0, 8)}${uuid.slice(-8)}`
}

/** Puts the request id on every answer. */
export function registerRequestId(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id)
    done()
  })
}
