import type { FastifyInstance } from 'fastify'
import { AppError } from '../errors.ts'
import type { Recorder } from '../metrics/recorder.ts'
import { boundOf, perClass } from './load-class.ts'
import type { LoopDelay } from './loop-delay.ts'
import type { Slots } from './slots.ts'

export interface InFlightOptions {
  /** Most requests under way in this process. */
  maxInFlight: number
  /** How late the event loop may be, in ms, before the first class of requests is refused. */
  maxLoopDelayMs: number
  slots: Slots
  loopDelay: LoopDelay
  recorder: Recorder
}

export interface TenantShareOptions {
  /** Most requests of one tenant under way in this process. */
  maxInFlightPerTenant: number
  slots: Slots
  recorder: Recorder
}

const SWEEP_INTERVAL_MS = 1_000

const RETRY = { headers: { 'retry-after': '1' } }
/** Made once: what is thrown most often under load must cost least. */
const OVERLOADED = new AppError('unavailable', 'The service has too much to do. Try again.', RETRY)
const TENANT_BUSY = new AppError('unavailable', 'Too many requests of yours are under way. Try again.', RETRY)

/** Frees the places of answers that are done, gone, or not being read. */
function freeSlots(app: FastifyInstance, slots: Slots): void {
  app.addHook('onSend', (request, _reply, payload, done) => {
    request.slot?.answer(performance.now())
    done(null, payload)
  })
  const sweep = setInterval(() => {
    const now = performance.now()
    for (const slot of slots.open) slot.cut(now)
  }, SWEEP_INTERVAL_MS).unref()
  app.addHook('onClose', async () => {
    clearInterval(sweep)
  })
}

/** Bounds what is under way, before a key is looked at or a body read. A request that waits on purpose gives its place back. */
export function registerInFlight(app: FastifyInstance, options: InFlightOptions): void {
  const { maxInFlight, maxLoopDelayMs, slots, loopDelay, recorder } = options
  const maxDelay = perClass(({ delay }) => maxLoopDelayMs * delay)
  const most = perClass(({ share }) => Math.ceil(maxInFlight * share))
  app.decorateRequest('slot')
  app.addHook('onRoute', ({ url, config }) => {
    if (!config?.load) throw new Error(`The route ${url} declares no class of load: set config.load`)
  })
  freeSlots(app, slots)

  app.addHook('onRequest', (request, reply, done) => {
    if (loopDelay.ms > boundOf(maxDelay, request) || slots.open.size >= boundOf(most, request)) {
      recorder.count('RefusedByLoad')
      done(OVERLOADED)
      return
    }
    request.slot = slots.take(reply.raw)
    done()
  })
}

/** Bounds each tenant's part of what is under way, as soon as it is known whose a request is. */
export function registerTenantShare(app: FastifyInstance, options: TenantShareOptions): void {
  const { maxInFlightPerTenant, slots, recorder } = options
  const most = perClass(({ share }) => Math.ceil(maxInFlightPerTenant * share))

  app.addHook('onRequest', (request, _reply, done) => {
    const { name } = request.principal.tenant
    if (slots.ofTenant(name) >= boundOf(most, request)) {
      recorder.count('RefusedByTenant')
      done(TENANT_BUSY)
      return
    }
    request.slot?.assign(name)
    done()
  })
}
