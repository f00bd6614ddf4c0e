/**
 * What `npm test` runs: one DynamoDB Local for all test files, tap, and a last line that counts the assertions.
 * Arguments are tap's. Whoever names test files runs a part of the tests, and its coverage is shown but not judged.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { hasJava, startDynamoDBLocal } from './dynamodb-local.ts'
import { findLeaks, OUTPUT_VARIABLE } from './leaks.ts'
import { readCounts, readFailures, summaryLine } from './tap-results.ts'
import { unloadedSources } from './unloaded-sources.ts'

const TAP = join(fileURLToPath(import.meta.resolve('tap/package.json')), '../dist/esm/run.mjs')
const STATE = '.tap'
const RESULTS = join(STATE, 'results.tap')
/** Where tap leaves V8's coverage of every process. */
const COVERAGE = join(STATE, 'coverage')
/** What services wrote while they were tested. */
const OUTPUT = join(STATE, 'output')
const MAX_SHOWN_LEAKS = 10
/** Of a log, often only the end is kept: the first failures are said again there. */
const MAX_REPEATED_FAILURES = 20
const ANY_COVERAGE = ['--allow-incomplete-coverage', '--allow-empty-coverage']

async function main(args: string[]): Promise<void> {
  // Importing tap makes this process a test, which tap would end after 30 s.
  t.setTimeout(0)
  // Of code that comes from a cache, V8 counts what ran less exactly.
  process.env.NODE_DISABLE_COMPILE_CACHE = '1'
  await mkdir(STATE, { recursive: true })
  await rm(RESULTS, { force: true })
  await rm(OUTPUT, { recursive: true, force: true })
  await mkdir(OUTPUT)
  process.env[OUTPUT_VARIABLE] = resolve(OUTPUT)
  // Still built with the plugin that .taprc excludes, tap would compile this one run with it.
  if (t.pluginSignature.includes('@tapjs/typescript')) await tap(['build'])

  const isPart = args.some(namesTests)
  const options = isPart ? [...args, ...ANY_COVERAGE] : args
  const code = await withStore(() => tap(options, RESULTS)).catch(report)
  const results = await readFile(RESULTS, 'utf8').catch(() => '')
  const counts = readCounts(results)
  const unloaded = isPart || counts.passed === 0 ? [] : await unloadedSources('src', COVERAGE)

  const { lines, leaks } = await findLeaks(OUTPUT)
  const leaked = leaks.slice(0, MAX_SHOWN_LEAKS).map((leak) => `Leaked: ${leak}`)
  // A suite whose services wrote nothing has not been looked through.
  if (!isPart && lines === 0) leaked.push('No output of any service was kept')

  for (const failure of readFailures(results).slice(0, MAX_REPEATED_FAILURES)) console.log(failure)
  for (const leak of leaked) console.error(leak)
  if (unloaded.length > 0) console.error(`No test loads ${unloaded.join(', ')}`)
  if (code !== 0 && counts.failed === 0) console.error(`Exit code ${code} though no test failed: see above`)
  console.log(summaryLine(counts))
  const isGreen = counts.passed > 0 && counts.failed === 0 && unloaded.length === 0 && leaked.length === 0
  process.exitCode = code || (isGreen ? 0 : 1)
}

function namesTests(argument: string): boolean {
  return !argument.startsWith('-') && relative('.', argument).startsWith('test')
}

/** What kept the tests from running; tap's place in the exit code. */
function report(error: unknown): number {
  console.error(error)
  return 1
}

/** Runs `work` with DynamoDB Local's address in the environment. Without Java, and not in CI, its tests are skipped. */
async function withStore<T>(work: () => Promise<T>): Promise<T> {
  if (process.env.DYNAMODB_LOCAL_ENDPOINT) return work()
  if (!process.env.CI && !hasJava()) {
    console.error('No Java runtime: the tests on DynamoDB Local are skipped')
    return work()
  }
  const store = await startDynamoDBLocal()
  process.env.DYNAMODB_LOCAL_ENDPOINT = store.endpoint
  try {
    return await work()
  } finally {
    await store.stop()
  }
}

/**
 * Runs tap and returns its exit code, leaving its TAP output in the file `results`. On a terminal tap writes that file
 * beside its own report. Elsewhere its report is the TAP output, which it would then print twice: it is copied here.
 */
async function tap(args: string[], results?: string): Promise<number> {
  const ownReport = process.stdout.isTTY || args.some(namesReporter)
  if (!results) return exitCode(spawn(process.execPath, [TAP, ...args], { stdio: 'inherit' }))
  if (ownReport) return tap([...args, `--output-file=${results}`])

  const child = spawn(process.execPath, [TAP, ...args, '--reporter=tap'], {
    stdio: ['inherit', 'pipe', 'inherit'],
  })
  child.stdout.pipe(process.stdout)
  const [code] = await Promise.all([exitCode(child), pipeline(child.stdout, createWriteStream(results))])
  return code
}

async function exitCode(child: ChildProcess): Promise<number> {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal))
  const [code] = (await once(child, 'close')) as [number | null]
  return code ?? 1
}

function namesReporter(argument: string): boolean {
  return argument.startsWith('-R') || argument.startsWith('--reporter')
}

await main(process.argv.slice(2))
