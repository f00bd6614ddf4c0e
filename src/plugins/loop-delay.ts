import type { FastifyInstance } from 'fastify'

/** How late the event loop is, smoothed. */
export interface LoopDelay {
  ms: number
}

const INTERVAL_MS = 50
/** The part of each sample in the mean: one long pause is forgiven, half a second of them is not. */
const WEIGHT = 0.2

/**
 * Watches how late timers fire: under load that is how long whatever arrives lies there before anybody looks at it. Costs a timer
 * twenty times a second and nothing per request.
 *
 * `@fastify/under-pressure` has one threshold for all, samples memory along with it, and calls a loop infinitely late in which
 * its own timer fired first; the histogram of `perf_hooks` wakes the process a hundred times a second to know percentiles.
 */
export function watchLoopDelay(app: FastifyInstance, now: () => number): LoopDelay {
  const delay = { ms: 0 }
  let expectedAt = now() + INTERVAL_MS
  const timer = setInterval(() => {
    const at = now()
    delay.ms += WEIGHT * (Math.max(0, at - expectedAt) - delay.ms)
    expectedAt = at + INTERVAL_MS
  }, INTERVAL_MS).unref()
  app.addHook('onClose', async () => {
    clearInterval(timer)
  })
  return delay
}
