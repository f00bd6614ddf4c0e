/** One part of the results. */
export interface Section {
  title: string
  /** Markdown that says how it was measured and what came out. */
  text: string
  /** The same for programs. */
  data: unknown
}

export const whole = (value: number) => Math.round(value).toLocaleString('en')

export const verdict = (isMet: boolean) => (isMet ? 'met' : 'MISSED')

/** A table in Markdown, its columns aligned so that it is one on a terminal too. */
export function toTable(head: string[], rows: string[][]): string {
  const widths = head.map((name, n) => Math.max(name.length, ...rows.map((row) => row[n]?.length ?? 0)))
  const line = (cells: string[]) => `| ${cells.map((cell, n) => cell.padEnd(widths[n] ?? 0)).join(' | ')} |`
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
}
