import { toData } from './data.ts'
import type { WindowedRecorder } from './recorder.ts'
import type { Sink } from './sink.ts'
import { mergeWindows, type MetricsWindow } from './window.ts'

export interface FlushOptions {
  recorder: WindowedRecorder
  sink: Sink
  intervalMs: number
  /** Draws a number from 0 to 1: tasks that started together must not send together. */
  random: () => number
  /** Told of each window that ends, whether or not it arrives. */
  onWindow: (window: MetricsWindow) => void
  onFailure: (error: unknown) => void
}

export interface Flusher {
  flush(): Promise<void>
  /** Sends what is left, once, and gives up after that time. */
  stop(timeoutMs: number): Promise<void>
}

const JITTER = 0.2
const FLUSH_TIMEOUT_MS = 8_000

/**
 * Sends one window after the other. One that did not arrive goes along with the next; when that does not arrive either
 * it is dropped and counted, so that memory holds two windows at most.
 */
function createSender({ recorder, sink, onWindow, onFailure }: FlushOptions) {
  let unsent: MetricsWindow | undefined
  return async (signal: AbortSignal): Promise<void> => {
    const window = recorder.take()
    onWindow(window)
    const merged = unsent ? mergeWindows(unsent, window) : window
    try {
      recorder.count('MetricsDropped', await sink.send({ at: merged.to, data: toData(merged) }, signal))
      unsent = undefined
    } catch (error) {
      if (unsent) recorder.count('MetricsDropped', toData(unsent).length)
      unsent = window
      onFailure(error)
    }
  }
}

/** Resolves at the end of the work or when the signal aborts, whichever comes first. */
async function within(signal: AbortSignal, work: Promise<unknown> | undefined): Promise<void> {
  const { promise: aborted, resolve } = Promise.withResolvers<undefined>()
  signal.addEventListener('abort', () => {
    resolve(undefined)
  })
  if (signal.aborted) return
  await Promise.race([work, aborted])
}

/** Not AbortSignal.timeout(): its timer would not keep a process alive that has nothing else to wait for. */
const abortAfter = (ms: number, controller: AbortController) =>
  setTimeout(() => {
    controller.abort()
  }, ms)

/** Sends a window each interval; one flush at a time. */
export function createFlusher(options: FlushOptions): Flusher {
  const { intervalMs, random, sink } = options
  const send = createSender(options)
  const cut = new AbortController()
  let isStopped = false
  let underWay: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined

  function flush(signal: AbortSignal): Promise<void> {
    underWay ??= send(signal).finally(() => {
      underWay = undefined
    })
    return underWay
  }
  const flushInTime = () => flush(AbortSignal.any([cut.signal, AbortSignal.timeout(FLUSH_TIMEOUT_MS)]))

  function schedule(): void {
    if (isStopped) return
    const delay = intervalMs * (1 + JITTER * (random() - 0.5))
    timer = setTimeout(() => void flushInTime().then(schedule), delay).unref()
  }

  schedule()
  return {
    flush: flushInTime,
    async stop(timeoutMs) {
      isStopped = true
      clearTimeout(timer)
      const giveUp = new AbortController()
      // One that is under way has half of the time: cut off, it may have arrived all the same, and is counted twice.
      const timeouts = [abortAfter(timeoutMs / 2, cut), abortAfter(timeoutMs, giveUp)]
      await within(giveUp.signal, underWay)
      await within(giveUp.signal, flush(giveUp.signal))
      for (const timeout of timeouts) clearTimeout(timeout)
      sink.close()
    },
  }
}
