import type { FastifyInstance, FastifyRequest } from 'fastify'
import { AppError } from '../errors.ts'
import type { Recorder } from '../metrics/recorder.ts'
import type { EventLoop } from './event-loop.ts'
import { boundOf, perClass } from './load-class.ts'
import type { Slots } from './slots.ts'

export interface OverloadOptions {
  /** Most requests under way in this process. */
  maxInFlight: number
  /** How late the event loop may be, in ms, before the first class of requests is refused. */
  maxLoopDelayMs: number
  slots: Slots
  eventLoop: Pick<EventLoop, 'delayMs'>
  recorder: Recorder
}

export interface InFlightOptions {
  maxInFlight: number
  /** Most of them that are one tenant's. */
  maxInFlightPerTenant: number
  slots: Slots
  recorder: Recorder
}

const SWEEP_INTERVAL_MS = 1_000

const RETRY = { headers: { 'retry-after': '1' } }
/** Made once: what is thrown most often under load must cost least. */
export const OVERLOADED = new AppError('unavailable', 'The service has too much to do. Try again.', RETRY)
const TENANT_BUSY = new AppError('unavailable', 'Too many requests of yours are under way. Try again.', RETRY)

/** Refuses what the process cannot take on, before anything is done for it: no key looked at, no body read. */
export function registerOverload(app: FastifyInstance, options: OverloadOptions): void {
  const { maxInFlight, maxLoopDelayMs, slots, eventLoop, recorder } = options
  const maxDelay = perClass(({ delay }) => maxLoopDelayMs * delay)
  const most = perClass(({ share }) => Math.ceil(maxInFlight * share))
  app.addHook('onRoute', ({ url, config }) => {
    if (!config?.load) throw new Error(`The route ${url} declares no class of load: set config.load`)
  })
  app.addHook('onRequest', (request, _reply, done) => {
    const isTooMuch =
      eventLoop.delayMs > boundOf(maxDelay, request) || slots.open.length >= boundOf(most, request)
    if (isTooMuch) recorder.count('RefusedByLoad')
    done(isTooMuch ? OVERLOADED : undefined)
  })
}

/** Frees the places of answers that are done, and cuts those that nobody reads. */
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

/**
 * Bounds what is under way in the process, and each tenant's part of it. Decided as soon as it is known whose a request is, and
 * once more when its body is there: waiting for a body is no work, and whoever sends slowly takes no place meanwhile.
 */
export function registerInFlight(app: FastifyInstance, options: InFlightOptions): void {
  const { maxInFlight, maxInFlightPerTenant, slots, recorder } = options
  const most = perClass(({ share }) => Math.ceil(maxInFlight * share))
  const mostOfTenant = perClass(({ share }) => Math.ceil(maxInFlightPerTenant * share))
  app.decorateRequest('slot')
  freeSlots(app, slots)

  function refusalOf(request: FastifyRequest): AppError | undefined {
    if (slots.ofTenant(request.principal.tenant.name) >= boundOf(mostOfTenant, request)) {
      recorder.count('RefusedByTenant')
      return TENANT_BUSY
    }
    if (slots.open.length < boundOf(most, request)) return undefined
    recorder.count('RefusedByLoad')
    return OVERLOADED
  }

  app.addHook('onRequest', (request, _reply, done) => {
    done(refusalOf(request))
  })
  app.addHook('preHandler', (request, reply, done) => {
    const refusal = refusalOf(request)
    if (!refusal) request.slot = slots.take(request.principal.tenant.name, reply.raw)
    done(refusal)
  })
}
