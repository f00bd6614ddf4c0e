/**
 * What services write down (log lines, metrics, spans) must hold neither keys nor what clients sent. Support code keeps
 * all of it, and the runner looks through it at the end of the suite.
 */
import { appendFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Where the output of a run is kept; unset where nobody will look through it. */
export const OUTPUT_VARIABLE = 'SUITE_OUTPUT'

/** Stands in what test clients send: payloads and headers. */
export const CANARY = 'canary-1d9f7c52'
export const CANARY_HEADER = { 'x-canary': CANARY }

/** A secret of a key, or its hash: no other output has so many hexadecimal digits. */
const SECRET = /(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/

/** Keeps what a service wrote, of whatever kind it is. */
export function keepOutput(output: string | Buffer): void {
  const folder = process.env[OUTPUT_VARIABLE]
  if (folder !== undefined)
    appendFileSync(
      join(folder, `${process.pid}.txt`),
      `${typeof output === 'string' ? output : output.toString('latin1')}\n`,
    )
}

/** Keeps the log lines of a service's stdout: what it prints for people, such as the keys of a first run, is none. */
export function keepLines(stdout: string): void {
  keepOutput(
    stdout
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .join('\n'),
  )
}

function leaksIn(line: string): string[] {
  return [SECRET.test(line) ? 'a secret' : '', line.includes(CANARY) ? 'what a client sent' : ''].filter(
    Boolean,
  )
}

export interface SearchedOutput {
  lines: number
  /** One for each line with something in it that must not be there. */
  leaks: string[]
}

/** Looks through the files of a folder. */
export async function findLeaks(folder: string): Promise<SearchedOutput> {
  const found: SearchedOutput = { lines: 0, leaks: [] }
  for (const name of await readdir(folder)) {
    for (const line of (await readFile(join(folder, name), 'latin1')).split('\n')) {
      if (line !== '') found.lines++
      for (const what of leaksIn(line)) found.leaks.push(`${what} in ${line.slice(0, 2_000)}`)
    }
  }
  return found
}
