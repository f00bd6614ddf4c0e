import type { BenchOptions } from '../options.ts'
import { measureRounds, openSetting } from '../rounds.ts'
import type { ServerProcess } from '../server-process.ts'
import { onStage } from '../stage.ts'
import { median } from '../statistics.ts'
import type { Variant } from '../variants.ts'
import { toTable, verdict, type Section } from './section.ts'

const COMPARED = ['floor', 'ours'] as const satisfies Variant[]
/** How much longer than the floor the service may take, in ms. */
const MOST_MS = 0.4

/** What one client alone waits for. */
export async function measureLatency(options: BenchOptions): Promise<Section> {
  const endpoints = options.endpoints.filter(({ isAnsweredBy }) => isAnsweredBy('floor'))
  const measurements = await onStage(async (stage) => {
    const setting = await openSetting(stage)
    const servers = new Map<Variant, ServerProcess>()
    for (const variant of COMPARED) servers.set(variant, await stage.startVariant(variant))
    return measureRounds(stage, setting, servers, {
      ...options,
      endpoints,
      variants: COMPARED,
      connections: 1,
    })
  })
  const rows = endpoints.map(({ title }) => {
    const p50 = (variant: Variant) =>
      median(
        measurements.filter((one) => one.endpoint === title && one.variant === variant).map(({ p50 }) => p50),
      )
    return { endpoint: title, floor: p50('floor'), ours: p50('ours') }
  })
  const cells = rows.map(({ endpoint, floor, ours }) => [
    endpoint,
    floor.toFixed(2),
    ours.toFixed(2),
    (ours - floor).toFixed(2),
    verdict(ours - floor <= MOST_MS),
  ])
  return {
    title: 'Latency of a client alone',
    text:
      `One connection; p50 in ms, medians of ${options.rounds} rounds. At most ${MOST_MS} ms above the floor.\n\n` +
      toTable(['endpoint', 'floor', 'ours', 'difference', 'target'], cells),
    data: { rows, measurements },
  }
}
