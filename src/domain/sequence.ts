import type { Clock } from './clock.ts'

/** @returns Numbers that tell what was asked later: microseconds of the clock, which never repeat nor go back. */
export function createSequence(clock: Clock): () => number {
  let last = 0
  return () => (last = Math.max(last + 1, clock() * 1000))
}
