import { parseRfc3339 } from '../schemas/rfc3339.ts'
import { UsageError } from './command.ts'

const UNIT_MS: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000 }

function durationMs(text: string): number | undefined {
  const [, count, unit = ''] = /^(\d{1,6})([mhd])$/.exec(text) ?? []
  return count === undefined ? undefined : Number(count) * (UNIT_MS[unit] ?? 0)
}

/** Reads `30m`, `12h` or `90d`. @returns Milliseconds. */
export function parseDuration(option: string, text: string): number {
  const ms = durationMs(text)
  if (ms === undefined) throw new UsageError(`${option} must be a duration such as 30m, 12h or 90d.`)
  return ms
}

/** Reads a time in the future, or a duration from now. @returns Milliseconds since 1970. */
export function parseMoment(option: string, text: string, nowMs: number): number {
  const ms = durationMs(text)
  const moment = ms === undefined ? parseRfc3339(text) : nowMs + ms
  if (Number.isNaN(moment)) {
    throw new UsageError(`${option} must be a time such as 2027-01-31T00:00:00Z or a duration such as 90d.`)
  }
  if (moment <= nowMs) throw new UsageError(`${option} is in the past.`)
  return moment
}
