import type { FastifyRequest } from 'fastify'

/** A path that no route has, whatever it was: the client chose it, and it may be anything. */
export const UNMATCHED = 'unmatched'

/** @returns The pattern of the route, never the path: `/events/:event_id`. */
export function routePattern({ routeOptions }: FastifyRequest): string {
  return routeOptions.url ?? UNMATCHED
}

/** @returns Method and pattern, as far as they are of the service's making: `GET /events/:event_id`. */
export function routeName(request: FastifyRequest): string {
  const pattern = routePattern(request)
  return pattern === UNMATCHED ? UNMATCHED : `${request.method} ${pattern}`
}

/** Neither checks that come every few seconds, nor the files of the documentation: they would drown the rest. */
export function isWatched({ routeOptions }: FastifyRequest): boolean {
  return routeOptions.config.isQuiet !== true && routeOptions.schema?.hide !== true
}
