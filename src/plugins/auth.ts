import bearerAuth from '@fastify/bearer-auth'
import type { FastifyInstance } from 'fastify'
import type { Principal } from '../domain/access.ts'
import type { Authenticator } from '../domain/authenticator.ts'
import { whenThere } from '../domain/awaitable.ts'
import { AppError } from '../errors.ts'

export interface AuthOptions {
  authenticator: Authenticator
}

/**
 * Protects every route of the scope it is registered in: a valid key (401), then the scope the route declares (403).
 * A route that declares none does not start.
 */
export async function registerAuth(app: FastifyInstance, { authenticator }: AuthOptions): Promise<void> {
  app.addHook('onRoute', ({ url, config }) => {
    if (!config?.scope) throw new Error(`The route ${url} declares no scope: set config.scope`)
  })
  app.decorateRequest('principal')
  await app.register(bearerAuth, {
    keys: new Set<string>(),
    addHook: false,
    // The scheme in any case, as HTTP has it (https://www.rfc-editor.org/rfc/rfc9110#section-11.1).
    specCompliance: 'rfc6749',
    // The request's own log line tells of refusals.
    verifyErrorLogLevel: 'debug',
    auth(token, request) {
      const admit = (principal: Principal | undefined) => {
        if (principal) request.principal = principal
        return principal !== undefined
      }
      return whenThere(authenticator.authenticate(token), admit)
    },
  })
  if (!app.verifyBearerAuth) throw new Error('bearer-auth has not decorated the app')
  app.addHook('onRequest', app.verifyBearerAuth)
  app.addHook('onRequest', ({ principal, route }, _reply, done) => {
    const { scope } = route.config
    if (!scope || !principal.scopes.includes(scope)) {
      throw new AppError('insufficient_scope', `The key does not have the scope ${scope ?? ''}.`)
    }
    done()
  })
}
