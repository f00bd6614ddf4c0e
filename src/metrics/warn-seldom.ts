import type { Clock } from '../domain/clock.ts'

const PAUSE_MS = 60_000

/** Passes on at most one call a minute: what goes wrong at every flush would otherwise fill the log. */
export function warnSeldom(warn: (error: unknown) => void, clock: Clock): (error: unknown) => void {
  let quietUntil = -Infinity
  return (error) => {
    if (clock() < quietUntil) return
    quietUntil = clock() + PAUSE_MS
    warn(error)
  }
}
