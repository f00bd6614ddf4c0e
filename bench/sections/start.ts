import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startServer, type Command } from '../server-process.ts'
import { onStage } from '../stage.ts'
import { median } from '../statistics.ts'
import { commandOf } from '../variants.ts'
import { toTable, verdict, type Section } from './section.ts'

const ROUNDS = 7

/** @returns The ms from starting the process to its first answer. */
async function timeStart(command: Command): Promise<number> {
  const startedAt = performance.now()
  const server = await startServer(command)
  const { ok } = await fetch(`${server.url}/ready`)
  const ms = performance.now() - startedAt
  await server.stop()
  if (!ok) throw new Error('The first answer was not a good one')
  return ms
}

/** From `node src/server.ts` to the first answer. */
export async function measureStart(): Promise<Section> {
  const folder = await mkdtemp(join(tmpdir(), 'triggers-bench-'))
  const rows = await onStage(async ({ fixture, sink }) => {
    const kinds = [
      { name: 'without tracing', mostMs: 1_000, command: commandOf('ours, no tracing', fixture, sink) },
      { name: 'with tracing', mostMs: 1_800, command: commandOf('ours', fixture, sink) },
      {
        name: 'with the embedded store',
        mostMs: 2_500,
        command: { script: 'src/server.ts', environment: { PORT: '0', DATA_FOLDER: folder } },
      },
    ]
    const times = kinds.map((): number[] => [])
    for (let round = 0; round < ROUNDS; round++) {
      for (const [n, { command }] of kinds.entries()) times[n]?.push(await timeStart(command))
    }
    return kinds.map(({ name, mostMs }, n) => ({ name, mostMs, times: times[n] ?? [] }))
  })
  await rm(folder, { recursive: true })
  const cells = rows.map(({ name, mostMs, times }) => [
    name,
    String(Math.round(median(times))),
    `≤ ${mostMs} ${verdict(median(times) <= mostMs)}`,
  ])
  return {
    title: 'Start',
    text:
      `ms from starting the process to its first answer, medians of ${ROUNDS}.\n\n` +
      toTable(['', 'ms', 'target'], cells),
    data: rows,
  }
}
