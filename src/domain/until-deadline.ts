import { storeUnavailable } from '../errors.ts'

/** Waits for work that others share, and that has a deadline of its own, but no longer than one's own: `unavailable`. */
export async function untilDeadline<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  const { promise, reject } = Promise.withResolvers<never>()
  const giveUp = () => {
    reject(storeUnavailable(signal.reason))
  }
  if (signal.aborted) giveUp()
  signal.addEventListener('abort', giveUp, { once: true })
  try {
    return await Promise.race([work, promise])
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}
