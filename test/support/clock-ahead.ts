import { pathToFileURL } from 'node:url'
import { join } from 'node:path'

const PRELOAD = pathToFileURL(join(import.meta.dirname, 'skewed-clock.ts'))

/** The environment of a process whose clock is ahead by so much. */
export function clockAhead(aheadMs: number): Record<string, string> {
  return { NODE_OPTIONS: `--import ${PRELOAD.href}`, CLOCK_AHEAD_MS: String(aheadMs) }
}
