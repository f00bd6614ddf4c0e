import type { FastifyInstance } from 'fastify'
import { AppError } from '../errors.ts'

const routeNotFound = () => new AppError('not_found', 'There is no such path.')

/** @returns What matches the paths of a route pattern such as `/events/:event_id`. */
function toRegExp(pattern: string): RegExp {
  const segments = pattern
    .split('/')
    .map((segment) => (segment.startsWith(':') ? '[^/]+' : RegExp.escape(segment)))
  return new RegExp(`^${segments.join('/').replace('\\*', '.*')}$`)
}

/** @returns The path of a request target as the router reads it: of its absolute form too, and up to a `#` too. */
function pathOf(target: string): string {
  const [path = ''] = target.replace(/^https?:\/\/.*?\//, '/').split(/[?#]/, 1)
  return decodeURI(path)
}

/**
 * Tells apart paths that do not exist (404) and paths that do not have the method (405 with `Allow`), before a body is
 * read or a key looked at. Fastify knows only the first.
 */
export function registerAllowedMethods(app: FastifyInstance): void {
  const methodsOf = new Map<string, { path: RegExp; methods: Set<string> }>()

  app.addHook('onRoute', ({ url, method }) => {
    const route = methodsOf.get(url) ?? { path: toRegExp(url), methods: new Set<string>() }
    for (const name of [method].flat()) route.methods.add(name)
    // Of the second spelling of a prefix (`/docs/`) only HEAD is announced, and HEAD is only where GET is.
    if (route.methods.has('HEAD')) route.methods.add('GET')
    methodsOf.set(url, route)
  })

  app.setNotFoundHandler(() => {
    throw routeNotFound()
  })

  app.addHook('onRequest', (request, _reply, done) => {
    // `/events/` would be an event with an empty id.
    const hasEmptyParameter = Object.values(request.params as Record<string, string>).includes('')
    if (!request.is404 && !hasEmptyParameter) {
      done()
      return
    }
    const path = pathOf(request.url)
    // As in the document, a path of its own goes before a pattern: `/events/batch` is not meant as an event id.
    const own = methodsOf.get(path)
    const matching = own ? [own] : [...methodsOf.values()].filter((route) => route.path.test(path))
    const allowed = [...new Set(matching.flatMap((route) => [...route.methods]))]
    if (allowed.length === 0 || hasEmptyParameter) throw routeNotFound()
    throw new AppError('method_not_allowed', 'This path does not have this method.', {
      headers: { allow: allowed.join(', ') },
    })
  })
}
