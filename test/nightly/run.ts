/**
 * `npm run test:nightly`: the large sizes of everything, one part after the other, with one summary at the end. The
 * output of each part is kept in `.nightly/`. Exits with 1 when a part fails or takes too long.
 */
import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { PARTS, type Part } from './parts.ts'
import { runPart, type Result } from './run-part.ts'

const FOLDER = '.nightly'
const HELP = `npm run test:nightly -- [options]

  --only PART     run this part alone; may be given several times
  --minutes N     scale the sizes so that all of it takes about N minutes
  --seed S        repeat what an earlier run drew at random
  --help

Parts:
${PARTS.map(({ name, minutes, what }) => `  ${name.padEnd(14)}${String(minutes).padStart(3)} min  ${what}`).join('\n')}
`

function readOptions(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string', multiple: true },
      minutes: { type: 'string' },
      seed: { type: 'string' },
      help: { type: 'boolean' },
    },
  })
  const unknown = values.only?.filter((name) => !PARTS.some((part) => part.name === name)) ?? []
  if (unknown.length > 0) throw new Error(`There is no part ${unknown.join(', ')}`)
  const parts = PARTS.filter(({ name }) => values.only?.includes(name) ?? true)
  const nominal = parts.reduce((sum, { minutes }) => sum + minutes, 0)
  const scale = values.minutes === undefined ? 1 : Number(values.minutes) / nominal
  const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed)
  if (!(scale > 0) || !Number.isInteger(seed)) throw new Error('--minutes and --seed take numbers')
  return { parts, scale, seed, isHelp: values.help === true }
}

function summary(results: [Part, Result][], seed: number): string {
  const lines = results.map(
    ([{ name }, { outcome, seconds, remarks }]) =>
      `${outcome.padEnd(8)} ${name.padEnd(14)} ${String(seconds).padStart(5)} s  ${remarks[0] ?? ''}` +
      remarks
        .slice(1)
        .map((remark) => `\n${' '.repeat(33)}${remark}`)
        .join(''),
  )
  return `\nNightly run, seed ${seed}\n${lines.join('\n')}\n`
}

async function main(): Promise<void> {
  const { parts, scale, seed, isHelp } = readOptions(process.argv.slice(2))
  if (isHelp) {
    console.log(HELP)
    return
  }
  const histories = resolve(FOLDER, 'histories')
  await mkdir(histories, { recursive: true })
  const results: [Part, Result][] = []
  for (const part of parts) {
    const run = { minutes: part.minutes * scale, seed, histories, log: join(FOLDER, `${part.name}.log`) }
    results.push([part, await runPart(part, run)])
  }
  console.log(summary(results, seed))
  const failed = results.filter(([, { outcome }]) => outcome !== 'passed')
  console.log(failed.length === 0 ? 'All parts passed' : `${failed.length} of ${results.length} parts failed`)
  process.exitCode = failed.length === 0 ? 0 : 1
}

await main()
