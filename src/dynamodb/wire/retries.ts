import { StandardRetryStrategy } from '@smithy/core/retry'
import { retryTypeOf } from './failures.ts'
import { untilAborted } from '../../domain/until-aborted.ts'

export const MAX_ATTEMPTS = 3
const BASE_DELAY_MS = 25
const MAX_BACKOFF_MS = 400
const THROTTLED_BASE_MS = 100

/**
 * Full jitter from a small base. The SDK's own waits 1 s and more after a throttle, which is longer than a request
 * may take.
 */
function createBackoff() {
  let baseMs = BASE_DELAY_MS
  return {
    setDelayBase(proposedMs: number) {
      baseMs = Math.min(proposedMs, THROTTLED_BASE_MS)
    },
    computeNextBackoffDelay(attempt: number) {
      return Math.floor(Math.random() * Math.min(baseMs * 2 ** attempt, MAX_BACKOFF_MS))
    },
  }
}

/** The SDK's standard strategy, whose budget ends retries where most of them fail, with waits that fit a request. */
export function createRetryStrategy(): StandardRetryStrategy {
  return new StandardRetryStrategy({
    maxAttempts: MAX_ATTEMPTS,
    baseDelay: BASE_DELAY_MS,
    backoff: createBackoff(),
  })
}

type RetryToken = Awaited<ReturnType<StandardRetryStrategy['acquireInitialRetryToken']>>

export interface RetriesOptions {
  strategy: StandardRetryStrategy
  /** Told of every attempt that was refused because there were too many. */
  onThrottle: () => void
}

/** Runs attempts until one succeeds, none is left, or the time is up: then the error of the last one is thrown. */
export function createRetries({ strategy, onThrottle }: RetriesOptions) {
  const firstToken = strategy.acquireInitialRetryToken('dynamodb')

  /** Waits before the next attempt. Throws the error where there is none. */
  async function nextToken(token: RetryToken, error: unknown, signal: AbortSignal): Promise<RetryToken> {
    const errorType = retryTypeOf(error)
    if (errorType === 'THROTTLING') onThrottle()
    if (errorType === undefined || signal.aborted) throw error
    try {
      return await untilAborted(strategy.refreshRetryTokenForRetry(token, { errorType }), signal)
    } catch {
      throw error
    }
  }

  return async function retry<Output>(
    signal: AbortSignal,
    attempt: (number: number) => Promise<Output>,
  ): Promise<Output> {
    let token = await firstToken
    for (let number = 1; ; number++) {
      try {
        const output = await attempt(number)
        strategy.recordSuccess(token)
        return output
      } catch (error) {
        token = await nextToken(token, error, signal)
      }
    }
  }
}
