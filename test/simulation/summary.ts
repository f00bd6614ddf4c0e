import { createHash } from 'node:crypto'
import type { Outcome } from './simulate.ts'

/** Adds up what came of many seeds. */
export function summarize() {
  const start = performance.now()
  const hash = createHash('sha256')
  const totals: Record<string, number> = {}
  const rules: Record<string, number> = {}
  let seeds = 0
  let broken = 0
  return {
    add({ counts, violations, hash: course }: Outcome): void {
      seeds += 1
      hash.update(course)
      for (const [name, count] of Object.entries(counts)) totals[name] = (totals[name] ?? 0) + count
      if (violations.length > 0) broken += 1
      for (const rule of new Set(violations.map(({ rule }) => rule))) rules[rule] = (rules[rule] ?? 0) + 1
    },
    /** Seeds that broke a rule. */
    broken: () => broken,
    text(): string {
      const { virtualMs = 0, ...counts } = totals
      const seconds = (performance.now() - start) / 1000
      const parts = Object.entries(counts).map(([name, count]) => `${count} ${name}`)
      const found = Object.entries(rules).map(([rule, count]) => `${rule} in ${count} seeds`)
      return [
        `${seeds} seeds in ${seconds.toFixed(1)} s (${(seeds / seconds).toFixed(0)} a second): ${parts.join(', ')}`,
        `${(virtualMs / 86_400_000).toFixed(1)} virtual days`,
        `${broken} seeds broke a rule${found.length > 0 ? `: ${found.join(', ')}` : ''}`,
        `hash ${hash.digest('hex').slice(0, 16)}`,
      ].join('\n')
    },
  }
}
