/**
 * @param toError What to reject with where the signal aborts first; its reason unless told otherwise.
 * @returns What the promise gives, as long as the signal does not abort before.
 */
export async function untilAborted<Result>(
  promise: Promise<Result>,
  signal: AbortSignal,
  toError: (reason: unknown) => unknown = (reason) => reason,
): Promise<Result> {
  const aborted = Promise.withResolvers<never>()
  const onAbort = () => {
    aborted.reject(toError(signal.reason))
  }
  // Aborted already, too: what the promise does later is then still watched by the race, and no unhandled rejection.
  if (signal.aborted) onAbort()
  else signal.addEventListener('abort', onAbort)
  try {
    return await Promise.race([aborted.promise, promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
