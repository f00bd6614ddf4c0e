import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Tally } from '../domain/tally.ts'
import type { Recorder } from '../metrics/recorder.ts'
import { OVERLOADED } from './in-flight.ts'

export interface BodyBudgetOptions {
  recorder: Recorder
  /** Most bytes of bodies that are on their way, in the process and of one tenant. */
  maxBytes?: number
  maxBytesPerTenant?: number
}

const MIB = 1_048_576

/** How large the body may turn out to be. */
function announcedBytes({ headers, route }: FastifyRequest): number {
  if (headers['transfer-encoding'] !== undefined) return route.bodyLimit
  return Number(headers['content-length'] ?? 0)
}

/**
 * Bounds the memory that bodies take while they are being sent. Slow senders take no place among the requests under way, so
 * without it their number alone would decide.
 */
export function registerBodyBudget(app: FastifyInstance, options: BodyBudgetOptions): void {
  const { recorder, maxBytes = 256 * MIB, maxBytesPerTenant = 64 * MIB } = options
  const byTenant = new Tally()
  let total = 0

  function add(tenant: string, bytes: number): void {
    total += bytes
    byTenant.add(tenant, bytes)
  }

  /** There, refused, or given up: nothing more is to come. */
  function release(request: FastifyRequest): void {
    if (request.bodyBytes === 0) return
    add(request.principal.tenant.name, -request.bodyBytes)
    request.bodyBytes = 0
  }

  app.decorateRequest('bodyBytes', 0)
  app.addHook('onRequest', (request, _reply, done) => {
    const bytes = announcedBytes(request)
    const { name } = request.principal.tenant
    // Larger ones are refused unread.
    if (bytes === 0 || bytes > request.route.bodyLimit) done()
    else if (total + bytes > maxBytes || byTenant.of(name) + bytes > maxBytesPerTenant) {
      recorder.count('RefusedByLoad')
      done(OVERLOADED)
    } else {
      add(name, bytes)
      request.bodyBytes = bytes
      done()
    }
  })
  app.addHook('preHandler', (request, _reply, done) => {
    release(request)
    done()
  })
  app.addHook('onSend', (request, _reply, payload, done) => {
    release(request)
    done(null, payload)
  })
}
