import type { FastifyInstance } from 'fastify'
import { TokenBucket } from '../domain/token-bucket.ts'
import type { EventLoop } from './event-loop.ts'

/** Answers that turn somebody away for now. */
const REFUSALS: readonly number[] = [429, 503]
/** So many a second are sent at once. */
const PER_SECOND = 500
const BURST = 100
/** No answer is held longer. */
const MAX_HELD_MS = 1_000
/** Connections with nothing under way are cheap, yet not free: whoever comes when so many are held is answered at once. */
const MAX_HELD = 5_000
const SWEEP_INTERVAL_MS = 10
/** From this part of the event loop's time on, saying no takes from saying yes. */
const BUSY_UTILIZATION = 0.8

export interface RefusalOptions {
  eventLoop: Pick<EventLoop, 'utilization'>
  /** In ms, never going back. */
  now: () => number
}

interface Held {
  send: () => void
  until: number
}

/** Sends what is due: at its pace the first ones, and all that have waited long enough. */
function createPace({ eventLoop, now }: RefusalOptions) {
  const bucket = new TokenBucket(PER_SECOND, BURST)
  // No Set: what goes through one outlives itself (see Slots).
  const queue: Held[] = []
  let timer: NodeJS.Timeout | undefined

  function sweep(): void {
    const at = now()
    const firstToStay = queue.findIndex((held) => held.until > at && bucket.take(at) > 0)
    const due = queue.splice(0, firstToStay === -1 ? queue.length : firstToStay)
    for (const held of due) held.send()
    if (queue.length > 0) return
    clearInterval(timer)
    timer = undefined
  }

  return {
    /** @returns Whether the answer has to wait; `send` is called when it may go. */
    hold(send: () => void): boolean {
      if (eventLoop.utilization < BUSY_UTILIZATION) return false
      const at = now()
      if (queue.length >= MAX_HELD || (queue.length === 0 && bucket.take(at) === 0)) return false
      queue.push({ send, until: at + MAX_HELD_MS })
      timer ??= setInterval(sweep, SWEEP_INTERVAL_MS)
      return true
    },
  }
}

/**
 * Holds refusals back, up to a second, when there are many and time is short. A client that is told no comes again as soon as it is told: ten times
 * the load is nine tenths refusals, and saying no at full speed would leave little time to say yes. Held, it costs a
 * connection and no CPU. While there is time to spare they go out at once: what is held outlives many a collection of garbage, which
 * would then take longer for all. Nothing that was held says how fast the service is.
 */
export function registerRefusals(app: FastifyInstance, options: RefusalOptions): void {
  const pace = createPace(options)
  app.addHook('onSend', (request, reply, payload, done) => {
    if (!REFUSALS.includes(reply.statusCode)) {
      done(null, payload)
      return
    }
    request.slot?.release()
    const send = () => {
      done(null, payload)
    }
    if (pace.hold(send)) request.isLongPoll = true
    else send()
  })
}
