/** How many assertions of a run ended which way. */
export interface Counts {
  passed: number
  failed: number
  skipped: number
}

/**
 * Reads tap's own count off the end of its TAP output: `# { total: 4, pass: 2, fail: 1, skip: 1 }`. A file that crashes
 * or times out is a failed assertion in it. Zeros when there is no such line, as when tap itself was killed.
 */
export function readCounts(tapOutput: string): Counts {
  const counts = [...tapOutput.matchAll(/^# \{ (total: .*) \}$/gm)].at(-1)?.[1] ?? ''
  const count = (name: string) => Number(new RegExp(`\\b${name}: (\\d+)`).exec(counts)?.[1] ?? 0)
  return { passed: count('pass'), failed: count('fail'), skipped: count('skip') + count('todo') }
}

/** `12 passed, 0 failed`, and `, 3 skipped` if any. */
export function summaryLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}
