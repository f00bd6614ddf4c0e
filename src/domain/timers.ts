import { setTimeout as sleep } from 'node:timers/promises'

/** What waits and what gives up. An argument, as the Clock is, so that simulations own time. */
export interface Timers {
  /** Calls back once, `ms` from now. @returns What calls it off. */
  after(ms: number, callback: () => void): () => void
  /** Resolves `ms` from now. Rejects when the signal aborts before. */
  wait(ms: number, signal: AbortSignal): Promise<void>
  /** @returns A signal that aborts `ms` from now. */
  deadline(ms: number): AbortSignal
}

/** Those of the process. */
export const SYSTEM_TIMERS: Timers = {
  after(ms, callback) {
    const timer = setTimeout(callback, ms)
    return () => {
      clearTimeout(timer)
    }
  },
  wait: (ms, signal) => sleep(ms, undefined, { signal }),
  deadline: (ms) => AbortSignal.timeout(ms),
}
