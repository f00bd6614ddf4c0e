import { cpuUsOf } from '../load/job.ts'
import type { BenchOptions } from '../options.ts'
import { measureRounds, openSetting } from '../rounds.ts'
import type { ServerProcess } from '../server-process.ts'
import { onStage } from '../stage.ts'
import { median } from '../statistics.ts'
import { WATCHED, type Variant } from '../variants.ts'
import { toTable, verdict, whole, type Section } from './section.ts'

/** Each verb of one event; what answers many costs the same to watch. */
const ENDPOINTS = ['get', 'create', 'acknowledge']
/** Most that metrics, logs and tracing at 5 % may be of a request that has them. */
const MOST_SHARE = 0.15
/** Short turns and many of them: what the machine does meanwhile meets all alike. */
const SECONDS = 1
const ROUNDS = 12

/** What watching the service costs: metrics and logs, and traces on top. */
export async function measureWatching(options: BenchOptions): Promise<Section> {
  const endpoints = options.endpoints.filter(({ name }) => ENDPOINTS.includes(name))
  const measurements = await onStage(async (stage) => {
    const setting = await openSetting(stage)
    const servers = new Map<Variant, ServerProcess>()
    for (const variant of WATCHED) servers.set(variant, await stage.startVariant(variant))
    const turns = { variants: WATCHED, rounds: ROUNDS, seconds: SECONDS, warmUpSeconds: 0.5 }
    return measureRounds(stage, setting, servers, { ...options, ...turns, endpoints })
  })
  const rows = endpoints.flatMap(({ title }) =>
    WATCHED.map((variant) => {
      const of = (wanted: Variant) =>
        measurements.filter((one) => one.endpoint === title && one.variant === wanted).map(cpuUsOf)
      const bare = of('ours, unwatched')
      const mine = of(variant)
      return {
        endpoint: title,
        variant,
        cpuUs: median(mine),
        share: median(mine.map((cpu, round) => 1 - (bare[round] ?? NaN) / cpu)),
      }
    }),
  )
  const cells = rows.map(({ endpoint, variant, cpuUs, share }) => [
    endpoint,
    variant,
    whole(cpuUs),
    `${(100 * share).toFixed(1)} %`,
    variant === 'ours' ? `≤ ${100 * MOST_SHARE} % ${verdict(share <= MOST_SHARE)}` : '',
  ])
  return {
    title: 'What watching costs',
    text:
      'The part of a request’s CPU that goes into metrics, the log line and traces. “Ours” has all three, traces at 5 %; ' +
      `${options.connections} connections, medians of ${ROUNDS} rounds of ${SECONDS} s.\n\n` +
      toTable(['endpoint', 'variant', 'CPU µs', 'share', 'target'], cells),
    data: { rows, measurements },
  }
}
