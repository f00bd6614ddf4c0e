import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Recorder } from '../metrics/recorder.ts'
import { countStatus } from './metrics.ts'
import { UNMATCHED } from './route.ts'

/** Counts and logs a request that Fastify refuses before it has a route: no hook runs for it. */
export function watchFrameworkError(recorder: Recorder, request: FastifyRequest, reply: FastifyReply): void {
  reply.raw.once('finish', () => {
    const { method, failure } = request
    countStatus(recorder, reply.statusCode)
    request.log.info({ method, route: UNMATCHED, status: reply.statusCode, error: failure?.code }, 'request')
  })
}

/** Counts and logs what never becomes a request: no HTTP, or not there in time. */
export function registerUnrouted(app: FastifyInstance, { recorder }: { recorder: Recorder }): void {
  app.server.on('clientError', ({ code }: NodeJS.ErrnoException) => {
    // Clients hang up all the time; nothing was asked.
    if (code === 'ECONNRESET') return
    countStatus(recorder, 400)
    app.log.info({ route: UNMATCHED, reason: code }, 'request refused while it was read')
  })
}
