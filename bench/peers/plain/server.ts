/**
 * The service as the documented quick starts would have it: Fastify with its default logger and schemas, bearer-auth
 * with a look-up of the key, the SDK's document client, and the stock instrumentations (instrumentation.ts).
 *
 * Where tutorials differ the cheaper way is taken: a key is looked up once and then remembered, and an event's data is
 * one text in the table, not a tree of attributes.
 */
import bearerAuth from '@fastify/bearer-auth'
import fastify from 'fastify'
import { createHash } from 'node:crypto'
import { routes } from './routes.ts'
import { findKey } from './store.ts'

declare module 'fastify' {
  interface FastifyRequest {
    tenant: string
  }
}

const known = new Map<string, string>()

async function tenantOf(token: string): Promise<string | undefined> {
  const remembered = known.get(token)
  if (remembered !== undefined) return remembered
  const [, keyId = '', secret = ''] = token.split('_')
  const key = await findKey(keyId)
  if (key?.secret_hash !== createHash('sha256').update(secret).digest('hex')) return undefined
  known.set(token, key.tenant)
  return key.tenant
}

const app = fastify({ logger: true })
app.decorateRequest('tenant', '')
await app.register(bearerAuth, {
  keys: new Set<string>(),
  auth: async (token, request) => {
    const tenant = await tenantOf(token)
    request.tenant = tenant ?? ''
    return tenant !== undefined
  },
})
await app.register(routes)
await app.listen({ host: '127.0.0.1', port: 0 })
