/**
 * The deterministic simulation at the size of CI. SIMULATION_SEEDS sets how many seeds; `npm run test:simulation` runs
 * any of them, and shows one step by step.
 */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { CONTROLS } from './controls.ts'
import { simulate } from './simulate.ts'
import { summarize } from './summary.ts'

const SEEDS = Number(process.env['SIMULATION_SEEDS'] ?? 2_000)
const CONTROL_SEEDS = 200
/** Busy machines take longer; it is no measurement. */
const TIMEOUT_MS = 600_000

t.setTimeout(TIMEOUT_MS)

const run = promisify(execFile)
const MAIN = join(import.meta.dirname, 'main.ts')
/** Measuring the coverage of what runs so often would take longer than to run it. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => name !== 'NODE_OPTIONS' && name !== 'NODE_V8_COVERAGE'),
)

/** Runs the program as anybody would. @returns What it printed, wherever, and however it ended. */
async function simulateApart(...args: string[]): Promise<string> {
  const { stdout, stderr } = await run(process.execPath, [MAIN, ...args], { env: environment }).catch(
    (error: unknown) => error as { stdout: string; stderr: string },
  )
  return stdout + stderr
}

t.test('no promise is broken, whatever goes wrong', async (t) => {
  const printed = await simulateApart('--seeds', String(SEEDS))
  t.comment(printed)
  t.match(
    printed,
    new RegExp(`^${SEEDS} seeds in .*\\b[1-9]\\d* faults, [1-9]\\d* late, [1-9]\\d* crashes`, 'm'),
  )
  t.match(printed, /^0 seeds broke a rule$/m)
})

t.test('a seed takes the same course again, here and in a process of its own', async (t) => {
  const first = await simulate(7)
  t.equal((await simulate(7)).hash, first.hash)
  t.not((await simulate(8)).hash, first.hash)
  const summary = summarize()
  summary.add(first)
  const [hash] = /^hash .*$/m.exec(summary.text()) ?? []
  t.match(await simulateApart('--seed', '7', '--seeds', '1'), hash ?? 'no hash')
})

t.test('the program says how it is used, and what it does not understand', async (t) => {
  t.match(await simulateApart('--help'), /--seeds N/)
  t.match(await simulateApart('--seeds', 'many'), /--seeds is a whole number/)
})

for (const [name, sabotage] of Object.entries(CONTROLS)) {
  t.test(`it is noticed when ${name}`, async (t) => {
    for (let seed = 1; seed <= CONTROL_SEEDS; seed++) {
      const [violation] = (await simulate(seed, sabotage)).violations
      if (!violation) continue
      t.pass(`seed ${seed}: ${violation.rule}, ${violation.detail}`)
      return
    }
    t.fail(`${CONTROL_SEEDS} seeds noticed nothing`)
  })
}
