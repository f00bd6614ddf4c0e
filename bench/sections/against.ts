import { join, resolve } from 'node:path'
import { cpuUsOf } from '../load/job.ts'
import type { BenchOptions } from '../options.ts'
import { measureRounds, openSetting } from '../rounds.ts'
import type { ServerProcess } from '../server-process.ts'
import { onStage } from '../stage.ts'
import { median } from '../statistics.ts'
import type { Variant } from '../variants.ts'
import { toTable, whole, type Section } from './section.ts'

const COMPARED = ['ours, before', 'ours'] as const satisfies Variant[]
/** Many short turns, so that what the machine does meanwhile meets both alike. */
const TURNS = { variants: COMPARED, rounds: 8, seconds: 1, warmUpSeconds: 0.5 }

/** What requests cost beside the service of another checkout: what a change has gained, whatever the machine. */
export async function measureAgainst(options: BenchOptions): Promise<Section> {
  const { endpoints, connections } = options
  const script = join(resolve(options.against ?? ''), 'src/server.ts')
  const measurements = await onStage(async (stage) => {
    const setting = await openSetting(stage)
    const servers = new Map<Variant, ServerProcess>()
    servers.set('ours, before', await stage.startVariant('ours, before', (now) => ({ ...now, script })))
    servers.set('ours', await stage.startVariant('ours'))
    return measureRounds(stage, setting, servers, { endpoints, connections, ...TURNS })
  })
  const rows = endpoints.map(({ title }) => {
    const of = (wanted: Variant) =>
      measurements.filter((one) => one.endpoint === title && one.variant === wanted)
    const [before, now] = [of('ours, before').map(cpuUsOf), of('ours').map(cpuUsOf)]
    const ratios = now.map((cpu, round) => cpu / (before[round] ?? NaN))
    return { endpoint: title, before: median(before), now: median(now), ratio: median(ratios) }
  })
  const cells = rows.map(({ endpoint, before, now, ratio }) => [
    endpoint,
    whole(before),
    whole(now),
    `${ratio.toFixed(2)}×`,
  ])
  return {
    title: 'Beside another checkout',
    text:
      `CPU µs of a request; ${connections} connections, both with the same options, medians of ${TURNS.rounds} rounds of ` +
      `${TURNS.seconds} s in which they take turns. The ratio is that of each round.\n\n` +
      toTable(['endpoint', 'before', 'now', 'now / before'], cells),
    data: { rows, measurements },
  }
}
