import type { FastifyInstance } from 'fastify'

export interface DeadlineOptions {
  /** How long the stores have for one request, in ms. */
  deadlineMs: number
}

const MIN_DEADLINE_MS = 100

/** Deadlines are kept to this: requests that end at the same time, so rounded up, share a signal and a timer. */
const GRAIN_MS = 20

/**
 * Gives signals that abort after so many ms. A timer for each request would fire long after most of them have ended,
 * and make an error each time that nobody looks at.
 */
function createDeadlines(): (leftMs: number) => AbortSignal {
  const signals = new Map<number, AbortSignal>()
  return (leftMs) => {
    const now = performance.now()
    const end = Math.ceil((now + leftMs) / GRAIN_MS) * GRAIN_MS
    const known = signals.get(end)
    if (known) return known
    const signal = AbortSignal.timeout(Math.ceil(end - now))
    signal.addEventListener('abort', () => signals.delete(end), { once: true })
    signals.set(end, signal)
    return signal
  }
}

/** Gives each authenticated request its call scope: the tenant of its key, and a deadline over all its store calls. */
export function registerDeadline(app: FastifyInstance, { deadlineMs }: DeadlineOptions): void {
  const deadlineAfter = createDeadlines()
  app.decorateRequest('callScope')
  app.decorateRequest('authenticationMs', 0)
  app.addHook('onRequest', (request, reply, done) => {
    request.authenticationMs = reply.elapsedTime
    done()
  })
  app.addHook('preHandler', (request, _reply, done) => {
    // Looking up the key has used some of the time; how long the client took to send its body is not counted.
    const leftMs = Math.max(MIN_DEADLINE_MS, Math.ceil(deadlineMs - request.authenticationMs))
    request.callScope = { tenant: request.principal.tenant, signal: deadlineAfter(leftMs) }
    done()
  })
}
