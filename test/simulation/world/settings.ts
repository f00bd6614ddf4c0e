import type { Random } from './random.ts'

/** What kind of world a seed makes. Times in ms, probabilities from 0 to 1. */
export interface Settings {
  tasks: number
  shards: number
  /** How far the clock of a task may be ahead. */
  maxSkewMs: number
  /** Clocks may jump by an hour, either way: no promise about leases holds then. */
  hasWildClocks: boolean
  /** How probable a fault is, for each attempt of a call. */
  faults: number
  maxLagMs: number
  /** How probable it is that a task, a request of its client, or a client dies at its work. */
  crashes: number
  /** Whether a failed condition tells what it found. */
  tellsFound: boolean
  maxAttempts: number
  /** For how long there are faults. */
  loadMs: number
}

/** Below the second by which stored leases outlast those that are told. */
const MAX_SKEW_MS = 900

export function drawSettings(random: Random): Settings {
  return {
    tasks: random.between(2, 5),
    shards: random.pick([1, 1, 2, 3]),
    maxSkewMs: random.between(0, MAX_SKEW_MS),
    hasWildClocks: random.chance(0.05),
    faults: random.between(2, 22) / 100,
    maxLagMs: random.between(0, 2_000),
    crashes: random.between(0, 30) / 100,
    tellsFound: random.chance(0.85),
    maxAttempts: random.between(2, 6),
    loadMs: random.between(2_000, 6_500),
  }
}
