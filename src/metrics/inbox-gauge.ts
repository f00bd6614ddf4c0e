import type { Clock } from '../domain/clock.ts'
import type { Recorder } from './recorder.ts'

/** What is waiting in the inboxes of all tenants. */
export interface InboxSample {
  depth: number
  /** Counting ended early: there are more. */
  isCapped: boolean
  /** How long the event that is first in line has been there; 0 when none is. */
  oldestAgeMs: number
}

/** Which of all tasks does a thing. */
export interface TaskLease {
  /** Takes the lease, or makes it last longer. @returns Whether this task holds it. */
  hold(): Promise<boolean>
  /** Lets another task have it at once. */
  release(): Promise<void>
}

export interface InboxGaugeOptions {
  lease: TaskLease
  measure: (signal: AbortSignal) => Promise<InboxSample>
  recorder: Recorder
  intervalMs: number
  clock: Clock
  onFailure: (error: unknown) => void
}

export interface InboxGauge {
  stop(): Promise<void>
}

/**
 * The lease is renewed twice an interval and lasts one: with a holder that died, another task measures after one and a
 * half intervals.
 */
export function leaseDurationMs(intervalMs: number): number {
  return intervalMs
}

/**
 * Measures the inbox once an interval in one of all tasks, never in a request. It must not be summed over tasks, and
 * its cost grows with the backlog.
 */
export function startInboxGauge(options: InboxGaugeOptions): InboxGauge {
  const { lease, measure, recorder, intervalMs, clock, onFailure } = options
  const stopping = new AbortController()
  let timer: NodeJS.Timeout | undefined
  let dueAt = -Infinity

  async function tick(): Promise<void> {
    if (!(await lease.hold()) || clock() < dueAt) return
    const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(intervalMs)])
    dueAt = clock() + 0.75 * intervalMs
    const { depth, isCapped, oldestAgeMs } = await measure(signal)
    recorder.gauge('InboxDepth', depth)
    recorder.gauge('InboxDepthCapped', isCapped ? 1 : 0)
    recorder.gauge('InboxOldestAge', oldestAgeMs / 1000)
  }

  let underWay = Promise.resolve()
  function run(): void {
    underWay = tick()
      .catch((error: unknown) => {
        if (!stopping.signal.aborted) onFailure(error)
      })
      .finally(() => {
        if (!stopping.signal.aborted) timer = setTimeout(run, intervalMs / 2).unref()
      })
  }
  run()

  return {
    async stop() {
      clearTimeout(timer)
      stopping.abort()
      await underWay
      await lease.release().catch(onFailure)
    },
  }
}
