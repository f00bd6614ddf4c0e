import { performance } from 'node:perf_hooks'
import type { FastifyInstance } from 'fastify'

/** How the event loop fares, smoothed over a quarter of a second. */
export interface EventLoop {
  /** How late it is, in ms. */
  delayMs: number
  /** The part of its time in which it had something to do. */
  utilization: number
}

const INTERVAL_MS = 50
/** The part of each sample in the mean: one long pause is forgiven, half a second of them is not. */
const WEIGHT = 0.2

/**
 * Watches how late timers fire: under load that is how long whatever arrives lies there before anybody looks at it; and how
 * much of the time is taken. Costs a timer twenty times a second and nothing per request.
 *
 * `@fastify/under-pressure` has one threshold for all, samples memory along with it, and calls a loop infinitely late in which
 * its own timer fired first; the histogram of `perf_hooks` wakes the process a hundred times a second to know percentiles.
 */
export function watchEventLoop(app: FastifyInstance, now: () => number): EventLoop {
  const eventLoop = { delayMs: 0, utilization: 0 }
  let expectedAt = now() + INTERVAL_MS
  let used = performance.eventLoopUtilization()
  const timer = setInterval(() => {
    const at = now()
    eventLoop.delayMs += WEIGHT * (Math.max(0, at - expectedAt) - eventLoop.delayMs)
    expectedAt = at + INTERVAL_MS
    const usedBefore = used
    used = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(used, usedBefore)
    eventLoop.utilization += WEIGHT * (utilization - eventLoop.utilization)
  }, INTERVAL_MS).unref()
  app.addHook('onClose', async () => {
    clearInterval(timer)
  })
  return eventLoop
}
