import { createReadStream } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import type { FinalEvent, History, Operation } from './history.ts'

type Line = { maxAttempts: number } | { operation: Operation } | { final: FinalEvent }

/** Keeps a history as JSON lines, so that a run can be judged again: `node test/support/history/recheck.ts FILE`. */
export async function writeHistory(file: string, history: History): Promise<void> {
  const lines: Line[] = [
    { maxAttempts: history.maxAttempts },
    ...history.operations.map((operation) => ({ operation })),
    ...history.final.map((final) => ({ final })),
  ]
  await writeFile(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
}

/** Reads what `writeHistory` kept. */
export async function readHistory(file: string): Promise<History> {
  const history: History = { operations: [], final: [], maxAttempts: Infinity }
  for await (const text of createInterface(createReadStream(file))) {
    const line = JSON.parse(text) as Line
    if ('operation' in line) history.operations.push(line.operation)
    else if ('final' in line) history.final.push(line.final)
    else history.maxAttempts = line.maxAttempts
  }
  return history
}
