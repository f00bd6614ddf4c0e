import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import type { Part } from './parts.ts'

export interface Result {
  outcome: 'passed' | 'failed' | 'too long'
  seconds: number
  /** What it said about itself: how much was done, with which seed. */
  remarks: string[]
}

export interface Run {
  /** What the part is given; it has failed when it takes twice as long, and two minutes. */
  minutes: number
  seed: number
  /** Folder for what can be judged again. */
  histories: string
  /** File for its output. */
  log: string
}

const PROGRESS_MS = 60_000
const MAX_REMARKS = 12
/** What tests say of how much was done, and with which seed; the last line of a run; what benchmarks print. */
const REMARK =
  /^\s*# (.*(?:seed \d|\d events|\d walks|\d times asked|history is in).*)$|^(\d+ passed, \d+ failed|\d+ process\(es\).*)$/

/** Runs one part to its end, or ends it, and everything it started, when it takes too long. */
export async function runPart(part: Part, { minutes, seed, histories, log }: Run): Promise<Result> {
  const [command, ...args] = part.command(minutes)
  const size = part.size?.(minutes, seed) ?? {}
  const startedAt = Date.now()
  const secondsPassed = () => Math.round((Date.now() - startedAt) / 1000)
  console.log(`${part.name}: ${part.what}; about ${minutes.toFixed(1)} min`, size)

  const child = spawn(command === 'node' ? process.execPath : command, args, {
    env: { ...process.env, HISTORY_FOLDER: histories, ...asText(size) },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, so that all of it can be ended.
    detached: true,
  })
  const output = createWriteStream(log)
  child.stderr.pipe(output, { end: false })
  const logged = pipeline(child.stdout, output)
  const tooLong = AbortSignal.timeout(Math.ceil((2 * minutes + 2) * 60_000))
  tooLong.addEventListener('abort', () => {
    killGroup(child)
  })
  const progress = setInterval(() => {
    console.log(`${part.name}: ${secondsPassed()} s`)
  }, PROGRESS_MS)
  const stop = () => {
    killGroup(child)
    process.exit(1)
  }
  process.once('SIGINT', stop).once('SIGTERM', stop)
  const [code] = (await once(child, 'close')) as [number | null]
  await logged.catch(() => undefined)
  process.off('SIGINT', stop).off('SIGTERM', stop)
  clearInterval(progress)

  const outcome = tooLong.aborted && code !== 0 ? 'too long' : code === 0 ? 'passed' : 'failed'
  console.log(`${part.name}: ${outcome} after ${secondsPassed()} s`)
  const remarks = remarksOf(await readFile(log, 'utf8'))
  return {
    outcome,
    seconds: secondsPassed(),
    remarks: outcome === 'passed' ? remarks : [...remarks, `see ${log}`],
  }
}

function asText(size: Record<string, string | number>): Record<string, string> {
  return Object.fromEntries(Object.entries(size).map(([name, value]) => [name, String(value)]))
}

function killGroup({ pid, exitCode }: ChildProcess): void {
  if (pid !== undefined && exitCode === null) process.kill(-pid, 'SIGKILL')
}

function remarksOf(output: string): string[] {
  const remarks = output.split('\n').flatMap((line) => {
    const found = REMARK.exec(line)
    const remark = found?.[1] ?? found?.[2]
    return remark === undefined ? [] : [remark]
  })
  return remarks.slice(-MAX_REMARKS)
}
