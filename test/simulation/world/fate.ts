import type { Random } from './random.ts'

/** What becomes of one attempt of a call. Times in ms. */
export interface Fate {
  /** Why it has no good answer; undefined when it has. */
  fault?: 'throttled' | 'failed' | 'reset' | 'timeout'
  /** When it takes effect, from its sending; undefined for never. */
  appliesAfter?: number
  /** When its sender knows how it came out, from its sending. */
  answersAfter: number
}

/** A sender waits no longer for the answer to one attempt: `ATTEMPT_TIMEOUT_MS` of the client. */
const TIMEOUT_MS = 1_500
/** How long after that an attempt may still take effect. */
const MAX_LATE_MS = 3_000
const MAX_LATENCY_MS = 6
const MAX_SLOW_MS = 900

/** Draws what becomes of an attempt. */
export function drawFate(random: Random, faults: number): Fate {
  const latency = () => random.between(1, random.chance(faults / 2) ? MAX_SLOW_MS : MAX_LATENCY_MS)
  const appliesAfter = latency()
  const answersAfter = appliesAfter + latency()
  if (!random.chance(faults)) return { appliesAfter, answersAfter }
  const way = random.draw()
  if (way < 0.2) return { fault: 'throttled', answersAfter }
  if (way < 0.3) return { fault: 'failed', answersAfter }
  // A 500 says nothing of whether the write took place.
  if (way < 0.4) return { fault: 'failed', appliesAfter, answersAfter }
  if (way < 0.5) return { fault: 'reset', answersAfter }
  if (way < 0.75) return { fault: 'reset', appliesAfter, answersAfter }
  if (way < 0.8) return { fault: 'timeout', answersAfter: TIMEOUT_MS }
  return {
    fault: 'timeout',
    appliesAfter: TIMEOUT_MS + random.between(0, MAX_LATE_MS),
    answersAfter: TIMEOUT_MS,
  }
}
