import type { FastifyContextConfig, FastifyInstance, FastifyRequest } from 'fastify'

/** A path that no route has, whatever it was: the client chose it, and it may be anything. */
export const UNMATCHED = 'unmatched'

/** What plugins ask of the route that a request has. */
export interface Route {
  /** The pattern, never the path: `/events/:event_id`. */
  pattern: string
  /** Method and pattern, as far as they are of the service's making: `GET /events/:event_id`. */
  name: string
  /** Neither a check that comes every few seconds, nor a file of the documentation: they would drown the rest. */
  isWatched: boolean
  /** In bytes. */
  bodyLimit: number
  config: FastifyContextConfig
}

function toRoute({ url, method, schema, bodyLimit, config }: FastifyRequest['routeOptions']): Route {
  return {
    pattern: url ?? UNMATCHED,
    name: url === undefined ? UNMATCHED : `${[method].flat().join()} ${url}`,
    isWatched: config.isQuiet !== true && schema?.hide !== true,
    bodyLimit,
    config,
  }
}

/** Gives each request its route. Fastify's own `routeOptions` are put together anew at every look, and hooks look often. */
export function registerRoute(app: FastifyInstance): void {
  const routes = new WeakMap<FastifyContextConfig, Route>()
  app.decorateRequest('route')
  app.addHook('onRequest', (request, _reply, done) => {
    const { routeOptions } = request
    let route = routes.get(routeOptions.config)
    if (!route) {
      route = toRoute(routeOptions)
      routes.set(routeOptions.config, route)
    }
    request.route = route
    done()
  })
}
