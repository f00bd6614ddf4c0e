import { Parser, type Result } from 'tap-parser'

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

/** What tap's parser leaves untyped. */
type Untyped = Pick<Result, 'ok' | 'todo' | 'skip'>

const isFailure = (result?: Untyped) => result !== undefined && !result.ok && !result.todo && !result.skip

/** The failures in TAP output, as TAP: each with the names of the tests it lies in and what tap found out about it. */
export function readFailures(tapOutput: string): string[] {
  return Parser.parse(tapOutput, { flat: true })
    .filter(([kind, result]: [kind: string, ...results: Untyped[]]) => kind === 'assert' && isFailure(result))
    .map((entry) => Parser.stringify([entry]).trim())
}

/** `12 passed, 0 failed`, and `, 3 skipped` if any. */
export function summaryLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}
