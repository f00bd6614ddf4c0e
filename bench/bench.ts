/** `npm run bench`: what requests cost, beside a floor and beside what anyone would write first. */
import { writeFile } from 'node:fs/promises'
import { HELP, readOptions, UsageError, type BenchOptions } from './options.ts'
import { circumstances, writeResult } from './results.ts'
import { measureAgainst } from './sections/against.ts'
import { measureCosts } from './sections/costs.ts'
import { measureGrowth } from './sections/growth.ts'
import { measureLatency } from './sections/latency.ts'
import { measureLongPolls } from './sections/long-polls.ts'
import { measureMemory } from './sections/memory.ts'
import { measureProfile } from './sections/profile.ts'
import type { Section } from './sections/section.ts'
import { measureStart } from './sections/start.ts'
import { measureThroughput } from './sections/throughput.ts'
import { measureWatching } from './sections/watching.ts'

const MEASURES: Record<BenchOptions['sections'][number], (options: BenchOptions) => Promise<Section>> = {
  throughput: measureThroughput,
  latency: measureLatency,
  watching: measureWatching,
  profile: measureProfile,
  'long-polls': measureLongPolls,
  start: measureStart,
  memory: measureMemory,
  growth: measureGrowth,
  costs: measureCosts,
  against: measureAgainst,
}

async function main(options: BenchOptions): Promise<void> {
  const on = await circumstances()
  const sections: Section[] = []
  for (const name of options.sections) {
    const section = await MEASURES[name](options)
    sections.push(section)
    process.stdout.write(`\n## ${section.title}\n\n${on}\n\n${section.text}\n`)
    if (options.writesResults) await writeResult(section, on)
  }
  if (options.json !== undefined) await writeFile(options.json, JSON.stringify({ on, sections }, null, 2))
}

// By default a signal would end this process alone, and leave the servers running.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

try {
  const options = readOptions(process.argv.slice(2))
  if (options) await main(options)
  else process.stdout.write(HELP)
} catch (error) {
  // node:util tells faults of the command line by a code.
  const isUsage =
    error instanceof UsageError || (error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS')
  if (!isUsage) throw error
  process.stderr.write(`${(error as Error).message}\n`)
  process.exitCode = 1
}
