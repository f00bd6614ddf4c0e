import type { FastifyInstance } from 'fastify'

export interface DeadlineOptions {
  /** How long the stores have for one request, in ms. */
  deadlineMs: number
}

const MIN_DEADLINE_MS = 100

/** Gives each authenticated request its call scope: the tenant of its key, and a deadline over all its store calls. */
export function registerDeadline(app: FastifyInstance, { deadlineMs }: DeadlineOptions): void {
  app.decorateRequest('callScope')
  app.decorateRequest('authenticationMs', 0)
  app.addHook('onRequest', (request, reply, done) => {
    request.authenticationMs = reply.elapsedTime
    done()
  })
  app.addHook('preHandler', (request, _reply, done) => {
    // Looking up the key has used some of the time; how long the client took to send its body is not counted.
    const leftMs = Math.max(MIN_DEADLINE_MS, Math.ceil(deadlineMs - request.authenticationMs))
    request.callScope = { tenant: request.principal.tenant, signal: AbortSignal.timeout(leftMs) }
    done()
  })
}
