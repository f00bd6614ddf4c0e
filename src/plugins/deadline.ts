import type { FastifyInstance } from 'fastify'

export interface DeadlineOptions {
  /** How long the stores have for one request, in ms, from the moment its body is there. */
  deadlineMs: number
}

/** Gives each authenticated request its call scope: the tenant of its key, and a deadline over all its store calls. */
export function registerDeadline(app: FastifyInstance, { deadlineMs }: DeadlineOptions): void {
  app.decorateRequest('callScope')
  app.addHook('preHandler', async (request) => {
    request.callScope = { tenant: request.principal.tenant, signal: AbortSignal.timeout(deadlineMs) }
  })
}
