import type { FastifyInstance } from 'fastify'
import type { Principal } from '../domain/access.ts'

/** One line per request, at its end. Health checks would drown the rest, so they are left to `debug`. */
export function registerRequestLog(app: FastifyInstance): void {
  app.addHook('onResponse', async (request, reply) => {
    const { method, routeOptions } = request
    const { principal } = request as { principal?: Principal }
    const line = {
      method,
      route: routeOptions.url ?? 'unmatched',
      status: reply.statusCode,
      duration_ms: Math.round(reply.elapsedTime * 1000) / 1000,
      ...(principal ? { tenant: principal.tenant.name, key_id: principal.key_id } : {}),
    }
    if (routeOptions.config.isQuiet) request.log.debug(line, 'request')
    else request.log.info(line, 'request')
  })
}
