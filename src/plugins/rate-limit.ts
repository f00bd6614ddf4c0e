import type { FastifyInstance } from 'fastify'
import { LRUCache } from 'lru-cache'
import { TokenBucket } from '../domain/token-bucket.ts'
import { AppError } from '../errors.ts'
import type { Recorder } from '../metrics/recorder.ts'

export interface RateLimitOptions {
  /** Requests a second of a key that has no limit of its own; `Infinity` for any number. */
  perSecond: number
  recorder: Recorder
  /** In ms, never going back. */
  now: () => number
}

/** A key may use what it saved in so many seconds at once. */
export const BURST_SECONDS = 2
/** As many as the authenticator remembers; only keys that exist get here. A bucket that is forgotten is full again. */
const MAX_BUCKETS = 10_000

/** Made once. No bucket fills slower than one a second. */
const LIMITED = new AppError('rate_limited', 'The key has made too many requests. Try again.', {
  headers: { 'retry-after': '1' },
})

/**
 * A token bucket for each key, in the memory of the process, and the headers that tell of it
 * (https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-10).
 */
export function registerRateLimit(
  app: FastifyInstance,
  { perSecond, recorder, now }: RateLimitOptions,
): void {
  const buckets = new LRUCache<string, TokenBucket>({ max: MAX_BUCKETS })

  function bucketOf(keyId: string, rate: number): TokenBucket {
    const known = buckets.get(keyId)
    // The limit of a key may be changed.
    if (known?.perSecond === rate) return known
    const bucket = new TokenBucket(rate, rate * BURST_SECONDS)
    buckets.set(keyId, bucket)
    return bucket
  }

  app.addHook('onRequest', ({ principal }, reply, done) => {
    const rate = principal.rate_limit ?? perSecond
    if (rate === Infinity) {
      done()
      return
    }
    const bucket = bucketOf(principal.key_id, rate)
    const at = now()
    const isLimited = bucket.take(at) > 0
    const resetSeconds = isLimited ? 1 : Math.ceil(bucket.fullInMs(at) / 1_000)
    reply.header('ratelimit-policy', `"key";q=${bucket.burst};w=${BURST_SECONDS}`)
    reply.header('ratelimit', `"key";r=${bucket.left(at)};t=${resetSeconds}`)
    if (isLimited) recorder.count('RefusedByRate')
    done(isLimited ? LIMITED : undefined)
  })
}
