import { READ_EVENTS, type Endpoint, type Setting } from './endpoints.ts'
import { cpuUsOf, type Sample } from './load/job.ts'
import type { ServerProcess } from './server-process.ts'
import { progress, type Stage, type Turn } from './stage.ts'
import type { Variant } from './variants.ts'

export interface RoundsOptions {
  endpoints: Endpoint[]
  variants: readonly Variant[]
  rounds: number
  seconds: number
  warmUpSeconds: number
  connections: number
}

/** A sample with what it is of. Round 0 only warms up, and is not kept. */
export interface Measurement extends Sample {
  endpoint: string
  variant: Variant
  round: number
}

/** More than can be acknowledged in a second on any machine so far. What is left over serves the next turn. */
const MOST_PER_SECOND = 4_000

/** Events to read, and events to acknowledge. */
export async function openSetting({ fixture }: Stage): Promise<Setting> {
  return { fixture, eventIds: await fixture.fill('reads', READ_EVENTS), openIds: [] }
}

/** Makes sure that there are enough events for requests that use them up. */
async function refill({ fixture, openIds }: Setting, { warmUpMs, measuredMs }: Turn): Promise<void> {
  const missing = (MOST_PER_SECOND * (warmUpMs + measuredMs)) / 1000 - openIds.length
  if (missing > 0) openIds.push(...(await fixture.fill('acknowledges', missing)))
}

/** Who is measured, and with what. */
export interface Subject {
  endpoint: Endpoint
  variant: Variant
  server: ServerProcess
}

/** Measures one endpoint of one server once. */
export async function takeTurn(
  stage: Stage,
  setting: Setting,
  { endpoint, variant, server }: Subject,
  turn: Turn,
): Promise<Sample> {
  if (endpoint.usesUp) await refill(setting, turn)
  const sample = await stage.load(server, endpoint.load(setting, variant), turn)
  // Requests under way at the end may have used more than were counted.
  if (endpoint.usesUp) setting.openIds.splice(0, sample.used + turn.connections)
  return sample
}

/** Another one starts in each round, so that none is always first. */
const rotated = <Item>(items: readonly Item[], by: number) => [
  ...items.slice(by % items.length),
  ...items.slice(0, by % items.length),
]

function describe(sample: Sample): string {
  const { requests, seconds, p50, unexpected } = sample
  return (
    `${Math.round(requests / seconds)} requests/s, p50 ${p50.toFixed(2)} ms, ` +
    `${Math.round(cpuUsOf(sample))} µs CPU${unexpected > 0 ? `, ${unexpected} UNEXPECTED` : ''}`
  )
}

/** Measures every endpoint of every variant once a round, in another order each time, after a round to warm up. */
export async function measureRounds(
  stage: Stage,
  setting: Setting,
  servers: Map<Variant, ServerProcess>,
  { endpoints, variants, rounds, seconds, warmUpSeconds, connections }: RoundsOptions,
): Promise<Measurement[]> {
  const measurements: Measurement[] = []
  for (let round = 0; round <= rounds; round++) {
    for (const endpoint of endpoints) {
      for (const variant of rotated(variants, round)) {
        const server = servers.get(variant)
        if (!server || !endpoint.isAnsweredBy(variant)) continue
        const turn = { connections, warmUpMs: 1000 * warmUpSeconds, measuredMs: 1000 * (round ? seconds : 1) }
        const sample = await takeTurn(stage, setting, { endpoint, variant, server }, turn)
        if (round > 0) measurements.push({ ...sample, endpoint: endpoint.title, variant, round })
        const when = round === 0 ? 'warm-up' : `round ${round} of ${rounds}`
        progress(`${when}: ${endpoint.title}, ${variant}: ${describe(sample)}`)
      }
    }
  }
  return measurements
}
