import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Fixture } from '../../bench/fixture.ts'
import { commandOf, type Variant } from '../../bench/variants.ts'
import type { HeapState } from './heap-probe.ts'

const ROOT = join(import.meta.dirname, '../..')
const LISTENING = /listening at (http:[^"]+)/

export interface ProbedService {
  url: string
  /** Tells what is on the heap, after a collection of all of it or as it is. */
  ask(question: 'collect' | 'look'): Promise<HeapState>
  stop(): void
}

/** Starts the service as the benchmark does, with a young generation of that size in MB and something that looks at its heap. */
export async function startProbedService(
  fixture: Fixture,
  endpoint: string,
  variant: Variant,
  semiSpaceMb: number,
): Promise<ProbedService> {
  const { script, environment } = commandOf(variant, fixture, endpoint)
  const child = fork(join(ROOT, script), {
    env: { PATH: process.env['PATH'], ...environment, METRICS_SINK: 'none' },
    execArgv: [
      '--expose-gc',
      `--max-semi-space-size=${semiSpaceMb}`,
      // As large from the start: it would grow only by what survives.
      `--min-semi-space-size=${semiSpaceMb}`,
      '--import',
      join(import.meta.dirname, 'heap-probe.ts'),
    ],
    silent: true,
  })
  let head = ''
  child.stdout?.on('data', (chunk: Buffer) => (head += head.length < 10_000 ? chunk.toString() : ''))
  while (!LISTENING.test(head)) await once(child.stdout!, 'data')
  return {
    url: LISTENING.exec(head)?.[1] ?? '',
    ask: async (question) => {
      child.send(question)
      return ((await once(child, 'message')) as [HeapState])[0]
    },
    stop: () => void child.kill('SIGKILL'),
  }
}
