/** `npm run test:simulation`: runs seeds, says what broke, and how to see it again. */
import { parseArgs } from 'node:util'
import { CONTROLS } from './controls.ts'
import { simulate, type Outcome } from './simulate.ts'
import { summarize } from './summary.ts'

const HELP = `Simulates the service with everything that goes wrong around it, seed by seed.

npm run test:simulation -- [options]

  --seeds N      how many seeds (default 2000)
  --seed S       the first of them (default 1)
  --trace        print everything that happens
  --keep-going   do not stop at the first seed that breaks a rule
  --controls     break the service in known ways, and count the seeds that notice (default 200 seeds)
  --help         this text

A seed always takes the same course, and gives the same hash. It exits with 1 when a rule was broken, or a control was
not noticed.
`

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    seed: { type: 'string', default: '1' },
    trace: { type: 'boolean', default: false },
    'keep-going': { type: 'boolean', default: false },
    controls: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

/** Reads a whole number of at least `least`. */
function toNumber(name: string, text: string, least: number): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < least)
    throw new Error(`--${name} is a whole number from ${least}`)
  return number
}

function print({ seed, violations }: Outcome): void {
  for (const { rule, detail } of violations) console.log(`seed ${seed}: ${rule}: ${detail}`)
  console.log(`Again, step by step: npm run test:simulation -- --seed ${seed} --seeds 1 --trace`)
}

async function runSeeds(first: number, count: number): Promise<boolean> {
  const write = values.trace ? (line: string) => process.stdout.write(`${line}\n`) : undefined
  const summary = summarize()
  for (let seed = first; seed < first + count; seed++) {
    const outcome = await simulate(seed, {}, write)
    summary.add(outcome)
    if (outcome.violations.length === 0) continue
    print(outcome)
    if (!values['keep-going']) break
  }
  console.log(summary.text())
  return summary.broken() === 0
}

async function runControls(first: number, count: number): Promise<boolean> {
  let areNoticed = true
  for (const [name, sabotage] of Object.entries(CONTROLS)) {
    const summary = summarize()
    for (let seed = first; seed < first + count; seed++) summary.add(await simulate(seed, sabotage))
    console.log(`${name}:\n${summary.text()}\n`)
    areNoticed &&= summary.broken() > 0
  }
  return areNoticed
}

async function main(): Promise<void> {
  // Errors are made by the thousand here, and nobody looks at where, unless a seed is run step by step.
  if (!values.trace) Error.stackTraceLimit = 0
  if (values.help) {
    process.stdout.write(HELP)
    return
  }
  const first = toNumber('seed', values.seed, 0)
  const count = toNumber('seeds', values.seeds ?? (values.controls ? '200' : '2000'), 1)
  const isGood = values.controls ? await runControls(first, count) : await runSeeds(first, count)
  if (!isGood) process.exitCode = 1
}

await main()
