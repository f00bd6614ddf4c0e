/** `npm run test:simulation`: runs seeds, says what broke, and how to see it again. */
import { parseArgs } from 'node:util'
import { simulate } from './simulate.ts'
import { summarize } from './summary.ts'

const HELP = `Simulates the service with everything that goes wrong around it, seed by seed.

npm run test:simulation -- [options]

  --seeds N      how many seeds (default 2000)
  --seed S       the first of them (default 1)
  --trace        print everything that happens
  --keep-going   do not stop at the first seed that breaks a rule
  --controls     break the service in known ways instead, and count the seeds that notice
  --help         this text

A seed always takes the same course. The last line of a run is the hash of it.
`

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
    trace: { type: 'boolean', default: false },
    'keep-going': { type: 'boolean', default: false },
    controls: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

async function main(): Promise<void> {
  if (values.help) {
    process.stdout.write(HELP)
    return
  }
  const write = values.trace ? (line: string) => process.stdout.write(`${line}\n`) : undefined
  const [first, count] = [Number(values.seed), Number(values.seeds)]
  const summary = summarize()
  for (let seed = first; seed < first + count; seed++) {
    const outcome = await simulate(seed, {}, write)
    summary.add(outcome)
    if (outcome.violations.length === 0) continue
    process.exitCode = 1
    for (const { rule, detail } of outcome.violations) console.log(`seed ${seed}: ${rule}: ${detail}`)
    console.log(
      `Again, with everything that happens: npm run test:simulation -- --seed ${seed} --seeds 1 --trace`,
    )
    if (!values['keep-going']) break
  }
  console.log(summary.text())
}

await main()
