import type { FastifyInstance } from 'fastify'

/**
 * What every answer tells browsers: it is what its type says, nothing may be loaded by it, framed or kept, and it is to be fetched
 * by TLS where it was once. The documentation has a policy of its own (plugins/openapi.ts).
 *
 * `@fastify/helmet` sets the same and a dozen more, most of them for pages, and puts them together anew for each request,
 * which takes longer than the rest of a refusal.
 */
export const SECURITY_HEADERS = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'strict-transport-security': 'max-age=31536000',
  'cache-control': 'no-store',
} as const

export function registerSecurityHeaders(app: FastifyInstance): void {
  app.addHook('onRequest', (_request, reply, done) => {
    reply.headers(SECURITY_HEADERS)
    done()
  })
}
